"""A client of the engine's REST API for processes: deploys, starts instances, completes user tasks, reads results."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx

from catalyst_groq.domain.variables import Encoder, decode
from catalyst_groq.errors import SandboxError

T = TypeVar("T")
POLL_INTERVAL_SECONDS = 0.05


class ProcessClient:
    """Client of one engine, for the demo and for tests. Its methods raise `httpx.HTTPStatusError`."""

    def __init__(self, rest_url: str) -> None:
        self.http = httpx.Client(base_url=rest_url, timeout=30, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def deploy(self, *files: Path) -> str:
        """Deploy diagrams and forms in one deployment. Returns the deployment id."""
        return self.deploy_texts({file.name: file.read_text(encoding="utf-8") for file in files})

    def deploy_texts(self, texts: Mapping[str, str]) -> str:
        """Deploy files given as texts by file name. Returns the deployment id."""
        name = next(iter(texts))
        files = {name: (name, text) for name, text in texts.items()}
        return str(self._post("/deployment/create", data={"deployment-name": name}, files=files)["id"])

    def start(self, process_key: str, variables: Mapping[str, Any] | None = None) -> str:
        """Start an instance with variables as Python values. Returns its id."""
        return self.start_typed(process_key, Encoder().encode_all(variables or {}))

    def start_typed(self, process_key: str, variables: Mapping[str, Any]) -> str:
        """Start an instance with typed variables, as the REST API takes them. Returns its id."""
        return str(self._post(f"/process-definition/key/{process_key}/start", json={"variables": variables})["id"])

    def user_tasks(self, instance_id: str) -> list[Mapping[str, Any]]:
        """Return the user tasks that wait in the instance: their `id`, `taskDefinitionKey` and `name`."""
        return list(self.get("/task", processInstanceId=instance_id))

    def complete(self, task: Mapping[str, Any], variables: Mapping[str, Any]) -> None:
        """Complete one user task of `user_tasks`."""
        self._post(f"/task/{task['id']}/complete", json={"variables": Encoder().encode_all(variables)})

    def user_task(self, instance_id: str) -> str | None:
        """Return the id of the instance's current user task, or None."""
        tasks = self.user_tasks(instance_id)
        return str(tasks[0]["taskDefinitionKey"]) if tasks else None

    def complete_user_task(self, instance_id: str, variables: Mapping[str, Any] | None = None) -> None:
        """Complete the instance's current user task."""
        self.complete(self.user_tasks(instance_id)[0], variables or {})

    def variables(self, instance_id: str) -> dict[str, Any]:
        """Return the process variables as Python values. They come from history, so the instance may have ended."""
        return {name: decode(typed) for name, typed in self.typed_variables(instance_id).items()}

    def typed_variables(self, instance_id: str) -> dict[str, dict[str, Any]]:
        """Return the typed process variables from history, by name."""
        query = {"processInstanceId": instance_id, "deserializeValues": "false"}
        return {entry["name"]: entry for entry in self.get("/history/variable-instance", **query)}

    def state(self, instance_id: str) -> str:
        """Return the state from history, such as ACTIVE, COMPLETED or EXTERNALLY_TERMINATED."""
        return str(self.get(f"/history/process-instance/{instance_id}")["state"])

    def incidents(self, instance_id: str) -> list[str]:
        """Return the messages of the instance's open incidents."""
        return [str(incident["incidentMessage"]) for incident in self.get("/incident", processInstanceId=instance_id)]

    def external_tasks(self, instance_id: str) -> list[dict[str, Any]]:
        """Return the instance's external tasks: retries, lock, error message."""
        return list(self.get("/external-task", processInstanceId=instance_id))

    def get(self, path: str, **query: str) -> Any:
        """Send a GET request to the REST API and return its JSON body."""
        return self.http.get(path, params=query).raise_for_status().json()

    def _post(self, path: str, **content: Any) -> Any:
        response = self.http.post(path, **content).raise_for_status()
        return response.json() if response.content else None


def wait_for(description: str, check: Callable[[], T], *, timeout: float) -> T:
    """Call `check` until it returns a true value, and return that. Raises `SandboxError` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not (result := check()):
        if time.monotonic() > deadline:
            raise SandboxError(f"Timed out after {timeout:.0f} s waiting for {description}")
        time.sleep(POLL_INTERVAL_SECONDS)
    return result
