"""Decodes server-sent events, as the HTML standard defines them (section 9.2, "Server-sent events"). Pure."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

LINE_END = re.compile(rb"\r\n|\n|\r")
DONE_MARK = b"[DONE]"


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """An event: its type, empty for the default one, and its data lines."""

    type: str
    data: tuple[bytes, ...]


class EventDecoder:
    """Splits bytes into events as they arrive; a line or its end may arrive in several pieces.

    Other than in the standard, `[DONE]` is an event at once, and so is what has no blank line after it at the end:
    servers leave it out.
    """

    def __init__(self) -> None:
        self._incomplete: list[bytes] = []
        """The pieces of the last line."""
        self._is_after_cr = False
        """Whether a newline that follows belongs to the line end before it."""
        self._is_first_line = True
        self._type = ""
        self._data: list[bytes] = []

    def feed(self, data: bytes) -> Iterator[ServerSentEvent]:
        """Add bytes; yield the events that they complete."""
        if self._is_after_cr and data:
            data, self._is_after_cr = data.removeprefix(b"\n"), False
        self._is_after_cr = self._is_after_cr or data.endswith(b"\r")
        end, *rest = LINE_END.split(data)
        self._incomplete.append(end)
        if not rest:
            return
        lines = [b"".join(self._incomplete), *rest]
        self._incomplete = [lines.pop()]
        for line in lines:
            yield from self._add_line(line)

    def close(self) -> Iterator[ServerSentEvent]:
        """Yield the event that the end of the stream completes."""
        yield from self._add_line(b"".join(self._incomplete))
        yield from self._add_line(b"")

    def _add_line(self, line: bytes) -> Iterator[ServerSentEvent]:
        if self._is_first_line:
            line, self._is_first_line = line.removeprefix(codecs.BOM_UTF8), False
        if not line:
            yield from self._complete()
            return
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
            if value.strip() == DONE_MARK:
                yield from self._complete()
        elif name == b"event":
            self._type = value.decode(errors="replace").strip()

    def _complete(self) -> Iterator[ServerSentEvent]:
        event, self._type, self._data = ServerSentEvent(self._type, tuple(self._data)), "", []
        if any(event.data):
            yield event
