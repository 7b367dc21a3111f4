"""One request to Groq over HTTP: httpx as the API, aiohttp as the transport."""

import asyncio
import json
import time
import zlib
from collections.abc import AsyncIterator
from http import HTTPStatus

import aiohttp
import httpx
from httpx_aiohttp import HttpxAiohttpClient

from worker import __version__
from worker.groq.answers import Answer, Loss, NoAnswer
from worker.groq.streams import Assembly, BrokenStream, Lines
from worker.network import Network, network

USER_AGENT = f"catalyst-groq-worker/{__version__}"
"""Said explicitly: Groq's edge refuses some default user agents with a 403."""

CONNECT_TIMEOUT = 10.0
IDLE_TIMEOUT = 20.0
"""Seconds in which a stream must go on."""

EVENT_STREAM = "text/event-stream"

UNLIMITED = 0
"""How aiohttp writes it; httpx-aiohttp 0.2 makes aiohttp's own 100 of httpx's None."""


class Groq:
    """Asks Groq, or anything that speaks its language.

    Never retries, never follows a redirect (it could carry the key elsewhere), never raises: what came of the request
    is the value it returns.
    """

    def __init__(self, through: Network | None = None) -> None:
        way = through or network()
        self._http = HttpxAiohttpClient(
            verify=way.tls,
            proxy=way.proxy,
            limits=httpx.Limits(max_connections=UNLIMITED, keepalive_expiry=60),
            headers={"user-agent": USER_AGENT, "accept": "application/json"},
            follow_redirects=False,
        )

    async def aclose(self) -> None:
        """Close the pooled connections."""
        await self._http.aclose()

    async def post(self, url: str, key: str, content: bytes, within: float) -> Answer | NoAnswer:
        """Send one JSON request and read its answer to the last byte, in `within` seconds.

        A stream is put together: its answer is the one that Groq would have given as a whole.
        """
        return await self._exchange("POST", url, key, content, within)

    async def get(self, url: str, key: str, within: float) -> Answer | NoAnswer:
        """Ask for something that costs nothing, such as the list of models."""
        return await self._exchange("GET", url, key, None, within)

    async def _exchange(
        self, method: str, url: str, key: str, content: bytes | None, within: float
    ) -> Answer | NoAnswer:
        started = time.monotonic()
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        phases = httpx.Timeout(None, connect=min(CONNECT_TIMEOUT, within))
        try:
            async with (
                asyncio.timeout(within),
                self._http.stream(method, url, headers=headers, content=content, timeout=phases) as response,
            ):
                if response.headers.get("content-type", "").startswith(EVENT_STREAM):
                    return await _streamed(response, started)
                await response.aread()
        except BrokenStream as error:
            return NoAnswer(Loss.GARBAGE, str(error), sent=True, seconds=time.monotonic() - started)
        except (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError) as error:
            loss, sent = why_no_answer(error)
            return NoAnswer(loss, _reason(error, within), sent, time.monotonic() - started)
        return Answer(response.status_code, response.headers, response.text, time.monotonic() - started)


async def _streamed(response: httpx.Response, started: float) -> Answer | NoAnswer:
    """Read a stream to its end. An error in it is an answer with the error's own status. Raises as reading does."""
    assembly, lines, first_token = Assembly(), Lines(), None
    pieces = aiter(response.aiter_bytes())
    while not assembly.error and (piece := await _next_piece(pieces)):
        assembly.add_all(lines.feed(piece))
        if first_token is None and assembly.has_begun:
            first_token = time.monotonic() - started
    seconds = time.monotonic() - started
    if assembly.error:
        status = assembly.error.get("status_code")
        status = status if isinstance(status, int) else HTTPStatus.INTERNAL_SERVER_ERROR
        return Answer(status, response.headers, json.dumps(assembly.body()), seconds, first_token)
    if not assembly.is_whole:
        return NoAnswer(Loss.CUT, "the stream ended before the answer did", sent=True, seconds=seconds)
    return Answer(response.status_code, response.headers, json.dumps(assembly.body()), seconds, first_token)


async def _next_piece(pieces: AsyncIterator[bytes]) -> bytes:
    """Wait for more of a stream; nothing at its end."""
    try:
        async with asyncio.timeout(IDLE_TIMEOUT):
            return await anext(pieces, b"")
    except TimeoutError:
        raise TimeoutError(f"the stream stood still for {IDLE_TIMEOUT:g} s") from None


def why_no_answer(error: BaseException) -> tuple[Loss, bool]:
    """Tell from aiohttp's own exception what happened, and whether the request may have reached Groq.

    httpx-aiohttp 0.2 calls a refused connection, and even a reset after the request was sent, a ConnectTimeout.
    """
    match error.__cause__ if isinstance(error, httpx.HTTPError) and error.__cause__ else error:
        case aiohttp.ClientConnectorDNSError():
            return Loss.UNKNOWN_HOST, False
        case aiohttp.ClientSSLError():
            return Loss.TLS, False
        case aiohttp.ClientConnectorError():
            return Loss.REFUSED, False
        case aiohttp.ConnectionTimeoutError() | httpx.ConnectTimeout():
            return Loss.CONNECT_TIMEOUT, False
        case TimeoutError():
            return Loss.TIMEOUT, True
        case aiohttp.ClientPayloadError():
            return Loss.CUT, True
        case aiohttp.ClientResponseError() | zlib.error():
            return Loss.GARBAGE, True
        case _:
            return Loss.RESET, True


def _reason(error: BaseException, within: float) -> str:
    said = " ".join(str(error.__cause__ or error).split())
    return said or f"nothing within {within:g} s"
