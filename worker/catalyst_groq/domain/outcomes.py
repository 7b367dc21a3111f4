"""How a task can end: a value, reported in one place (`catalyst_groq.camunda.reporter`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

Variables = Mapping[str, Any]
"""Process variables by name, as Python values."""


class Retry(NamedTuple):
    """The attempts left, and how long the engine waits before the next. With none left it raises an incident."""

    left: int = 0
    timeout: timedelta = timedelta()


NO_RETRY = Retry()


@dataclass(frozen=True, slots=True)
class Completion:
    """Groq answered; the process goes on with these variables."""

    variables: Variables
    if_refused: Retry = NO_RETRY
    """What the engine is told when it refuses the completion. Trying again is right only if Groq is not paid again."""


@dataclass(frozen=True, slots=True)
class BpmnError:
    """Something the process catches: a boundary event or an event subprocess takes over."""

    code: str
    message: str
    variables: Variables = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """A technical failure.

    `retries` are the attempts left: with 0 the engine raises an incident. The engine keeps 666 characters of `message`,
    so the cause comes first; `details` are unlimited.
    """

    message: str
    details: str = ""
    retries: int = 0
    retry_timeout: timedelta = timedelta()
    variables: Variables = field(default_factory=dict)
    discard_responses: bool = False
    """Whether the task's stored responses are of no use to a further try."""


@dataclass(frozen=True, slots=True)
class Unlocked:
    """Nothing was done: the task is unlocked, its retries untouched, and fetched again with the variables it needs."""

    variables: Variables = field(default_factory=dict)


Outcome = Completion | BpmnError | Failure | Unlocked
