"""One process instance under test."""

import dataclasses
from typing import Any

from catalyst_groq.domain.variables import Encoder
from catalyst_groq.sandbox.process_client import ProcessClient, wait_for

TIMEOUT_SECONDS = 20.0
"""How long a test waits for the worker to bring an instance to the expected state."""


@dataclasses.dataclass
class Instance:
    process_client: ProcessClient
    id: str
    timeout_seconds: float = TIMEOUT_SECONDS

    def task(self) -> str:
        """Wait for the next user task. An incident instead fails the test with its message."""
        state = wait_for(
            "a user task",
            lambda: self.process_client.user_task(self.id) or self.process_client.incidents(self.id),
            timeout=self.timeout_seconds,
        )
        assert isinstance(state, str), f"incident: {state}"
        return state

    def incident(self) -> str:
        """Wait for an incident. A user task instead fails the test with its name."""
        state = wait_for(
            "an incident",
            lambda: self.process_client.incidents(self.id) or self.process_client.user_task(self.id),
            timeout=self.timeout_seconds,
        )
        assert isinstance(state, list), f"user task: {state}"
        return state[0]

    def rest(self) -> str:
        """Wait for a user task or an incident, and return it."""

        def user_task_or_incident() -> str | None:
            return self.process_client.user_task(self.id) or next(iter(self.process_client.incidents(self.id)), None)

        return wait_for("a user task or an incident", user_task_or_incident, timeout=self.timeout_seconds)

    def error_details(self) -> str:
        """Return the error details of its failed task."""
        [task] = self.process_client.external_tasks(self.id)
        return self.process_client.http.get(f"/external-task/{task['id']}/errorDetails").raise_for_status().text

    def failed_task(self) -> dict[str, Any]:
        """Wait until a failure is reported, and return the external task."""

        def failed() -> list[dict[str, Any]]:
            return [task for task in self.process_client.external_tasks(self.id) if task["errorMessage"]]

        return wait_for("a failure", failed, timeout=self.timeout_seconds)[0]

    def state(self) -> str:
        return self.process_client.state(self.id)

    def variables(self) -> dict[str, Any]:
        return self.process_client.variables(self.id)

    def typed_variables(self) -> dict[str, dict[str, Any]]:
        return self.process_client.typed_variables(self.id)

    def form_variables(self) -> dict[str, Any]:
        """Return the variables of the current user task's form."""
        task = self.process_client.get("/task", processInstanceId=self.id)[0]
        return self.process_client.get(f"/task/{task['id']}/form-variables")


def start(
    process_client: ProcessClient, made: tuple[str, str], typed: dict[str, Any] | None = None, **variables: Any
) -> Instance:
    """Deploy a diagram and start one instance of it."""
    key, xml = made
    process_client.deploy_texts({f"{key}.bpmn": xml})
    return Instance(process_client, process_client.start_typed(key, Encoder().encode_all(variables) | (typed or {})))
