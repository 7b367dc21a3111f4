"""Prints what was deployed, and what became of the instance that was started."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console

from catalyst_groq.camunda.instances import Element, FailedAttempt
from catalyst_groq.commands.deploy import DeployReport
from catalyst_groq.commands.instance_outcome import InstanceOutcome, Situation
from catalyst_groq.commands.process_variables import order_names, value_text
from catalyst_groq.commands.tables import print_rows, print_text

MAX_VALUE_CHARS = 200
"""Of a variable in the table; JSON has all of it."""

Mask = Callable[[str], str]


def show_deployment(console: Console, report: DeployReport) -> None:
    """Print the deployment and its process definitions, and what the user should know."""
    deployment = report.deployment
    state = "deployed" if deployment.is_new else "unchanged since it was deployed"
    print_text(console, f"{deployment.name}: {state} (deployment {deployment.id})")
    for definition in deployment.definitions:
        tenant = f", tenant {definition.tenant}" if definition.tenant else ""
        print_text(console, f"  {definition.key}: version {definition.version}{tenant}")
    for note in report.notes:
        print_text(console, f"  {note}")
    if report.instance_id:
        print_text(console, f"Instance {report.instance_id} started.")


def show_attempts(console: Console, attempts: Sequence[FailedAttempt], mask: Mask) -> None:
    """Print the attempts that have failed while the command waits."""
    for attempt in attempts:
        left = f"{attempt.retries} left" if attempt.retries > 1 else "the last one follows"
        print_text(console, f"'{attempt.activity}' has failed, attempts: {left}. {mask(attempt.message)}")


def show_outcome(console: Console, outcome: InstanceOutcome, mask: Mask) -> None:
    """Print what became of an instance, and its variables."""
    for line in _describe(outcome):
        print_text(console, mask(line))
    rows = [
        (name, str(typed.get("type")), mask(value_text(typed)))
        for name, typed in ((name, outcome.variables[name]) for name in order_names(outcome.variables))
    ]
    if rows:
        print_rows(console, ("variable", "type", "value"), rows, folds_last=True, max_last_chars=MAX_VALUE_CHARS)


def to_json(report: DeployReport, mask: Mask) -> str:
    """Return the deployment, the instance and its outcome as a JSON object."""
    content: dict[str, Any] = {
        "deployment": report.deployment.id,
        "name": report.deployment.name,
        "isNew": report.deployment.is_new,
        "definitions": [
            {"id": entry.id, "key": entry.key, "version": entry.version, "tenant": entry.tenant or None}
            for entry in report.deployment.definitions
        ],
        "notes": report.notes,
        "instance": report.instance_id,
        "outcome": None if report.outcome is None else _outcome_as_json(report.outcome, mask),
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def _describe(outcome: InstanceOutcome) -> Iterator[str]:
    match outcome.situation:
        case Situation.ENDED:
            events = f" at {_names(outcome.end_events[:1])}" if outcome.end_events else ""
            yield f"Ended{events}: {outcome.end_state}."
        case Situation.USER_TASK:
            yield f"Waits for a person: {_names(outcome.user_tasks)}. Complete it in Tasklist."
        case Situation.INCIDENT:
            for incident in outcome.incidents:
                yield f"Incident at '{incident.activity}': {incident.message}"
                yield from (f"  {line}" for line in incident.details.splitlines())
        case Situation.RUNNING if outcome.unlocked_tasks:
            for task in outcome.unlocked_tasks:
                yield f"'{task.activity}' waits for a worker of the topic {task.topic}: is one running?"
        case Situation.RUNNING:
            yield "Still running: neither an end, nor an incident, nor a user task. Look at it in Cockpit."


def _names(elements: Sequence[Element]) -> str:
    return ", ".join(f"'{element.name}' ({element.id})" if element.name else element.id for element in elements)


def _outcome_as_json(outcome: InstanceOutcome, mask: Mask) -> dict[str, Any]:
    return {
        "situation": outcome.situation.value,
        "state": outcome.end_state or None,
        "endEvents": _as_json(outcome.end_events),
        "userTasks": _as_json(outcome.user_tasks),
        "unlockedTasks": [task._asdict() for task in outcome.unlocked_tasks],
        "incidents": [
            {"activity": entry.activity, "message": mask(entry.message), "details": mask(entry.details)}
            for entry in outcome.incidents
        ],
        "variables": {
            name: {"type": typed.get("type"), "value": _masked(typed.get("value"), mask)}
            for name, typed in sorted(outcome.variables.items())
        },
    }


def _masked(value: Any, mask: Mask) -> Any:
    return mask(value) if isinstance(value, str) else value


def _as_json(elements: Sequence[Element]) -> list[Mapping[str, str]]:
    return [element._asdict() for element in elements]
