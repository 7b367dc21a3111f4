"""One request to Groq over HTTP."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from typing import Any

from aiohttp import (
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientError,
    ClientPayloadError,
    ClientResponse,
    ClientResponseError,
    ClientSession,
    ClientSSLError,
    ClientTimeout,
    ConnectionTimeoutError,
    DummyCookieJar,
    TCPConnector,
)
from aiohttp.http_exceptions import ContentEncodingError
from yarl import URL

from catalyst_groq import __version__
from catalyst_groq.common.transport import TransportConfig, make_transport
from catalyst_groq.groq.api.operations import MODELS, Body, operation_of
from catalyst_groq.groq.api.requests import Account, Payload
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason, Response
from catalyst_groq.groq.api.streaming import InvalidStreamError, SSELineDecoder, StreamAccumulator

HEADERS = {
    # Said explicitly: Groq's edge refuses some default user agents with a 403.
    "user-agent": f"catalyst-groq-worker/{__version__}",
    "accept": "application/json",
}
UNLIMITED = 0
KEEP_ALIVE = 60.0
CONNECT_TIMEOUT = 10.0
IDLE_TIMEOUT = 20.0
"""Seconds in which a stream must go on."""

EVENT_STREAM = "text/event-stream"


class HttpGroqClient:
    """Asks Groq, or anything that speaks its language. Made of aiohttp itself, without httpx on top.

    Never retries, never follows a redirect (it could carry the key elsewhere), never raises: what came of the request
    is the value it returns. `mask` takes keys out of what is answered, texts and headers, before anybody can keep it.
    """

    def __init__(
        self, through: TransportConfig | None = None, mask: Callable[[Any], Any] = lambda answered: answered
    ) -> None:
        self._transport = through or make_transport()
        self._mask = mask
        connector = TCPConnector(limit=UNLIMITED, keepalive_timeout=KEEP_ALIVE, ssl=self._transport.ssl_context)
        # No cookie of one account's answers goes with another's requests.
        self._http = ClientSession(connector=connector, headers=HEADERS, cookie_jar=DummyCookieJar())

    async def aclose(self) -> None:
        """Close the pooled connections."""
        await self._http.close()

    async def ask(self, account: Account, payload: Payload, within: float) -> Response | NoResponse:
        """Ask for what the payload says and read the answer to the last byte, in `within` seconds.

        A stream is put together: its answer is the one that Groq would have given as a whole.
        """
        operation = operation_of(payload)
        answer = await self._exchange("POST", operation.path, account, operation.body(payload), within)
        return operation.answer(answer, payload) if isinstance(answer, Response) else answer

    async def models(self, account: Account, within: float) -> Response | NoResponse:
        """Ask which models there are."""
        return await self._exchange("GET", MODELS, account, None, within)

    async def _exchange(
        self, method: str, path: str, account: Account, body: Body | None, within: float
    ) -> Response | NoResponse:
        started = time.monotonic()
        url = URL(account.url + path)
        try:
            async with (
                asyncio.timeout(within),
                self._http.request(
                    method,
                    url,
                    data=body,
                    headers={"authorization": f"Bearer {account.key}"} if account.key else {},
                    proxy=self._transport.proxy_for(url),
                    timeout=ClientTimeout(total=None, sock_connect=min(CONNECT_TIMEOUT, within)),
                    allow_redirects=False,
                ) as response,
            ):
                headers = self._mask({name.lower(): value for name, value in response.headers.items()})
                if headers.get("content-type", "").startswith(EVENT_STREAM):
                    return await self._streamed(response, headers, started)
                text = (await response.read()).decode(errors="replace")
        except InvalidStreamError as error:
            return NoResponse(
                NoResponseReason.INVALID_RESPONSE, self._mask(str(error)), sent=True, seconds=time.monotonic() - started
            )
        except (ClientError, OSError) as error:  # a TimeoutError is an OSError
            loss, sent = classify_network_error(error)
            reason = " ".join(str(error).split()) or f"nothing within {within:g} s"
            return NoResponse(loss, self._mask(reason), sent, time.monotonic() - started)
        return Response(response.status, headers, self._mask(text), time.monotonic() - started)

    async def _streamed(
        self, response: ClientResponse, headers: dict[str, str], started: float
    ) -> Response | NoResponse:
        """Read a stream to its end. An error in it is an answer with the error's own status. Raises as reading does."""
        assembly, lines, first_token = StreamAccumulator(), SSELineDecoder(), None
        pieces = response.content.iter_any()
        while not assembly.error and (piece := await _next_piece(pieces)):
            assembly.add_all(lines.feed(piece))
            if first_token is None and assembly.has_begun:
                first_token = time.monotonic() - started
        seconds = time.monotonic() - started
        if not assembly.error and not assembly.is_complete:
            return NoResponse(
                NoResponseReason.INCOMPLETE_RESPONSE,
                "the stream ended before the answer did",
                sent=True,
                seconds=seconds,
            )
        status = assembly.error.get("status_code") if assembly.error else response.status
        status = status if isinstance(status, int) else HTTPStatus.INTERNAL_SERVER_ERROR
        return Response(status, headers, self._mask(json.dumps(assembly.body())), seconds, first_token)


async def _next_piece(pieces: AsyncIterator[bytes]) -> bytes:
    """Wait for more of a stream; nothing at its end."""
    try:
        async with asyncio.timeout(IDLE_TIMEOUT):
            return await anext(pieces, b"")
    except TimeoutError:
        raise TimeoutError(f"the stream stood still for {IDLE_TIMEOUT:g} s") from None


def classify_network_error(error: BaseException) -> tuple[NoResponseReason, bool]:
    """Tell what happened, and whether the request may have reached Groq."""
    match error:
        case ClientConnectorDNSError():
            return NoResponseReason.DNS_FAILURE, False
        case ClientSSLError():
            return NoResponseReason.TLS_FAILURE, False
        case ClientConnectorError():
            return NoResponseReason.CONNECTION_REFUSED, False
        case ConnectionTimeoutError():
            return NoResponseReason.CONNECT_TIMEOUT, False
        case TimeoutError():
            return NoResponseReason.TIMEOUT, True
        case ClientResponseError() | ClientPayloadError(__cause__=ContentEncodingError()):
            return NoResponseReason.INVALID_RESPONSE, True
        case ClientPayloadError():
            return NoResponseReason.INCOMPLETE_RESPONSE, True
        case _:
            return NoResponseReason.CONNECTION_RESET, True
