"""The external task as it was fetched."""

from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from camunda.external_task.external_task import ExternalTask as LibraryTask

from worker.camunda.variables import decode


class ExternalTask(LibraryTask):  # type: ignore[misc]  # the library has no types
    """One fetched and locked task: the library's `ExternalTask` with decoded variables and the names we use.

    `ExternalTask(task._context)` makes one of a task that the library's own worker has fetched.
    """

    _context: dict[str, Any]

    def __init__(self, context: dict[str, Any], asked: frozenset[str] | None = None) -> None:
        super().__init__(context)
        self.asked = asked
        """Names of the variables that the fetch asked for; None for all."""

    def has_what_it_needs(self, names: frozenset[str] | None) -> bool:
        """Whether the fetch asked for all these variables (None: for all there are)."""
        return self.asked is None or (names is not None and names <= self.asked)

    @property
    def id(self) -> str:
        """The engine's id of the external task."""
        return str(self._context["id"])

    @property
    def activity_id(self) -> str:
        """The id of the service task in the diagram."""
        return str(self._context["activityId"])

    @property
    def process_instance_id(self) -> str:
        """The process instance this task belongs to."""
        return str(self._context["processInstanceId"])

    @property
    def process_definition_id(self) -> str:
        """Key, version and id of the deployed definition: a new deployment has a new one."""
        return str(self._context["processDefinitionId"])

    @property
    def process_definition_key(self) -> str:
        """The process id in the diagram."""
        return str(self._context.get("processDefinitionKey") or "")

    @property
    def retries(self) -> int | None:
        """Attempts left; None until the first failure is reported."""
        retries = self._context.get("retries")
        return retries if isinstance(retries, int) else None

    @property
    def extension_properties(self) -> dict[str, str]:
        """What the modeller wrote as `camunda:property`."""
        return self._context.get("extensionProperties") or {}

    @cached_property
    def variables(self) -> dict[str, Any]:
        """The variables visible to the task, decoded."""
        return {name: decode(typed, name) for name, typed in (self._context.get("variables") or {}).items()}

    def age(self, lock_duration: timedelta) -> timedelta:
        """How old the task was when it was fetched.

        Counted on the engine's clock alone (a lock ends `lock_duration` after the fetch), so a worker whose clock
        is off gives up no sooner and no later. Zero on engines older than 7.21, which do not send `createTime`.
        """
        created, locked_until = self._context.get("createTime"), self._context.get("lockExpirationTime")
        if not created or not locked_until:
            return timedelta()
        return _moment(locked_until) - lock_duration - _moment(created)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
