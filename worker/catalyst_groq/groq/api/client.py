"""The HTTP client of the Groq API."""

import asyncio
import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

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
    InvalidURL,
)
from aiohttp.http_exceptions import ContentEncodingError
from yarl import URL

from catalyst_groq import __version__
from catalyst_groq.common.bounded_body import BodyTooLarge
from catalyst_groq.common.http_statuses import SUCCESS_STATUSES
from catalyst_groq.common.json_codec import to_bytes
from catalyst_groq.common.threads import run_beside_loop_if_large
from catalyst_groq.common.transport import TransportConfig, make_transport
from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.groq.api.body_reader import BodyReader, StreamTimeouts
from catalyst_groq.groq.api.content_encoding import find_encoding_problem
from catalyst_groq.groq.api.embedded_errors import error_response, surface_error
from catalyst_groq.groq.api.requests import GroqRequest
from catalyst_groq.groq.api.response_body import ResponseBody
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason, Response
from catalyst_groq.groq.api.streaming import MAX_INDEX, InvalidStreamError, StreamAccumulator
from catalyst_groq.groq.api.unresponsive_endpoints import ResponseMonitor

log = logging.getLogger(__name__)

HEADERS = {
    # Groq's edge refuses the default user agents of some HTTP libraries with a 403.
    "user-agent": f"catalyst-groq-worker/{__version__}",
    "accept": "application/json",
}
KEEP_ALIVE_SECONDS = 60.0
CONNECT_TIMEOUT_SECONDS = 10.0

MAX_RESPONSE_BYTES = 32_000_000
"""Maximum size of a response, decompressed: several times the longest transcript with the timestamps of its words."""

MAX_HEADERS, MAX_HEADER_BYTES = 500, 32_768
"""Of a response. Gateways add security policies of 10 kB, and dozens of headers of their own."""

EVENT_STREAM, JSON = "text/event-stream", "application/json"
BINARY_TYPES = ("audio/", "video/", "image/", "application/octet-stream")
"""Content types whose bodies are not text, so that they are not searched for keys."""


class HttpGroqClient:
    """A `GroqClient` over HTTP, for Groq and every server with an OpenAI-compatible API.

    It never retries and never raises. It never follows a redirect, which could send the key to another server. The
    operator's keys and that of the request are removed from bodies, headers and messages before anything can store
    them. Of a response it reads no more than `max_response_bytes`. It uses aiohttp directly: that needs a fraction of
    httpx's CPU time.
    """

    def __init__(
        self,
        transport: TransportConfig | None = None,
        redactor: Redactor | None = None,
        max_response_bytes: int = MAX_RESPONSE_BYTES,
        stream_timeouts: StreamTimeouts | None = None,
        monitor: ResponseMonitor | None = None,
    ) -> None:
        self._transport = transport or make_transport()
        self._redactor = redactor or Redactor()
        self._max_response_bytes = max_response_bytes
        self._stream_timeouts = stream_timeouts or StreamTimeouts()
        self._monitor = monitor or ResponseMonitor()
        connector = self._transport.make_connector(KEEP_ALIVE_SECONDS)
        # Without cookies, nothing from one account's responses is sent with another account's requests.
        self._http = ClientSession(
            connector=connector,
            headers=HEADERS,
            cookie_jar=DummyCookieJar(),
            max_headers=MAX_HEADERS,
            max_field_size=MAX_HEADER_BYTES,
        )

    async def aclose(self) -> None:
        """Close the pooled connections."""
        await self._http.close()

    async def send(self, request: GroqRequest) -> Response | NoResponse:
        """Send a request, and read the response to the last byte within the request's timeout.

        A stream becomes the response that Groq would have sent as a whole.
        """
        operation, account, timeout = request.operation, request.account, request.timeout
        started = time.monotonic()
        url = request_url(request)
        redactor = self._redactor.for_key(account.key)
        first_token_timeout = asyncio.timeout(self._first_token_seconds(request))
        pending = self._monitor.begin(request.endpoint, timeout)
        try:
            proxy = self._transport.proxy_for(url)
            async with (
                asyncio.timeout(timeout),
                first_token_timeout,
                self._http.request(
                    operation.method,
                    url,
                    data=operation.encode(request.payload),
                    headers=account.request_headers,
                    proxy=proxy.url,
                    proxy_headers=proxy.headers,
                    timeout=ClientTimeout(total=None, sock_connect=min(CONNECT_TIMEOUT_SECONDS, timeout)),
                    allow_redirects=False,
                ) as received,
            ):
                pending.record_response()
                headers = redactor.mask_all({name.lower(): value for name, value in received.headers.items()})
                response = await self._read(request, received, headers, started, first_token_timeout)
            pending.record_response()
        except (InvalidStreamError, BodyTooLarge) as error:
            is_too_large = isinstance(error, BodyTooLarge)
            reason = NoResponseReason.RESPONSE_TOO_LARGE if is_too_large else NoResponseReason.INVALID_RESPONSE
            return NoResponse(reason, redactor.mask(str(error)), sent=True, seconds=time.monotonic() - started)
        except (ClientError, OSError) as error:  # a TimeoutError is an OSError
            reason, sent = classify_network_error(error)
            message = " ".join(str(error).split()) or f"nothing within {timeout:g} s"
            if first_token_timeout.expired():
                seconds = self._stream_timeouts.first_token
                message = f"no token of the stream within {seconds:g} s (CATALYST_STREAM_FIRST_TOKEN_TIMEOUT)"
            return NoResponse(reason, redactor.mask(message), sent, time.monotonic() - started)
        finally:
            pending.end()
        if isinstance(response, NoResponse):
            return response
        return await run_beside_loop_if_large(response.content, mask_and_decode, request, response, redactor)

    def _first_token_seconds(self, request: GroqRequest) -> float | None:
        """Return the timeout of the first token, if the response is streamed and the request's own is longer."""
        seconds = self._stream_timeouts.first_token
        is_shorter = seconds is not None and seconds < request.timeout
        return seconds if is_shorter and request.payload.get("stream") is True else None

    async def _read(
        self,
        request: GroqRequest,
        received: ClientResponse,
        headers: dict[str, str],
        started: float,
        first_token_timeout: asyncio.Timeout,
    ) -> Response | NoResponse:
        """Read the response."""
        body = ResponseBody(_expected_stream(request, received))
        if body.stream is None or received.content_type == JSON:
            first_token_timeout.reschedule(None)
        deadline, idle_timeout = started + request.timeout, self._stream_timeouts.idle
        reader = BodyReader(received, body, self._max_response_bytes, deadline, idle_timeout, first_token_timeout)
        await reader.read()
        seconds = time.monotonic() - started
        first_token = None if reader.first_token is None else reader.first_token - started
        return to_response(body, received.status, headers, seconds, first_token)


