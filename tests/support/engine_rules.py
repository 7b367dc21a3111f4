"""The engine's rules for external tasks, without HTTP.

Statuses, exception types and messages are those of Camunda 7.24.
"""

import time
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from catalyst_groq.domain.variables import TypedValueDto

MAX_MESSAGE_CHARS = 666
MAX_STRING_CHARS = 4000
MAX_NAME_CHARS = 255
NEVER = 0.0
TYPES = {"Null", "String", "Integer", "Long", "Double", "Boolean", "Date", "Json", "Object", "File", "Bytes"}
INTEGER = range(-(2**31), 2**31)


class RestError(Exception):
    """The engine's error response."""

    def __init__(self, status: int, kind: str, message: str, code: int | None = 0) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"type": kind, "message": message, "code": code}


@dataclass(slots=True, kw_only=True)
class Task:
    """An external task, and the activity at which its process instance waits. Times are seconds since the epoch."""

    topic: str
    variables: dict[str, TypedValueDto] = field(default_factory=dict)
    extension_properties: Mapping[str, str] = field(default_factory=dict)
    priority: int = 0
    retries: int | None = None
    next_step_fails: bool = False
    called: bool = False
    suspended: bool = False
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    process_instance_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    create_time: float = field(default_factory=time.time)
    worker_id: str | None = None
    locked_until: float = NEVER
    error_message: str | None = None
    error_details: str = ""
    waits_at: str = "Ask"
    incident: str | None = None

    @property
    def is_locked(self) -> bool:
        """Whether the task is locked. A lock that has ended leaves its worker id."""
        return self.locked_until > time.time()


