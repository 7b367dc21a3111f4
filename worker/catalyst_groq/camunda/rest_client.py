"""Calls to the engine's REST API: one pooled client that returns parsed responses or raises `EngineError`."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from http import HTTPStatus
from typing import Any, NamedTuple, TypeVar

from aiohttp import ClientError, ClientSession, ClientTimeout, FormData
from yarl import URL

from catalyst_groq.camunda.failed_calls import (
    CHECK_ENGINE,
    Answer,
    error_of_answer,
    error_of_failure,
    no_answer_of_an_engine,
    no_engine,
)
from catalyst_groq.camunda.oauth import CHECK_CLIENT, ClientCredentials, OAuthTokenProvider
from catalyst_groq.common.bounded_body import BodyTooLarge, read_body
from catalyst_groq.common.http_statuses import SUCCESS_STATUSES
from catalyst_groq.common.json_codec import parse, to_bytes
from catalyst_groq.common.threads import run_beside_loop_if_large
from catalyst_groq.common.transport import TransportConfig
from catalyst_groq.errors import EngineError, EngineRefused, EngineResponseTooLarge

CALL_TIMEOUT_SECONDS = 30.0
"""Timeout of a call other than a long poll. `complete` runs the next synchronous steps of the process."""

CONNECT_TIMEOUT_SECONDS = 10.0
KEEP_ALIVE_SECONDS = 15.0
"""Lifetime of an idle connection: less than Tomcat's 20 s, or a report could use one that Tomcat is closing."""

MAX_JSON_BYTES = 64_000_000
"""Maximum size of a JSON response, decompressed: the tasks of one fetch with their variables, or a diagram."""

MAX_FILE_BYTES = 128_000_000
"""Maximum size of a File: Groq accepts recordings of 100 MB."""

UPLOAD_TIMEOUT_SECONDS = 120.0
"""Timeout of a deployment, which the engine parses and stores."""

JSON_TYPE = "application/json"

T = TypeVar("T")
Authorization = str | Callable[[], str]
"""The value of the Authorization header, empty for none; or a function, for any thread, that returns it for a call."""

NO_CONTENT = type(None)
"""The shape of a response without content (204): any other response to a report does not come from an engine."""

JSON_FORMAT_MISSING = re.compile(
    r"Cannot find serializer|Unsupported value type|serialization data format", re.IGNORECASE
)
"""What an engine without the JSON data format says about a Json variable, or an Object in JSON."""


