"""Accumulates the server-sent events of a stream to the response that Groq would have sent as a whole. Pure.

Each event is a `chat.completion.chunk`. Groq reports an error as `event: error`, as `error` of a chunk, or as
`x_groq.error`, each of them inside an HTTP 200.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

LINE_END = b"\n"
DATA_FIELD = b"data:"
DONE_MARK = b"[DONE]"
TEXT_FIELDS = ("content", "reasoning")
LIST_FIELDS = ("executed_tools", "annotations")
MAX_INDEX = 1000
"""Maximum index of a choice or tool call; bounds the list of tool calls, which is filled up to the index."""

UNCOPIED_FIELDS = {"choices", "x_groq", "object", "error"}
"""Fields of a chunk that are accumulated or replaced. All others are copied to the response."""


class InvalidStreamError(ValueError):
    """An event is not JSON, or does not have the shape of Groq's events."""


class SSELineDecoder:
    """Splits bytes into lines as they arrive. A line may arrive in several pieces. Only a newline ends it.

    `str.splitlines` would also split at U+2028, which a model may write.
    """

    def __init__(self) -> None:
        self._incomplete: list[bytes] = []
        """The pieces of the last line."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Add bytes; return the lines that they complete, without their ends."""
        end, *rest = data.split(LINE_END)
        self._incomplete.append(end)
        if not rest:
            return iter(())
        lines = [b"".join(self._incomplete), *rest]
        self._incomplete = [lines.pop()]
        return (line.rstrip(b"\r") for line in lines)


class StreamAccumulator:
    """Accumulates the lines of a stream to a response."""

    def __init__(self) -> None:
        self._top: dict[str, Any] = {}
        self._x_groq: dict[str, Any] = {}
        self._choices: dict[int, dict[str, Any]] = {}
        self._ended = False
        self.error: Mapping[str, Any] | None = None
        """Groq's `error` object; None when the stream has none."""

    @property
    def has_begun(self) -> bool:
        """Whether the first token has arrived."""
        return any(len(choice["message"]) > 1 for choice in self._choices.values())

    @property
    def is_complete(self) -> bool:
        """Whether the response is complete: every choice has a finish reason, or the stream has reported its end."""
        finished = bool(self._choices) and all(choice["finish_reason"] for choice in self._choices.values())
        return self._ended or finished

    def add_all(self, lines: Iterable[bytes]) -> None:
        """Add lines. Raises `InvalidStreamError`."""
        for line in lines:
            self.add(line)

    def add(self, line: bytes) -> None:
        """Add one line; event names, comments and blank lines are ignored. Raises `InvalidStreamError`."""
        if not line.startswith(DATA_FIELD):
            return
        data = line.removeprefix(DATA_FIELD).strip()
        if data == DONE_MARK:
            self._ended = True
            return
        try:
            self._add_chunk(json.loads(data))
        except (AttributeError, TypeError, ValueError, RecursionError) as error:
            raise InvalidStreamError(f"an event of the stream has an unknown shape: {data[:80]!r}") from error

    def body(self) -> dict[str, Any]:
        """Return the response so far as a `chat.completion`, or the error in the shape of an error response."""
        if self.error is not None:
            return {"error": self.error}
        usage = self._top.get("usage") or self._x_groq.get("usage")
        x_groq = {name: value for name, value in self._x_groq.items() if name != "usage"}
        choices = [_join_choice(self._choices[index]) for index in sorted(self._choices)]
        body = {**self._top, "object": "chat.completion", "choices": choices, "usage": usage}
        return body | ({"x_groq": x_groq} if x_groq else {})

    def _add_chunk(self, chunk: Mapping[str, Any]) -> None:
        self._top |= {name: value for name, value in chunk.items() if name not in UNCOPIED_FIELDS and value is not None}
        x_groq = chunk.get("x_groq") or {}
        self._x_groq |= x_groq
        if problem := chunk.get("error") or x_groq.get("error"):
            self.error = problem if isinstance(problem, dict) else {"message": str(problem)}
        for part in chunk.get("choices") or ():
            index = _read_index(part, 0)
            empty = {"index": index, "message": {"role": "assistant"}, "finish_reason": None}
            choice = self._choices.setdefault(index, empty)
            choice["finish_reason"] = part.get("finish_reason") or choice["finish_reason"]
            _add_delta(choice["message"], part.get("delta") or {})


class _Pieces:
    """The pieces of a text. They are joined once: each `+=` would copy the text so far."""

    def __init__(self) -> None:
        self._pieces: list[str] = []

    def add(self, piece: str) -> None:
        if not isinstance(piece, str):
            raise TypeError(piece)
        self._pieces.append(piece)

    def join(self) -> str:
        return "".join(self._pieces)


def _join_choice(choice: Mapping[str, Any]) -> dict[str, Any]:
    """Return a choice with its texts as texts."""
    message: dict[str, Any] = {
        name: value.join() if isinstance(value, _Pieces) else value for name, value in choice["message"].items()
    }
    if "tool_calls" in message:
        message["tool_calls"] = [
            {**call, "function": {name: pieces.join() for name, pieces in call["function"].items()}}
            for call in message["tool_calls"]
        ]
    message.setdefault("content", None if "tool_calls" in message else "")
    return {**choice, "message": message}


def _add_delta(message: dict[str, Any], delta: Mapping[str, Any]) -> None:
    for name in TEXT_FIELDS:
        if piece := delta.get(name):
            message.setdefault(name, _Pieces()).add(piece)
    for name in LIST_FIELDS:
        if entries := delta.get(name):
            message.setdefault(name, []).extend(entries)
    for piece in delta.get("tool_calls") or ():
        _add_call(message.setdefault("tool_calls", []), piece)


def _add_call(calls: list[dict[str, Any]], piece: Mapping[str, Any]) -> None:
    """Add a piece of a tool call to the call. The arguments may arrive in several pieces."""
    index = _read_index(piece, len(calls))
    while len(calls) <= index:
        calls.append({"type": "function", "function": {"name": _Pieces(), "arguments": _Pieces()}})
    call, function = calls[index], piece.get("function") or {}
    call |= {name: piece[name] for name in ("id", "type") if piece.get(name)}
    call["function"]["name"].add(function.get("name") or "")
    call["function"]["arguments"].add(function.get("arguments") or "")


def _read_index(part: Mapping[str, Any], default: int) -> int:
    index = part.get("index", default)
    if not isinstance(index, int) or not 0 <= index <= MAX_INDEX:
        raise ValueError(index)
    return index
