"""A case: what a server sends, the task that gets it, and what must come out of the task."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from support.raw_server import Answer, Received

MODEL = "openai/gpt-oss-120b"
CHAT: dict[str, Any] = {"model": MODEL, "max_tokens": 1024, "messages": [{"role": "user", "content": "${userMessage}"}]}
STREAM = {**CHAT, "stream": True}
BROKEN_OFF = re.compile(rb'"native_finish_reason": ?"network_error"')
GENERATION = re.compile(rb'"finish_reason": ?"(?!error)\w+"|^\{"(?:text|task)":', re.MULTILINE)
"""Of a response: its model has generated something and come to an end."""

Answers = Sequence[Answer] | Callable[[Received], Answer]
"""The answers in their order, of which the last one repeats; or a function that gives the answer to a request."""


@dataclass(frozen=True, slots=True)
class Completed:
    """The task completes. The process has these variables, and `catalyst_meta` these entries."""

    variables: Mapping[str, Any]
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        shown = {**self.variables, **{f"catalyst_meta.{name}": value for name, value in self.meta.items()}}
        return "success: " + ", ".join(f"`{name}` = `{_as_json(value)}`" for name, value in shown.items())


@dataclass(frozen=True, slots=True)
class ErrorEvent:
    """The boundary event catches a BPMN error with this code, whose message contains the text."""

    code: str
    text: str

    def __str__(self) -> str:
        return f"BPMN error `{self.code}`: “{self.text}”"


@dataclass(frozen=True, slots=True)
class Incident:
    """The task has an incident whose message contains the texts, and none of `not_about`."""

    texts: tuple[str, ...]
    not_about: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"incident: {' … '.join(f'“{text}”' for text in self.texts)}"


@dataclass(frozen=True, slots=True)
class Waiting:
    """The task is with the engine until it may be tried again: with all its retries, and a message with the text."""

    seconds: int
    text: str

    def __str__(self) -> str:
        return f"the engine offers the task again after {self.seconds} s, with all its retries: “{self.text}”"


Outcome = Completed | ErrorEvent | Incident | Waiting


@dataclass(frozen=True, slots=True)
class Case:
    """One case of a family."""

    id: str
    """Its number and name in the collection of reports."""
    server: str
    """What the server does, in a sentence without a subject and a full stop."""
    answers: Answers
    outcome: Outcome
    calls: int = 1
    """The requests that the server gets for each instance."""
    fewest_calls: int | None = None
    """Set if it may be fewer, because of the time or of what the worker has learned from another case."""
    paid: int = 1
    """Of these, the ones that it answers with something that its model has generated to an end."""
    payload: Mapping[str, Any] = field(default_factory=lambda: CHAT)
    variables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Typed process variables besides `userMessage`."""
    properties: Mapping[str, str] = field(default_factory=dict)
    mapping: Mapping[str, str] | None = None
    errors: Mapping[str, str] | None = None
    """The response mapping and the error mapping; None: the worker's defaults."""
    boundary: bool = False
    """Whether a boundary event catches every BPMN error."""
    operation: str = "chat"
    instances: int = 1
    may_wait: int = 0
    """So many instances may still wait when the others have come to an end: they have to."""
    worker: str = "groq"
    """Which of the workers of the test runs it."""
    has_own_url: bool = True
    """Whether its task has a URL of its own; otherwise the worker's settings say where it goes."""

    @property
    def number(self) -> str:
        """Its number without its name."""
        return re.match(r"\d+[a-z]?(?![a-z])|\d+", self.id)[0] if "-" in self.id else self.id

    def respond(self, received: Received) -> Answer:
        """Return the answer to a request."""
        if callable(self.answers):
            return self.answers(received)
        return self.answers[min(received.number, len(self.answers)) - 1]


def is_generation(sent: bytes) -> bool:
    """Whether the bytes are a response in which a model has generated something to an end."""
    head, _, body = sent.partition(b"\r\n\r\n")
    is_success = re.match(rb"HTTP/1\.\d 2", head) is not None
    return is_success and GENERATION.search(body) is not None and not BROKEN_OFF.search(body)


def file_variable(base64: str, filename: str, mime_type: str) -> dict[str, Any]:
    """Return a typed variable with a file."""
    return {"type": "File", "value": base64, "valueInfo": {"filename": filename, "mimeType": mime_type}}


def _as_json(value: Any) -> str:
    """Return JSON without characters that cannot be seen."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(character if character.isprintable() else f"\\u{ord(character):04x}" for character in text)
