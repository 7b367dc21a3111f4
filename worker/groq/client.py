"""One request to Groq over HTTP: httpx as the API, aiohttp as the transport."""

import asyncio
import time
import zlib

import aiohttp
import httpx
from httpx_aiohttp import HttpxAiohttpClient

from worker import __version__
from worker.groq.answers import Answer, Loss, NoAnswer
from worker.network import Network, network

USER_AGENT = f"catalyst-groq-worker/{__version__}"
"""Said explicitly: Groq's edge refuses some default user agents with a 403."""

CONNECT_TIMEOUT = 10.0

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
        """Send one JSON request and read its answer to the last byte, in `within` seconds."""
        started = time.monotonic()
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        phases = httpx.Timeout(None, connect=min(CONNECT_TIMEOUT, within))
        try:
            async with asyncio.timeout(within):
                response = await self._http.post(url, headers=headers, content=content, timeout=phases)
        except (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError) as error:
            loss, sent = why_no_answer(error)
            return NoAnswer(loss, _reason(error, within), sent, time.monotonic() - started)
        return Answer(response.status_code, response.headers, response.text, time.monotonic() - started)


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
