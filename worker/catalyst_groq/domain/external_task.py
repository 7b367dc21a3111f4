"""A fetched external task."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from catalyst_groq.domain.variables import decode

FACTS = (
    "id",
    "topicName",
    "activityId",
    "activityInstanceId",
    "executionId",
    "processInstanceId",
    "processDefinitionId",
    "processDefinitionKey",
    "processDefinitionVersionTag",
    "businessKey",
    "tenantId",
    "priority",
)
"""What an engine sends about a task and does not change: a payload with it is the same at each attempt."""


class ExternalTask:
    """One fetched and locked task: the REST API's JSON with typed access. Raises `KeyError` if an id is missing."""

    def __init__(self, fetched: Mapping[str, Any], fetched_variables: frozenset[str] | None = None) -> None:
        self._fetched = fetched
        self.fetched_variables = fetched_variables
        """Names of the variables that the fetch requested; None for all."""
        self.id = str(fetched["id"])
        """The engine's id of the external task."""
        self.activity_id = str(fetched["activityId"])
        """The id of the activity in the diagram."""
        self.process_instance_id = str(fetched["processInstanceId"])
        """The process instance this task belongs to."""
        self.execution_id = str(fetched["executionId"])
        """The execution that waits at the activity: the scope from which the task sees its variables."""
        self.process_definition_id = str(fetched["processDefinitionId"])
        """`key:version:id` of the deployed definition; each deployment of a changed diagram has a new one."""

    @property
    def activity_instance_id(self) -> str:
        """The id of this run of the activity: each item of a multi-instance has its own."""
        return str(self._fetched.get("activityInstanceId") or "")

    def has_variables(self, names: frozenset[str] | None) -> bool:
        """Whether the fetch requested all these variables (None: all that exist)."""
        return self.fetched_variables is None or (names is not None and names <= self.fetched_variables)

    @property
    def process_definition_key(self) -> str:
        """The process id in the diagram."""
        return str(self._fetched.get("processDefinitionKey") or "")

    @property
    def retries(self) -> int | None:
        """The retries left; None until the first failure is reported."""
        retries = self._fetched.get("retries")
        return retries if isinstance(retries, int) else None

    @property
    def extension_properties(self) -> dict[str, str]:
        """The extension properties (`camunda:property`) of the activity."""
        return self._fetched.get("extensionProperties") or {}

    def with_extension_properties(self, properties: Mapping[str, str]) -> "ExternalTask":
        """Return the task with other extension properties."""
        return ExternalTask({**self._fetched, "extensionProperties": dict(properties)}, self.fetched_variables)

    @property
    def facts(self) -> dict[str, Any]:
        """The task's own facts, by the names that the REST API has for them; without those that are null."""
        return {name: value for name in FACTS if (value := self._fetched.get(name)) is not None}

    def fact(self, name: str) -> Any:
        """Return one of the `FACTS`; None if the engine does not send it."""
        return self._fetched.get(name)

    @cached_property
    def variables(self) -> dict[str, Any]:
        """The variables visible to the task, decoded."""
        return {name: decode(typed, name) for name, typed in (self._fetched.get("variables") or {}).items()}

    @property
    def created(self) -> str:
        """When the task was created, in UTC; empty on engines older than 7.21. The engine never changes it."""
        created = self._fetched.get("createTime")
        return _parse_time(created).astimezone(UTC).isoformat() if created else ""

    @property
    def has_files(self) -> bool:
        """Whether any of its variables is a File."""
        return any(typed.get("type") == "File" for typed in (self._fetched.get("variables") or {}).values())

    def age(self, lock_duration: timedelta) -> timedelta:
        """Return the age of the task when it was fetched.

        It is measured by the engine's clock alone (a lock ends `lock_duration` after the fetch), so that a wrong clock
        of the worker changes nothing. Zero on engines older than 7.21, which do not send `createTime`.
        """
        created, locked_until = self._fetched.get("createTime"), self._fetched.get("lockExpirationTime")
        if not created or not locked_until:
            return timedelta()
        return _parse_time(locked_until) - lock_duration - _parse_time(created)


def _parse_time(text: str) -> datetime:
    return datetime.fromisoformat(text)
