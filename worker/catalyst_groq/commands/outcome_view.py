"""Prints what became of process instances."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console

from catalyst_groq.camunda.instances import Element
from catalyst_groq.commands.instance_outcome import InstanceOutcome, Situation
from catalyst_groq.commands.process_variables import order_names, value_text
from catalyst_groq.commands.tables import count, print_rows, print_text
from catalyst_groq.common.texts import end_sentence
from catalyst_groq.domain.variables import TypedValueDto, decode

META_VARIABLE = "catalyst_meta"
MAX_VALUE_CHARS = 200
"""Of a variable in the table; JSON has all of it."""

MAX_OUTCOME_CHARS = 500
"""Of what became of one of several instances; JSON has all of it. Most messages with their remedies are shorter."""

INCIDENT_DETAILS = (
    "Its details (attempts, answer, request): beside it in Cockpit, or GET /external-task/{}/errorDetails."
)

Mask = Callable[[str], str]


def show_outcome(console: Console, outcome: InstanceOutcome, mask: Mask) -> None:
    """Print what became of an instance, and its variables."""
    for line in _describe(outcome):
        print_text(console, mask(line))
    for incident in outcome.incidents:
        if incident.details:
            print_text(console, INCIDENT_DETAILS.format(incident.task_id))
    rows = [
        (name, str(typed.get("type")), mask(value_text(typed)))
        for name, typed in ((name, outcome.variables[name]) for name in order_names(outcome.variables))
    ]
    if rows:
        print_rows(console, ("variable", "type", "value"), rows, folds_last=True, max_last_chars=MAX_VALUE_CHARS)
    for line in _describe_doubts(outcome.variables):
        print_text(console, mask(line))


def show_outcomes(
    console: Console, outcomes: Sequence[InstanceOutcome], processes: Mapping[str, str], mask: Mask
) -> None:
    """Print what became of instances, those that somebody has to look at last. `processes`: by instance its process."""
    if not outcomes:
        return
    ordered = sorted(outcomes, key=lambda outcome: not outcome.is_fine)
    rows = [
        (outcome.instance_id, processes[outcome.instance_id], mask(" ".join(_describe(outcome)))) for outcome in ordered
    ]
    print_rows(console, ("instance", "process", "outcome"), rows, folds_last=True, max_last_chars=MAX_OUTCOME_CHARS)
    numbers = Counter(outcome.situation for outcome in ordered)
    listed = ", ".join(f"{number:,} {situation}" for situation, number in numbers.items())
    print_text(console, f"{count(len(outcomes), 'instance')}: {listed}.")


def outcomes_as_json(
    outcomes: Sequence[InstanceOutcome], processes: Mapping[str, str], mask: Mask
) -> list[dict[str, Any]]:
    """Return what became of instances, each as an object."""
    return [
        {"instance": outcome.instance_id, "process": processes[outcome.instance_id], **outcome_as_json(outcome, mask)}
        for outcome in outcomes
    ]


def outcome_as_json(outcome: InstanceOutcome, mask: Mask) -> dict[str, Any]:
    """Return what became of an instance as a JSON object: without its variables, with all details of incidents."""
    return {
        "situation": outcome.situation.value,
        "problem": mask(outcome.problem) or None,
        "state": outcome.end_state or None,
        "endEvents": _elements_as_json(outcome.end_events, mask),
        "userTasks": _elements_as_json(outcome.user_tasks, mask),
        "unlockedTasks": [task._asdict() for task in outcome.unlocked_tasks],
        "incidents": [
            {
                "activity": entry.activity,
                "task": entry.task_id or None,
                "message": mask(entry.message),
                "details": mask(entry.details),
            }
            for entry in outcome.incidents
        ],
    }


def variables_as_json(variables: Mapping[str, TypedValueDto], mask: Mask) -> dict[str, Any]:
    """Return variables by name, with their types and whole values."""
    return {
        name: {"type": typed.get("type"), "value": _masked(typed.get("value"), mask)}
        for name, typed in sorted(variables.items())
    }


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
        case Situation.RUNNING if outcome.unlocked_tasks:
            for task in outcome.unlocked_tasks:
                yield f"'{task.activity}' waits for a worker of the topic {task.topic}: is one running?"
        case Situation.RUNNING:
            yield "Still running: neither an end, nor an incident, nor a user task. Look at it in Cockpit."
        case Situation.UNKNOWN:
            yield f"Unknown: {end_sentence(outcome.problem)}"


def _describe_doubts(variables: Mapping[str, TypedValueDto]) -> Iterator[str]:
    """Describe what may be a mistake although the last task has succeeded; see `catalyst_meta`."""
    meta = decode(variables.get(META_VARIABLE, {}))
    if not isinstance(meta, dict):
        return
    if unmapped := meta.get("unmapped"):
        yield f"Not in the answer: {', '.join(map(str, unmapped))}. Their paths in the Response Mapping lead nowhere."
    yield from map(str, meta.get("warnings") or ())


def _names(elements: Sequence[Element]) -> str:
    return ", ".join(f"'{element.name}' ({element.id})" if element.name else element.id for element in elements)


def _masked(value: Any, mask: Mask) -> Any:
    return mask(value) if isinstance(value, str) else value


def _elements_as_json(elements: Sequence[Element], mask: Mask) -> list[Mapping[str, str]]:
    return [{"id": element.id, "name": mask(element.name)} for element in elements]
