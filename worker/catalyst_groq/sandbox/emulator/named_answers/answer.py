"""An answer that rules select by its name, and the requests that it answers."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Flag, auto
from http import HTTPStatus
from typing import Any, NamedTuple, Self, TypeAlias

EVENT_STREAM = "text/event-stream; charset=utf-8"
DEFAULT_TOOL = "find_order"


class RequestKind(Flag):
    """The kinds of requests."""

    CHAT = auto()
    """A chat completion as a whole."""
    STREAM = auto()
    """A chat completion as a stream."""
    AUDIO = auto()
    """A recording to transcribe or to translate."""
    OTHER = auto()
    COMPLETION = CHAT | STREAM
    ANY = CHAT | STREAM | AUDIO | OTHER


class NamedRequest(NamedTuple):
    """The parts of a request that its answer depends on."""

    kind: RequestKind
    model: str
    tool: str = DEFAULT_TOOL
    """The name of the first tool that it offers."""


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """A response in pieces, with nothing added to its headers."""

    status: int
    pieces: tuple[bytes, ...]
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    is_from_groq: bool = False
    """Whether it has the headers of all responses of Groq."""
    stays_open: bool = False
    """Whether the connection stays open after the last piece, as if there was more to come."""

    def with_headers(self, headers: Mapping[str, str]) -> Self:
        """Return a copy with additional headers."""
        return replace(self, headers={**self.headers, **headers})


MakeAnswer: TypeAlias = Callable[[NamedRequest], RawAnswer]


@dataclass(frozen=True, slots=True)
class NamedAnswer:
    """An answer that a rule can select."""

    name: str
    description: str
    """What it is, in words that complete “the answer is …”."""
    make: MakeAnswer
    kinds: RequestKind = RequestKind.ANY
    """The requests that it answers. A rule with it does not apply to others."""


def json_answer(
    body: Any, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None, *, is_from_groq: bool = False
) -> RawAnswer:
    """Return a response with a JSON body."""
    return RawAnswer(status, (encode_json(body),), headers=headers or {}, is_from_groq=is_from_groq)


def encode_json(value: Any) -> bytes:
    """Return JSON as bytes."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def same_for_all(answer: RawAnswer) -> MakeAnswer:
    """Return a function that gives the same answer to every request."""
    return lambda _request: answer
