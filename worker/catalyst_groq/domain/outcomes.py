"""The outcome of a task as a value. `catalyst_groq.camunda.reporter` reports it to the engine."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from catalyst_groq.domain.call_records import CallRecord

Variables = Mapping[str, Any]
"""Process variables by name, as Python values."""


ERRORS_PAGE = "errors.html"
"""The page of the documentation about all errors."""


class Retry(NamedTuple):
    """The retries left, and the retry timeout. With no retries left the engine raises an incident."""

    left: int = 0
    timeout: timedelta = timedelta()


NO_RETRY = Retry()


class FailureCause(StrEnum):
    """What failed before or after a call, in the words of logs and metrics."""

    FIELD = "field"
    """A field of the task, or a variable that it uses."""
    FILE = "file"
    DEFINITION = "definition"
    """The deployed diagram cannot be read."""
    ENGINE = "engine"
    """The engine does not return data of the process."""
    JOURNAL = "journal"
    REPORT = "report_refused"
    """The engine refused the outcome."""
    INTERRUPTED = "interrupted"
    """A child process was ended by something else than its bounds."""
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class CollectedResult:
    """The result of one item of a multi-instance, to be added to a variable that all items share."""

    variable: str
    """The name of that variable: a Json object with the results of all items by their keys."""
    key: str
    value: Mapping[str, Any]
    multi_instance: str
    """The activity id of the multi-instance whose items share the variable."""
    item: str
    """Which item of the multi-instance it is. Another item must not use the same key."""
    error: str = ""
    """The item's error, if it has no result."""


@dataclass(frozen=True, slots=True)
class Completion:
    """Groq responded, or the error is collected; the process continues with these variables."""

    variables: Variables
    if_refused: Retry = NO_RETRY
    """Retries to report if the engine refuses the completion; none left where another attempt would cost money."""
    collected: CollectedResult | None = None
    local: frozenset[str] = frozenset()
    """Names of the variables that stay with the task: one item of a multi-instance must not overwrite another's."""
    call: CallRecord | None = field(default=None, compare=False)
    """How it came about, for observers; it is not reported."""
    unsent: frozenset[str] = frozenset()
    """Names of the variables that the process does not get: only log and metrics use them."""
    warnings: tuple[str, ...] = field(default=(), compare=False)
    """What may be a mistake in the diagram, for observers."""

    @property
    def sent(self) -> Variables:
        """The variables that the process gets."""
        if not self.unsent:
            return self.variables
        return {name: value for name, value in self.variables.items() if name not in self.unsent}


@dataclass(frozen=True, slots=True)
class BpmnError:
    """A BPMN error: a boundary event or an event subprocess of the process catches it."""

    code: str
    message: str
    """The problem and its fix, for the process that catches it."""
    variables: Variables = field(default_factory=dict)
    collected: CollectedResult | None = None
    call: CallRecord | None = field(default=None, compare=False)
    warnings: tuple[str, ...] = field(default=(), compare=False)
    problem: str = field(default="", compare=False)
    """The message without the fix; empty if it is the message itself."""
    remedy: str = field(default="", compare=False)
    """What an operator or modeller can do about it, for the incident in its place if nothing catches it."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A technical failure.

    `retries` are the retries left: with 0 the engine raises an incident. The engine stores 666 characters of `message`,
    so the cause comes first; `details` are unlimited.
    """

    message: str
    details: str = ""
    retries: int = 0
    retry_timeout: timedelta = timedelta()
    variables: Variables = field(default_factory=dict)
    is_wait: bool = False
    """Whether the task only waits in the engine, for the retry timeout: its retries are unchanged."""
    discard_responses: bool = False
    """Whether the stored responses of the task are useless to another attempt."""
    page: str = ERRORS_PAGE
    """The page of the documentation about it, with its anchor."""
    instance_remedy: str = field(default="", compare=False)
    """The end of the message that is about the running instance."""
    cause: FailureCause | None = field(default=None, compare=False)
    """What failed, if it was not the call; for observers."""
    call: CallRecord | None = field(default=None, compare=False)
    warnings: tuple[str, ...] = field(default=(), compare=False)
    problem: str = field(default="", compare=False)
    """The message without what ends an incident, for an error that is collected; empty if it is the message itself."""

    @property
    def message_without_instance(self) -> str:
        """The message where no instance has the incident."""
        return self.message.removesuffix(self.instance_remedy).rstrip()


@dataclass(frozen=True, slots=True)
class Unlocked:
    """Nothing was done: the task is unlocked, its retries unchanged, and fetched again with the variables it needs."""

    variables: Variables = field(default_factory=dict)


Outcome = Completion | BpmnError | Failure | Unlocked