class RestClient:
    """HTTP client for the engine's REST API at one URL.

    `authorization` is sent as the Authorization header of every call, unless it is empty. With `credentials` a token of
    an OAuth2 server is sent instead; one that the engine refuses is renewed once. Uses aiohttp without httpx on top,
    because most calls of a task are made here.
    """

    def __init__(
        self,
        url: str,
        authorization: Authorization,
        transport: TransportConfig,
        credentials: ClientCredentials | None = None,
    ) -> None:
        self.url = url
        self._authorization = authorization
        self._transport = transport
        self._http = ClientSession(connector=transport.make_connector(KEEP_ALIVE_SECONDS))
        self._tokens = OAuthTokenProvider(self._http, transport, credentials) if credentials else None
        self.last_date = ""
        """The Date header of the last response: the time of the engine's server."""

    async def aclose(self) -> None:
        """Close the pooled connections."""
        await self._http.close()

    async def get(self, url: str, shape: type[T], max_bytes: int | None = None) -> T:
        """Return a JSON response of this shape. Raises `EngineUnreachable`, `EngineRefused`.

        A response of more than `max_bytes` (None: `MAX_JSON_BYTES`) is an `EngineResponseTooLarge`, which is an
        `EngineUnreachable`.
        """
        return await self._call(_Request("GET", url), shape, max_bytes)

    async def post(self, url: str, body: Mapping[str, Any], shape: type[T], timeout: float = CALL_TIMEOUT_SECONDS) -> T:
        """Send JSON and return a response of this shape. Raises `EngineUnreachable`, `EngineRefused`."""
        return await self._call(_Request("POST", url, to_bytes(body), timeout), shape)

    async def put(self, url: str, body: Mapping[str, Any]) -> None:
        """Send JSON; the response has no content. Raises as `post` does."""
        await self._call(_Request("PUT", url, to_bytes(body)), NO_CONTENT)

    async def upload(self, url: str, fields: Mapping[str, str], files: Mapping[str, bytes]) -> dict[str, Any]:
        """Send a form with files, by their names, and return a JSON object. Raises as `post` does."""
        form = FormData(quote_fields=False, charset="utf-8")  # the engine takes the names as they are
        for name, value in fields.items():
            form.add_field(name, value)
        for number, (name, content) in enumerate(files.items()):
            form.add_field(f"file-{number}", content, filename=name, content_type="application/octet-stream")
        parts = form()
        content_type = str(parts.headers["content-type"])
        content = await parts.as_bytes()
        request = _Request("POST", url, content, UPLOAD_TIMEOUT_SECONDS, content_type=content_type)
        return await self._call(request, dict)

    @contextmanager
    def parsing(self) -> Iterator[None]:
        """Read a response. One of an unexpected shape comes from a server that is not an engine."""
        try:
            yield
        except (AttributeError, IndexError, KeyError, TypeError) as error:
            raise no_engine(self.url, f"{error!r}. {CHECK_ENGINE}") from error

    async def read(self, url: str, timeout: float = CALL_TIMEOUT_SECONDS) -> bytes:
        """Return the bytes of a response that is not JSON, up to `MAX_FILE_BYTES`. Raises as `get` does."""
        return await self._authenticated_call(_Request("GET", url, timeout=timeout), MAX_FILE_BYTES)

    async def _call(self, request: "_Request", shape: type[T], max_bytes: int | None = None) -> T:
        body = await self._authenticated_call(request, max_bytes or MAX_JSON_BYTES)
        parsed = await run_beside_loop_if_large(body, _parse, body) if body else None
        if not isinstance(parsed, shape):
            raise no_answer_of_an_engine(self.url, body)
        return parsed

    async def _authenticated_call(self, request: "_Request", max_bytes: int) -> bytes:
        """Call once, and once more with a new token if the engine refuses the first one."""
        token = await self._tokens.current() if self._tokens else ""
        answer = await self._send(request, token, max_bytes)
        if answer.status == HTTPStatus.UNAUTHORIZED and self._tokens:
            answer = await self._send(request, await self._tokens.current(refused=token), max_bytes)
        if answer.status not in SUCCESS_STATUSES:
            raise await self._to_error(request, answer)
        return answer.content

    async def _to_error(self, request: "_Request", answer: Answer) -> EngineError:
        body = await run_beside_loop_if_large(answer.content, _parse, answer.content)
        error = error_of_answer(self.url, request.url, answer, body)
        if answer.status == HTTPStatus.UNAUTHORIZED and isinstance(error, EngineRefused):
            message = f"{error.message}. {self._credentials_fix()}".removeprefix(". ")
            return EngineRefused(error.status, error.kind, message)
        return error

    async def _send(self, request: "_Request", token: str, max_bytes: int) -> Answer:
        """Send a request once. Every failure without a response is the same error: they are all handled alike."""
        headers = {"content-type": request.content_type}
        if authorization := f"Bearer {token}" if token else self._current_authorization():
            headers["authorization"] = authorization
        url = URL(request.url, encoded=True)
        try:
            proxy = self._transport.proxy_for(url)
            async with self._http.request(
                request.method,
                url,
                data=request.content,
                headers=headers,
                proxy=proxy.url,
                proxy_headers=proxy.headers,
                timeout=_client_timeout(request.timeout),
                allow_redirects=False,
            ) as response:
                self.last_date = response.headers.get("date", "")
                location = response.headers.get("location", "")
                return Answer(response.status, await read_body(response, max_bytes), location)
        except BodyTooLarge as cause:
            raise EngineResponseTooLarge(f"Engine at {self.url}: {cause}") from cause
        except (ClientError, OSError) as cause:  # a TimeoutError is an OSError
            raise error_of_failure(self.url, cause, request.timeout) from cause

    def _current_authorization(self) -> str:
        return self._authorization() if callable(self._authorization) else self._authorization

    def _credentials_fix(self) -> str:
        """Return what to do when the engine refuses the worker's credentials, or its lack of any."""
        if self._tokens:
            return CHECK_CLIENT
        scheme = self._current_authorization().partition(" ")[0]
        if scheme == "Bearer":
            return "Check CATALYST_ENGINE_TOKEN"
        if scheme:
            return "Check CATALYST_ENGINE_USER and CATALYST_ENGINE_PASSWORD"
        return "Set CATALYST_ENGINE_USER and CATALYST_ENGINE_PASSWORD, or CATALYST_ENGINE_TOKEN"


class _Request(NamedTuple):
    """One HTTP request to the engine."""

    method: str
    url: str
    content: bytes | None = None
    timeout: float = CALL_TIMEOUT_SECONDS
    content_type: str = JSON_TYPE


@lru_cache
def _client_timeout(seconds: float) -> ClientTimeout:
    return ClientTimeout(total=seconds, sock_connect=CONNECT_TIMEOUT_SECONDS)


def _parse(content: bytes) -> Any:
    """Parse JSON. Invalid JSON is `...`, which is the value of no valid JSON."""
    try:
        return parse(content)
    except (ValueError, RecursionError):
        return ...
