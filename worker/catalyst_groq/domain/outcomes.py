"""The outcome of a task as a value. `catalyst_groq.camunda.reporter` reports it to the engine."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

Variables = Mapping[str, Any]
"""Process variables by name, as Python values."""


class Retry(NamedTuple):
    """The retries left, and the retry timeout. With no retries left the engine raises an incident."""

    left: int = 0
    timeout: timedelta = timedelta()


NO_RETRY = Retry()


@dataclass(frozen=True, slots=True)
class Completion:
    """Groq responded; the process continues with these variables."""

    variables: Variables
    if_refused: Retry = NO_RETRY
    """Retries to report if the engine refuses the completion; none left where another attempt would cost money."""


@dataclass(frozen=True, slots=True)
class BpmnError:
    """A BPMN error: a boundary event or an event subprocess of the process catches it."""

    code: str
    message: str
    variables: Variables = field(default_factory=dict)


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
    discard_responses: bool = False
    """Whether the stored responses of the task are useless to another attempt."""


@dataclass(frozen=True, slots=True)
class Unlocked:
    """Nothing was done: the task is unlocked, its retries unchanged, and fetched again with the variables it needs."""

    variables: Variables = field(default_factory=dict)


Outcome = Completion | BpmnError | Failure | Unlocked
