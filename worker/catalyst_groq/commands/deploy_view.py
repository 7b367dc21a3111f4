"""Prints what was deployed and started."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from rich.console import Console

from catalyst_groq.camunda.instances import FailedAttempt
from catalyst_groq.commands.deploy import DeployReport
from catalyst_groq.commands.outcome_view import outcome_as_json, variables_as_json
from catalyst_groq.commands.tables import print_text

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


def show_start(console: Console, instance_id: str) -> None:
    """Print that an instance has been started."""
    print_text(console, f"Instance {instance_id} started.")


def show_attempts(console: Console, attempts: Sequence[FailedAttempt], mask: Mask) -> None:
    """Print the attempts that have failed while the command waits."""
    for attempt in attempts:
        left = f"{attempt.retries} left" if attempt.retries > 1 else "the last one follows"
        print_text(console, f"'{attempt.activity}' has failed, attempts: {left}. {mask(attempt.message)}")


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
        "outcome": None,
    }
    if outcome := report.outcome:
        variables = variables_as_json(outcome.variables, mask)
        content["outcome"] = {**outcome_as_json(outcome, mask), "variables": variables}
    return json.dumps(content, indent=2, ensure_ascii=False)