def request_url(request: GroqRequest) -> URL:
    """Return the URL that a request is sent to."""
    url = URL(request.account.url + request.operation.path)
    return url.with_query(request.account.query) if request.account.query else url


def to_response(
    body: ResponseBody, status: int, headers: Mapping[str, str], seconds: float = 0.0, first_token: float | None = None
) -> Response | NoResponse:
    """Return the response of a body that was read. An error in a stream becomes a response with its own status."""
    if body.stream is None or not body.is_stream:
        return Response(status, headers, body.content, seconds)
    if body.stream.error is not None:
        return error_response(Response(status, headers, b"", seconds), body.stream.error)
    if not body.stream.is_complete:
        message = "the stream ended before the response did"
        return NoResponse(NoResponseReason.INCOMPLETE_RESPONSE, message, sent=True, seconds=seconds)
    first_token = seconds if first_token is None else first_token
    return Response(status, headers, to_bytes(body.stream.body()), seconds, first_token)


def _expected_stream(request: GroqRequest, received: ClientResponse) -> StreamAccumulator | None:
    """Return what accumulates the response, if it may be a stream. An error (no 2xx) is never one."""
    if received.status not in SUCCESS_STATUSES:
        return None
    if received.content_type != EVENT_STREAM and request.payload.get("stream") is not True:
        return None
    return make_accumulator(request)


def make_accumulator(request: GroqRequest) -> StreamAccumulator:
    """Return what accumulates the streamed response to a request."""
    choices = request.payload.get("n")
    return StreamAccumulator(choices if isinstance(choices, int) and 1 <= choices <= MAX_INDEX else 1)


def mask_and_decode(request: GroqRequest, response: Response, redactor: Redactor) -> Response | NoResponse:
    """Return a response without keys, in the form that the operation has; no response if nothing can be read."""
    if problem := find_encoding_problem(response):
        if response.is_success:
            return NoResponse(NoResponseReason.UNREADABLE, redactor.mask(problem), sent=True, seconds=response.seconds)
        response = replace(response, content=problem.encode())
    return _decode(request, surface_error(_mask_body(response, redactor)))


def _mask_body(response: Response, redactor: Redactor) -> Response:
    """Return the response without keys.

    A JSON body that contains one is parsed, masked and written anew, so that it stays JSON. A body that is not JSON is
    masked as text.
    """
    if response.headers.get("content-type", "").startswith(BINARY_TYPES):
        return response
    text = response.text
    masked = redactor.mask(text)
    if masked == text:
        return response
    if response.body is not None:
        with suppress(RecursionError, TypeError, ValueError):  # nested too deeply to be written
            return response.with_body(redactor.mask_all(response.body))
    return replace(response, content=masked.encode())


def _decode(request: GroqRequest, response: Response) -> Response:
    """Return the decoded response; the response itself when its operation cannot decode it, since it was paid for."""
    try:
        return request.operation.decode(response, request.payload)
    except Exception:
        log.exception("A response of %s is not decoded: internal error", request.operation.path)
        return response


def classify_network_error(error: BaseException) -> tuple[NoResponseReason, bool]:
    """Return why there is no response, and whether the request may have reached Groq."""
    match error:
        case ClientConnectorDNSError():
            return NoResponseReason.DNS_FAILURE, False
        case InvalidURL():  # of the proxy
            return NoResponseReason.CONNECTION_REFUSED, False
        case ClientSSLError():
            return NoResponseReason.TLS_FAILURE, False
        case ClientConnectorError():
            return NoResponseReason.CONNECTION_REFUSED, False
        case ConnectionTimeoutError():
            return NoResponseReason.CONNECT_TIMEOUT, False
        case TimeoutError():
            return NoResponseReason.TIMEOUT, True
        case ClientPayloadError(__cause__=ContentEncodingError()):
            return NoResponseReason.UNREADABLE, True
        case ClientResponseError():
            return NoResponseReason.INVALID_RESPONSE, True
        case ClientPayloadError():
            return NoResponseReason.INCOMPLETE_RESPONSE, True
        case _:
            return NoResponseReason.CONNECTION_RESET, True
