"""Runs planted mistakes on a real engine, all at once, and looks at what each task says."""

import re
import time
from collections.abc import Mapping
from typing import Any

import httpx

from catalyst_groq.domain.variables import Encoder
from catalyst_groq.sandbox.process_client import ProcessClient
from support.lint_diagrams import VARIABLES, process_around
from support.planted_mistakes.mistake import ACTIVE, COMPLETED, Mistake, Place, Shown
from support.worker_process import WorkerProcess

POLL_INTERVAL_SECONDS = 0.3
WARNING = " WARNING "
PROCESS = '<bpmn:process id="test"'
BEGIN_AT_TASK = [{"type": "startBeforeActivity", "activityId": "Ask"}]
LIST_OF_TEXTS = {
    "objectTypeName": "java.util.ArrayList<java.lang.String>",
    "serializationDataFormat": "application/json",
}
TYPED_VARIABLES: dict[str, Any] = {
    **Encoder().encode_all({**{name: name for name in VARIABLES}, "topic": "catalyst-groq"}),
    "items": {"type": "Object", "value": '["one", "two"]', "valueInfo": LIST_OF_TEXTS},
    "recording": {"type": "File", "value": "SUQz", "valueInfo": {"filename": "a.mp3", "mimeType": "audio/mpeg"}},
}


class MistakeRunner:
    """Deploys mistakes, starts an instance of each, and looks at what comes of it."""

    def __init__(self, client: ProcessClient, worker: WorkerProcess, mistakes: Mapping[str, Mistake]) -> None:
        self._client = client
        self._worker = worker
        self._mistakes = mistakes
        self._keys = {name: f"mistake-{number}" for number, name in enumerate(mistakes)}
        self._instances: dict[str, str] = {}
        self._shown: dict[str, Shown] = {}

    def run(self, seconds: float) -> dict[str, Shown]:
        """Return how each mistake shows. One that nothing shows by then has no word, but the state of its instance."""
        refused = [
            name
            for name, mistake in self._mistakes.items()
            if mistake.shown and mistake.shown.place is Place.DEPLOYMENT
        ]
        self._client.deploy_texts(
            {f"{self._keys[name]}.bpmn": self._xml(name) for name in self._keys if name not in refused}
        )
        for name in self._mistakes:
            if name in refused:
                self._shown[name] = self._refusal_of(name)
            else:
                self._instances[name] = self._start(name)
        deadline = time.monotonic() + seconds
        while self._are_awaited() and time.monotonic() < deadline:
            time.sleep(POLL_INTERVAL_SECONDS)
            self._look()
        states = {name: Shown(Place.NOTHING, self._client.state(id_)) for name, id_ in self._instances.items()}
        return states | self._shown

    def _xml(self, name: str) -> str:
        return process_around(self._mistakes[name].inside).replace(PROCESS, f'<bpmn:process id="{self._keys[name]}"')

    def _refusal_of(self, name: str) -> Shown:
        try:
            self._client.deploy_texts({f"{self._keys[name]}.bpmn": self._xml(name)})
        except httpx.HTTPStatusError as error:
            return Shown(Place.DEPLOYMENT, str(error.response.json()["message"]))
        return Shown(Place.NOTHING, "deployed")

    def _start(self, name: str) -> str:
        body = {"variables": TYPED_VARIABLES, "startInstructions": BEGIN_AT_TASK}
        response = self._client.http.post(f"/process-definition/key/{self._keys[name]}/start", json=body)
        assert response.is_success, f"{name}: {response.text}"
        return str(response.json()["id"])

    def _are_awaited(self) -> bool:
        """Whether anything has not come to an end that is not expected to wait forever."""
        waiting = {name for name, mistake in self._mistakes.items() if mistake.shown and mistake.shown.text == ACTIVE}
        return bool(self._instances.keys() - self._shown.keys() - waiting)

    def _look(self) -> None:
        ids = ",".join(self._instances.values())
        incidents = self._client.get("/incident", processDefinitionKeyIn=",".join(self._keys.values()))
        messages = {incident["processInstanceId"]: str(incident["incidentMessage"]) for incident in incidents}
        finished = self._client.get("/history/process-instance", processInstanceIds=ids, finished="true")
        ended = {instance["id"] for instance in finished}
        for name, instance in self._instances.items():
            if name not in self._shown and instance in messages:
                self._shown[name] = Shown(Place.INCIDENT, messages[instance])
            elif name not in self._shown and instance in ended:
                self._shown[name] = self._describe_end(name, instance)

    def _describe_end(self, name: str, instance: str) -> Shown:
        warnings = [line for line in self._worker.log.splitlines() if WARNING in line]
        own = "\n".join(line for line in warnings if re.search(rf"\b{self._keys[name]}[:/]", line))
        if error := self._client.variables(instance).get("catalyst_error"):
            return Shown(Place.BPMN_ERROR, own or str(error))
        expected = self._mistakes[name].shown
        if not own and expected and expected.place is Place.LOG:  # a retired model is logged once for all tasks
            own = "\n".join(line for line in warnings if expected.text in line)
        return Shown(Place.LOG, own) if own else Shown(Place.NOTHING, COMPLETED)
