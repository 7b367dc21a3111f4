"""Collects the body of a response, whole or streamed, and tells when it is complete. Pure."""

from collections.abc import Iterable

from catalyst_groq.common.json_codec import is_json
from catalyst_groq.groq.api.server_sent_events import EventDecoder, ServerSentEvent
from catalyst_groq.groq.api.streaming import StreamAccumulator

END_OF_JSON = (b"}", b"]")


class ResponseBody:
    """A body, while its bytes arrive. `stream`: accumulates its events; None where it cannot be a stream.

    A server may send a whole body although a stream was requested: it has no events.
    """

    def __init__(self, stream: StreamAccumulator | None = None) -> None:
        self.stream = stream
        self._decoder = EventDecoder()
        self._content = bytearray()

    @property
    def is_stream(self) -> bool:
        """Whether events have arrived."""
        return self.stream is not None and self.stream.has_events

    @property
    def has_begun(self) -> bool:
        """Whether the first token of a stream has arrived."""
        return self.stream is not None and self.stream.has_begun

    @property
    def has_ended(self) -> bool:
        """Whether the stream has reported its end: what follows is ignored."""
        return self.stream is not None and self.stream.has_ended

    @property
    def may_be_complete(self) -> bool:
        """Whether what has arrived looks complete. It takes no time."""
        if self.stream and self.stream.has_events:
            return self.stream.is_complete
        return bytes(self._content[-16:]).rstrip().endswith(END_OF_JSON)

    @property
    def is_complete(self) -> bool:
        """Whether what has arrived is a complete response: however the connection ends, nothing is missing."""
        return self.may_be_complete and (self.is_stream or is_json(self._content))

    @property
    def content(self) -> bytes:
        """The body of a response that is not a stream."""
        return bytes(self._content)

    def feed(self, data: bytes) -> None:
        """Add bytes. Raises `InvalidStreamError`."""
        if not self.is_stream:
            self._content += data
        if self.stream:
            self._add_all(self.stream, self._decoder.feed(data))

    def close(self) -> None:
        """Add what the end of the body completes. Raises `InvalidStreamError`."""
        if self.stream:
            self._add_all(self.stream, self._decoder.close())

    def _add_all(self, stream: StreamAccumulator, events: Iterable[ServerSentEvent]) -> None:
        for event in events:
            if not stream.has_ended:
                stream.add(event)
                self._content.clear()
