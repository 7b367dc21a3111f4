"""Reads the body of an HTTP response until it is complete, whatever the connection does afterwards."""

import asyncio
import time
from dataclasses import dataclass
from typing import NamedTuple

from aiohttp import ClientError, ClientResponse

from catalyst_groq.common.bounded_body import read_chunk
from catalyst_groq.groq.api.response_body import ResponseBody
from catalyst_groq.groq.api.streaming import InvalidStreamError

STREAM_IDLE_TIMEOUT_SECONDS = 20.0

USAGE_GRACE_SECONDS = 2.0
"""How long a complete response waits for what may follow: the tokens used."""

CLOSE_GRACE_SECONDS = 0.1
"""How long a stream that has ended waits for the end of its body, so that the connection can be used again."""


class StreamTimeouts(NamedTuple):
    """Seconds after which a stream has timed out, within the request's timeout."""

    first_token: float | None = None
    """From sending the request to the first token; None: the request's timeout."""
    idle: float = STREAM_IDLE_TIMEOUT_SECONDS
    """Without a byte after the first token."""


@dataclass(slots=True)
class BodyReader:
    """Reads one body of at most `max_bytes`. `deadline`: when the request times out (`time.monotonic`).

    `first_token_timeout` is switched off when the first token has arrived.
    """

    received: ClientResponse
    body: ResponseBody
    max_bytes: int
    deadline: float
    idle_timeout: float
    first_token_timeout: asyncio.Timeout
    first_token: float | None = None
    """When the first token of a stream arrived (`time.monotonic`)."""
    _size: int = 0

    async def read(self) -> None:
        """Read the body. Raises `BodyTooLarge`; for an incomplete body aiohttp's errors and `InvalidStreamError`."""
        try:
            await self._read_all()
        except (ClientError, OSError, InvalidStreamError):
            if not self.body.is_complete:
                raise

    async def _read_all(self) -> None:
        complete_since = None
        while not self.received.content.at_eof():
            now, grace = time.monotonic(), None
            complete_since = (complete_since or now) if self.body.may_be_complete else None
            if complete_since is not None:
                longest = CLOSE_GRACE_SECONDS if self.body.has_ended else USAGE_GRACE_SECONDS
                grace = max(min(complete_since + longest - now, (self.deadline - now) / 2), 0.0)
            chunk = await self._read_chunk(grace)
            if not chunk:
                break
            self._size += len(chunk)
            self.body.feed(chunk)
            if self.first_token is None and self.body.has_begun:
                self.first_token = time.monotonic()
                self.first_token_timeout.reschedule(None)
        self.body.close()

    async def _read_chunk(self, grace: float | None) -> bytes:
        """Return the next bytes; `b""` at the end, and when a complete body has had its grace period."""
        if grace is not None:
            try:
                async with asyncio.timeout(grace):
                    return await self._read_next()
            except TimeoutError:
                if self.body.is_complete:
                    return b""
        if not self.body.has_begun:
            return await self._read_next()
        try:
            async with asyncio.timeout(self.idle_timeout):
                return await self._read_next()
        except TimeoutError:
            raise TimeoutError(f"the stream sent nothing for {self.idle_timeout:g} s") from None

    async def _read_next(self) -> bytes:
        return await read_chunk(self.received, self.max_bytes, self._size)
