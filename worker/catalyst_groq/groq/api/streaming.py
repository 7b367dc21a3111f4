"""Accumulates the events of a stream to the response that the server would have sent as a whole. Pure.

Each event is a `chat.completion.chunk`.
"""

import json
from collections.abc import Mapping
from itertools import chain, groupby
from typing import Any

from catalyst_groq.common.texts import shorten
from catalyst_groq.groq.api.embedded_errors import find_error
from catalyst_groq.groq.api.server_sent_events import DONE_MARK, ServerSentEvent
from catalyst_groq.groq.api.tool_call_pieces import ToolCallPieces

TEXT_FIELDS = ("content", "reasoning", "reasoning_content", "refusal")
NO_REASONS = (None, "", "null", "none")
"""Values of `finish_reason` before the end."""

KEEP_ALIVES = frozenset((b"ping", b"keepalive", b"keep-alive", b"heartbeat"))
"""Data of events that only keep the connection open."""

LIST_FIELDS = ("executed_tools", "annotations")
MAX_SHOWN_CHARS = 80
MAX_INDEX = 1000
"""Maximum index of a choice."""

UNCOPIED_FIELDS = {"choices", "x_groq", "object", "error"}
"""Fields of a chunk that are accumulated or replaced. All others are copied to the response."""


class InvalidStreamError(ValueError):
    """An event is not JSON, or does not have the shape of a chunk."""


class StreamAccumulator:
    """Accumulates the events of a stream to a response with `choices` choices."""

    def __init__(self, choices: int = 1) -> None:
        self._expected = choices
        self._top: dict[str, Any] = {}
        self._x_groq: dict[str, Any] = {}
        self._choices: dict[int, _Choice] = {}
        self.has_events = False
        """Whether any event has arrived, so that the body is a stream."""
        self.has_ended = False
        """Whether nothing can follow: the stream has reported its end, or an error."""
        self.error: Mapping[str, Any] | None = None
        """The `error` object; None when the stream has none."""

    @property
    def has_begun(self) -> bool:
        """Whether the first token has arrived."""
        return any(choice.has_begun for choice in self._choices.values())

    @property
    def is_complete(self) -> bool:
        """Whether the response is complete: every choice has a finish reason, or the stream has reported its end.

        Only the tokens used may follow.
        """
        is_finished = all(choice.finish_reason for choice in self._choices.values())
        return self.has_ended or (len(self._choices) >= self._expected and is_finished)

    def add(self, event: ServerSentEvent) -> None:
        """Add an event. Raises `InvalidStreamError`."""
        self.has_events = True
        data = b"\n".join(event.data)
        if data.strip() == DONE_MARK:
            self.has_ended = True
            return
        if data.strip().lower() in KEEP_ALIVES:
            return
        try:
            for chunk in _parse(event):
                self._add_chunk(chunk, is_error=event.type == "error")
        except (AttributeError, TypeError, ValueError, RecursionError) as error:
            shown = shorten(data.decode(errors="replace"), MAX_SHOWN_CHARS)
            raise InvalidStreamError(f"an event of the stream has an unknown shape: {shown!r}") from error

    def body(self) -> dict[str, Any]:
        """Return the response so far as a `chat.completion`."""
        usage = self._top.get("usage") or self._x_groq.get("usage")
        x_groq = {name: value for name, value in self._x_groq.items() if name != "usage"}
        choices = [self._choices[index].join(index) for index in sorted(self._choices)]
        body = {**self._top, "object": "chat.completion", "choices": choices, "usage": usage}
        return body | ({"x_groq": x_groq} if x_groq else {})

    def _add_chunk(self, chunk: Mapping[str, Any], *, is_error: bool) -> None:
        # A server that cannot report the tokens used says so after a complete response.
        if not self.is_complete and (error := find_error(chunk, is_error=is_error)):
            self.error, self.has_ended = error, True
        self._top |= {name: value for name, value in chunk.items() if name not in UNCOPIED_FIELDS and value is not None}
        self._x_groq |= chunk.get("x_groq") or {}
        for part in chunk.get("choices") or ():
            index = part.get("index") or 0
            if not isinstance(index, int) or not 0 <= index <= MAX_INDEX:
                raise ValueError(index)
            self._choices.setdefault(index, _Choice()).add(part)


def _parse(event: ServerSentEvent) -> list[Any]:
    """Return the chunks of an event. Some servers leave out the blank lines, so that each data line is a chunk."""
    try:
        chunks = [json.loads(b"\n".join(event.data))]
    except ValueError:
        if len(event.data) == 1:
            raise
        chunks = [json.loads(line) for line in event.data if line.strip() not in (b"", DONE_MARK)]
    return [chunk for chunk in chunks if chunk is not None]


class _Choice:
    """One choice, while its parts arrive. Texts are joined once: each `+=` would copy the text so far."""

    def __init__(self) -> None:
        self.finish_reason: Any = None
        self.has_begun = False
        self._texts: dict[str, list[str]] = {}
        self._content: list[str | list[Any]] = []
        """In order: texts, and lists of parts."""
        self._lists: dict[str, list[Any]] = {}
        self._calls = ToolCallPieces()

    def add(self, part: Mapping[str, Any]) -> None:
        """Add a part. Raises `AttributeError`, `TypeError`, `ValueError` for one of unknown shape."""
        reason = part.get("finish_reason")
        self.finish_reason = self.finish_reason if reason in NO_REASONS else reason
        delta = part.get("delta") or self._without_known_text(part.get("message") or {})
        for name in TEXT_FIELDS:
            if piece := delta.get(name):
                self._add_text(name, piece)
        for name in LIST_FIELDS:
            if entries := delta.get(name):
                self._lists.setdefault(name, []).extend(entries)
        for call in delta.get("tool_calls") or ():
            self._calls.add(call)
        self.has_begun = bool(self._texts or self._content or self._lists or self._calls)

    def _without_known_text(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a whole message without the text that has arrived before it: some servers repeat it."""
        content = message.get("content")
        if not isinstance(content, str):
            return message
        known = "".join(piece for piece in self._content if isinstance(piece, str))
        return {**message, "content": content.removeprefix(known)}

    def _add_text(self, name: str, piece: Any) -> None:
        if name == "content" and isinstance(piece, str | list):
            self._content.append(piece)
        elif isinstance(piece, str):
            self._texts.setdefault(name, []).append(piece)
        else:
            raise TypeError(piece)

    def join(self, index: int) -> dict[str, Any]:
        """Return the choice as a response that is not streamed has it."""
        message: dict[str, Any] = {"role": "assistant"}
        message |= {name: "".join(pieces) for name, pieces in self._texts.items()} | self._lists
        if self._content:
            message["content"] = _join_content(self._content)
        if self._calls:
            message["tool_calls"] = self._calls.join()
        message.setdefault("content", None if self._calls else "")
        return {"index": index, "message": message, "finish_reason": self.finish_reason}


def _join_content(pieces: list[str | list[Any]]) -> str | list[Any]:
    """Return a text, or a list of parts if any piece is one."""
    if all(isinstance(piece, str) for piece in pieces):
        return "".join(map(str, pieces))
    parts: list[Any] = []
    for is_text, group in groupby(pieces, key=lambda piece: isinstance(piece, str)):
        together = list(group)
        parts += [{"type": "text", "text": "".join(map(str, together))}] if is_text else chain.from_iterable(together)
    return parts