class ExternalTasks:
    """All external tasks of an engine. Every method raises `RestError`.

    `json_format`: whether the engine has Spin JSON. Durations are milliseconds, as in the REST API.
    """

    def __init__(self, *, json_format: bool = True) -> None:
        self.all: dict[str, Task] = {}
        self._json_format = json_format

    def fetch(
        self, worker_id: str, topics: Mapping[str, int], max_tasks: int, *, by_priority: bool, oldest_first: bool
    ) -> list[Task]:
        """Lock and return tasks that are free and have retries left; `topics` holds the lock duration of each.

        The engine guarantees no order unless one is requested, so here it is the newest first.
        """
        offered = [task for task in self.all.values() if task.topic in topics and self._is_offered(task)]
        offered.sort(key=lambda task: task.create_time, reverse=not oldest_first)
        if by_priority:
            offered.sort(key=lambda task: -task.priority)
        for task in offered[:max_tasks]:
            _lock(task, worker_id, topics[task.topic])
        return offered[:max_tasks]

    def complete(self, task_id: str, worker_id: str, variables: Mapping[str, TypedValueDto]) -> None:
        """Continue the process; it is rolled back when the next step fails."""
        self._check(variables)
        task = self._held_by(worker_id, task_id, "External Task {} cannot be completed")
        stored = self._store(variables)
        if task.next_step_fails:
            message = "Unknown property used in expression: ${obstacle}. Cause: Cannot resolve identifier 'obstacle'"
            raise RestError(500, "ProcessEngineException", message)
        self._continue(task, "Review", stored)

    def bpmn_error(
        self, task_id: str, worker_id: str, code: str, message: str, variables: Mapping[str, TypedValueDto]
    ) -> None:
        """Leave through the boundary event."""
        self._check(variables)
        task = self._held_by(worker_id, task_id, "Bpmn error of External Task {} cannot be reported")
        thrown = {"errorCode": {"type": "String", "value": code}, "errorMessage": {"type": "String", "value": message}}
        self._continue(task, "Caught", self._store(variables) | thrown)

    def failure(
        self,
        task_id: str,
        worker_id: str,
        message: str,
        details: str,
        *,
        retries: int,
        retry_timeout: int,
        variables: Mapping[str, TypedValueDto],
    ) -> None:
        """Lock the task for the retry timeout; without retries left there is an incident instead."""
        self._check(variables)
        task = self._held_by(worker_id, task_id, "Failure of External Task {} cannot be reported")
        if retries < 0:
            raise RestError(500, "ProcessEngineException", "retries is not greater than or equal to 0")
        task.variables |= self._store(variables)
        task.error_message, task.error_details = message[:MAX_MESSAGE_CHARS], details
        task.retries, task.locked_until = retries, time.time() + retry_timeout / 1000
        task.incident = None if retries else task.error_message

    def lock(self, task_id: str, worker_id: str, duration: int) -> None:
        """Lock again, unless another worker has the task locked."""
        task = self.get(task_id)
        if task.is_locked and task.worker_id != worker_id:
            raise _locked_by_another(f"External Task {task_id} cannot be locked", worker_id, task)
        _lock(task, worker_id, duration)

    def extend_lock(self, task_id: str, worker_id: str, duration: int) -> None:
        """Lock again, if the own lock has not ended."""
        task = self._held_by(worker_id, task_id, "The lock of the External Task {} cannot be extended")
        if not task.is_locked:
            message = f"Cannot extend a lock that expired: lockExpirationTime is not greater than or equal to {_now()}"
            raise RestError(400, "RestException", message)
        _lock(task, worker_id, duration)

    def unlock(self, task_id: str) -> None:
        """Unlock a task; the engine accepts that from any worker."""
        task = self.get(task_id)
        task.worker_id, task.locked_until = None, NEVER

    def get(self, task_id: str) -> Task:
        """Find a task that is still waiting for a worker."""
        task = self.all.get(task_id)
        if task is None or task.waits_at != "Ask":
            raise RestError(404, "RestException", f"External task with id {task_id} does not exist")
        return task

    def waiting(self) -> Collection[Task]:
        """Return the tasks that no worker has completed yet."""
        return [task for task in self.all.values() if task.waits_at == "Ask"]

    @staticmethod
    def _is_offered(task: Task) -> bool:
        return task.waits_at == "Ask" and not task.is_locked and task.retries != 0 and not task.suspended

    def _held_by(self, worker_id: str, task_id: str, refused: str) -> Task:
        """Find a task that the worker was the last to lock, whether or not that lock has ended."""
        task = self.get(task_id)
        if task.worker_id != worker_id:
            raise _locked_by_another(refused.format(task_id), worker_id, task)
        if task.suspended:
            raise RestError(400, "RestException", f"ENGINE-03043 ExternalTask with id '{task_id}' is suspended.")
        return task

    @staticmethod
    def _continue(task: Task, waits_at: str, variables: Mapping[str, TypedValueDto]) -> None:
        task.waits_at, task.incident = waits_at, None
        task.variables |= variables

    def _check(self, variables: Mapping[str, TypedValueDto]) -> None:
        """Check the variables as the REST API does before it calls the engine."""
        for typed in variables.values():
            kind, value = typed["type"], typed["value"]
            if kind not in TYPES or (kind == "Json" and not self._json_format):
                raise RestError(400, "RestException", f"Unsupported value type '{kind}'", None)
            if kind in {"Json", "Object"} and not isinstance(value, str | None):
                message = f"Must provide 'null' or String value for value of SerializableValue type '{kind}'."
                raise RestError(400, "InvalidRequestException", message, None)
            if kind == "Integer" and value not in INTEGER:
                message = f"Cannot convert value '{value}' of type 'Integer' to java type java.lang.Integer"
                raise RestError(400, "InvalidRequestException", message, None)

    def _store(self, variables: Mapping[str, TypedValueDto]) -> dict[str, TypedValueDto]:
        """Return the variables as a query returns them: without the content of files."""
        stored: dict[str, Any] = {}
        for name, typed in variables.items():
            too_long = typed["type"] == "String" and len(typed["value"].encode("utf-16-le")) // 2 > MAX_STRING_CHARS
            if too_long or len(name) > MAX_NAME_CHARS:
                message = "An exception occurred in the persistence layer. Please check the server logs for a detailed "
                raise RestError(500, "ProcessEnginePersistenceException", message + "message.", 10002)
            if typed["type"] == "Object" and not self._json_format:
                raise RestError(500, "ProcessEngineException", "Cannot find serializer for value 'ObjectValue […]'.")
            stored[name] = {"valueInfo": {}, **typed} | ({"value": None} if typed["type"] == "File" else {})
        return stored


def _lock(task: Task, worker_id: str, duration: int) -> None:
    if duration <= 0:
        raise RestError(500, "ProcessEngineException", "lockTime is not greater than 0")
    task.worker_id, task.locked_until = worker_id, time.time() + duration / 1000


def _locked_by_another(refused: str, worker_id: str, task: Task) -> RestError:
    holder = task.worker_id or "null"
    return RestError(400, "RestException", f"{refused} by worker '{worker_id}'. It is locked by worker '{holder}'.")


def _now() -> int:
    return round(time.time() * 1000)
