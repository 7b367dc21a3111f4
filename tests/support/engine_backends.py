"""Creates tasks and shows their state, with the same interface for the fake engine and a real one."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from catalyst_groq.domain.variables import Encoder, TypedValueDto
from support.contract_diagram import Diagram
from support.engine_rules import Task
from support.fake_engine import DEFINITION_ID, FakeEngine
from support.worker_harness import wait_until


@dataclass(frozen=True, slots=True)
class CreatedTask:
    """The ids of a task that a test created."""

    task_id: str
    instance_id: str
    definition_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskState:
    """The state of a created task. Times are the engine's texts; they can be compared."""

    waits_at: str
    """`Ask` (the task itself), `Review` (completed), `Caught` (a BPMN error); empty when the instance is gone."""
    variables: Mapping[str, TypedValueDto]
    incident: str | None = None
    worker_id: str | None = None
    retries: int | None = None
    locked_until: str = ""
    error_message: str | None = None
    error_details: str = ""


class EngineBackend(Protocol):
    """One engine, fake or real."""

    short_lock_seconds: float
    """A lock duration that is longer than any delay of a busy machine."""

    @property
    def rest_url(self) -> str: ...

    async def create_task(
        self,
        topic: str,
        *,
        variables: Mapping[str, TypedValueDto] | None = None,
        properties: Mapping[str, str] | None = None,
        priority: int = 0,
        retries: int | None = None,
        next_step_fails: bool = False,
        called: bool = False,
    ) -> CreatedTask:
        """Let a process arrive at an external task; `called`: as a call activity of another process."""

    async def get_state(self, created: CreatedTask) -> TaskState: ...

    async def cancel_instance(self, created: CreatedTask) -> None:
        """Delete the process instance."""

    async def wait_for_poll(self) -> None:
        """Return when a poll that was sent waits in the engine."""


class FakeEngineBackend:
    """Tasks of the fake engine."""

    short_lock_seconds = 0.9

    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine

    @property
    def rest_url(self) -> str:
        return self.engine.rest_url

    async def create_task(self, topic, *, variables=None, properties=None, **kind) -> CreatedTask:
        task = Task(topic=topic, variables=dict(variables or {}), extension_properties=properties or {}, **kind)
        self.engine.create(task)
        return CreatedTask(task.id, task.process_instance_id, DEFINITION_ID)

    async def get_state(self, created: CreatedTask) -> TaskState:
        task = self.engine.tasks.all[created.task_id]
        if task.waits_at != "Ask":
            return TaskState(waits_at=task.waits_at, variables=task.variables)
        return TaskState(
            waits_at="Ask",
            variables=task.variables,
            incident=task.incident,
            worker_id=task.worker_id,
            retries=task.retries,
            locked_until=str(task.locked_until or ""),
            error_message=task.error_message,
            error_details=task.error_details,
        )

    async def cancel_instance(self, created: CreatedTask) -> None:
        self.engine.tasks.all[created.task_id].waits_at = ""

    async def wait_for_poll(self) -> None:
        await wait_until(lambda: self.engine.waiting_polls)


