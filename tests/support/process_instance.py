"""One process instance, as a test looks at it."""

import dataclasses
from typing import Any

from catalyst_groq.domain.variables import Encoder
from catalyst_groq.sandbox.process_client import ProcessClient, wait_for

PATIENCE = 20.0
"""Seconds for the worker to bring an instance to where a test expects it."""


@dataclasses.dataclass
class Instance:
    process_client: ProcessClient
    id: str
    patience: float = PATIENCE

    def task(self) -> str:
        """Wait for the next user task; an incident instead is shown by the failure message."""
        seen = wait_for(
            "a user task",
            lambda: self.process_client.user_task(self.id) or self.process_client.incidents(self.id),
            timeout=self.patience,
        )
        assert isinstance(seen, str), f"incident: {seen}"
        return seen

    def incident(self) -> str:
        """Wait for an incident; a user task instead is shown by the failure message."""
        seen = wait_for(
            "an incident",
            lambda: self.process_client.incidents(self.id) or self.process_client.user_task(self.id),
            timeout=self.patience,
        )
        assert isinstance(seen, list), f"user task: {seen}"
        return seen[0]

    def rest(self) -> str:
        """Wait until the worker has no more to do with it; returns the user task or the incident it rests at."""

        def looked() -> str | None:
            return self.process_client.user_task(self.id) or next(iter(self.process_client.incidents(self.id)), None)

        return wait_for("a user task or an incident", looked, timeout=self.patience)

    def error_details(self) -> str:
        """What its failed task tells beyond the message of the incident."""
        [task] = self.process_client.external_tasks(self.id)
        return self.process_client.http.get(f"/external-task/{task['id']}/errorDetails").raise_for_status().text

    def failed_task(self) -> dict[str, Any]:
        """Wait until a failure is reported, and return the external task."""

        def failed() -> list[dict[str, Any]]:
            return [task for task in self.process_client.external_tasks(self.id) if task["errorMessage"]]

        return wait_for("a failure", failed, timeout=self.patience)[0]

    def state(self) -> str:
        return self.process_client.state(self.id)

    def variables(self) -> dict[str, Any]:
        return self.process_client.variables(self.id)

    def typed_variables(self) -> dict[str, dict[str, Any]]:
        return self.process_client.typed_variables(self.id)

    def form_variables(self) -> dict[str, Any]:
        """What the form of the current user task is given."""
        task = self.process_client.get("/task", processInstanceId=self.id)[0]
        return self.process_client.get(f"/task/{task['id']}/form-variables")


def start(
    process_client: ProcessClient, made: tuple[str, str], typed: dict[str, Any] | None = None, **variables: Any
) -> Instance:
    """Deploy a diagram and start one instance of it."""
    key, xml = made
    process_client.deploy_texts({f"{key}.bpmn": xml})
    return Instance(process_client, process_client.start_typed(key, Encoder().encode_all(variables) | (typed or {})))