class RealEngineBackend:
    """Tasks of process instances on a real engine; `clean_up()` deletes all deployments."""

    short_lock_seconds = 1.5

    def __init__(self, rest: httpx.AsyncClient) -> None:
        self._rest = rest
        self._keys: dict[Diagram, str] = {}
        self._deployments: list[str] = []

    @property
    def rest_url(self) -> str:
        return str(self._rest.base_url).rstrip("/")

    async def create_task(
        self, topic, *, variables=None, properties=None, retries=None, called=False, **kind
    ) -> CreatedTask:
        key = await self._deploy_once(Diagram(topic=topic, properties=tuple((properties or {}).items()), **kind))
        root = await self.start(f"{key}-caller" if called else key, variables or {})
        instance = await self._called_instance(root) if called else root
        # From the history, because a running worker may already have completed the task.
        [log] = await self._get("/history/external-task-log", processInstanceId=instance, creationLog="true")
        task_id = log["externalTaskId"]
        if retries is not None:
            (await self._rest.put(f"/external-task/{task_id}/retries", json={"retries": retries})).raise_for_status()
        return CreatedTask(task_id, instance, log["processDefinitionId"])

    async def get_state(self, created: CreatedTask) -> TaskState:
        # Queried in reverse order of creation, so that an incident comes with its retries and variables.
        incidents = await self._get("/incident", processInstanceId=created.instance_id)
        tree = await self._rest.get(f"/process-instance/{created.instance_id}/activity-instances")
        if tree.status_code == httpx.codes.NOT_FOUND:
            return TaskState(waits_at="", variables={})
        [leaf] = tree.raise_for_status().json()["childActivityInstances"]
        variables = await self._get(f"/process-instance/{created.instance_id}/variables", deserializeValues="false")
        if leaf["activityId"] != "Ask":
            return TaskState(waits_at=leaf["activityId"], variables=variables)
        details = await self._rest.get(f"/external-task/{created.task_id}/errorDetails")
        task = await self._rest.get(f"/external-task/{created.task_id}")
        if task.status_code == httpx.codes.NOT_FOUND:
            return await self.get_state(created)
        body = task.raise_for_status().json()
        return TaskState(
            waits_at="Ask",
            variables=variables,
            incident=incidents[0]["incidentMessage"] if incidents else None,
            worker_id=body["workerId"],
            retries=body["retries"],
            locked_until=body["lockExpirationTime"] or "",
            error_message=body["errorMessage"],
            error_details=details.text,
        )

    async def cancel_instance(self, created: CreatedTask) -> None:
        (await self._rest.delete(f"/process-instance/{created.instance_id}")).raise_for_status()

    async def wait_for_poll(self) -> None:
        # A real engine does not show its waiting polls, but after some further requests an earlier one has arrived.
        for _ in range(3):
            await self._get("/external-task/count")

    async def deploy(self, key: str, bpmn: str) -> None:
        """Deploy a diagram; `clean_up()` deletes it."""
        files = {f"{key}.bpmn": (f"{key}.bpmn", bpmn)}
        response = await self._rest.post("/deployment/create", data={"deployment-name": key}, files=files)
        self._deployments.append(response.raise_for_status().json()["id"])

    async def start(self, key: str, variables: Mapping[str, TypedValueDto]) -> str:
        """Start an instance and return its id."""
        started = await self._rest.post(f"/process-definition/key/{key}/start", json={"variables": variables})
        return str(started.raise_for_status().json()["id"])

    async def has_ended(self, instance_id: str) -> bool:
        """Whether an instance has completed."""
        return bool((await self._get(f"/history/process-instance/{instance_id}"))["state"] == "COMPLETED")

    async def clean_up(self) -> None:
        """Delete all deployments with their instances."""
        for deployment in self._deployments:
            (await self._rest.delete(f"/deployment/{deployment}?cascade=true")).raise_for_status()

    async def _deploy_once(self, diagram: Diagram) -> str:
        """Deploy the diagram if it is new, and return its process key."""
        if diagram not in self._keys:
            key = f"{diagram.topic}-{len(self._keys)}"
            await self.deploy(key, diagram.bpmn(key))
            self._keys[diagram] = key
        return self._keys[diagram]

    async def _called_instance(self, instance_id: str) -> str:
        [called] = await self._get("/process-instance", superProcessInstance=instance_id)
        return str(called["id"])

    async def _get(self, path: str, **query: str) -> Any:
        return (await self._rest.get(path, params=query)).raise_for_status().json()


@asynccontextmanager
async def real_backend(rest_url: str) -> AsyncIterator[RealEngineBackend]:
    """A backend on a running engine; all its deployments are deleted at the end."""
    async with httpx.AsyncClient(base_url=rest_url, timeout=30, trust_env=False) as rest:
        backend = RealEngineBackend(rest)
        try:
            yield backend
        finally:
            await backend.clean_up()


def typed(**values: Any) -> dict[str, TypedValueDto]:
    """Encode Python values as the REST API's typed variables."""
    return Encoder().encode_all(values)
