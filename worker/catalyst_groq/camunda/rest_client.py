"""Calls to the engine's REST API: one pooled client, and every way a call can end as a value or one of our errors."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, TypeVar

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector
from yarl import URL

from catalyst_groq.camunda.oauth import ClientCredentials, OAuthTokenProvider
from catalyst_groq.common.json_codec import parse, to_bytes
from catalyst_groq.common.transport import TransportConfig
from catalyst_groq.errors import EngineConflict, EngineRefused, EngineUnreachable, TaskLost, ValueTooLong

CALL_TIMEOUT_SECONDS = 30.0
"""Seconds a call may take that is no poll. `complete` runs the next synchronous steps of the process."""

CONNECT_TIMEOUT_SECONDS = 10.0
KEEP_ALIVE_SECONDS = 15.0
"""Seconds an idle connection is kept: less than Tomcat's 20, or a report could meet one that is just being closed."""

T = TypeVar("T")
NO_CONTENT = type(None)
"""The shape of an answer without content (204): what else is answered to a report comes from no engine."""

UNLIMITED_CONNECTIONS = 0
MAX_EXCERPT_CHARS = 300
HTML_TITLE = re.compile(r"<title>(.*?)</title>", re.IGNORECASE | re.DOTALL)
COLUMN_SIZE_TOO_SMALL_CODE = 10002
"""The engine's code for it, whatever the database (`BuiltinExceptionCode.COLUMN_SIZE_TOO_SMALL`)."""

UNAVAILABLE_STATUSES = {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}
LOCKED_BY_OTHER = re.compile(r"locked by worker", re.IGNORECASE)


class RestClient:
    """The engine's REST API at one URL. `authorization`, the header, goes with every call if there is one.

    With `credentials` a token of an OAuth2 server goes with every call; one that the engine refuses is renewed once.
    Made of aiohttp itself, without httpx on top: most of a task's calls pass here.
    """

    def __init__(
        self, url: str, authorization: str, transport: TransportConfig, credentials: ClientCredentials | None = None
    ) -> None:
        self._url = url
        self._headers = {"content-type": "application/json"}
        if authorization:
            self._headers["authorization"] = authorization
        self._transport = transport
        connector = TCPConnector(
            limit=UNLIMITED_CONNECTIONS, keepalive_timeout=KEEP_ALIVE_SECONDS, ssl=transport.ssl_context
        )
        self._http = ClientSession(connector=connector)
        self._tokens = OAuthTokenProvider(self._http, transport, credentials) if credentials else None

    async def aclose(self) -> None:
        """Close the pooled connections."""
        await self._http.close()

    async def get(self, url: str, shape: type[T]) -> T:
        """Ask for something of this shape. Raises `EngineUnreachable`, `EngineRefused`."""
        return await self._call("GET", url, None, CALL_TIMEOUT_SECONDS, shape)

    async def post(self, url: str, body: Mapping[str, Any], shape: type[T], timeout: float = CALL_TIMEOUT_SECONDS) -> T:
        """Do something, in so many seconds; the answer has this shape. Raises `EngineUnreachable`, `EngineRefused`."""
        return await self._call("POST", url, to_bytes(body), timeout, shape)

    async def read(self, url: str, timeout: float = CALL_TIMEOUT_SECONDS) -> bytes:
        """Ask for something that is no JSON. Raises `EngineUnreachable`, `EngineRefused`."""
        return await self._authenticated_call("GET", url, None, timeout)

    async def _call(self, method: str, url: str, content: bytes | None, timeout: float, shape: type[T]) -> T:
        answer = await self._authenticated_call(method, url, content, timeout)
        found = _parse(answer) if answer else None
        if not isinstance(found, shape):
            raise EngineUnreachable(f"What answers at {self._url} is no engine: {_excerpt(answer)}")
        return found

    async def _authenticated_call(self, method: str, url: str, content: bytes | None, timeout: float) -> bytes:
        """Call once, and once more with a new token where the old one is refused."""
        token = await self._tokens.current() if self._tokens else ""
        status, answer = await self._send(method, url, content, timeout, token)
        if status == HTTPStatus.UNAUTHORIZED and self._tokens:
            token = await self._tokens.current(refused=token)
            status, answer = await self._send(method, url, content, timeout, token)
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            raise self._refusal(status, answer)
        return answer

    async def _send(
        self, method: str, url: str, content: bytes | None, timeout: float, token: str
    ) -> tuple[int, bytes]:
        """Every way in which no answer came is one error: nothing here depends on which it was."""
        headers = {**self._headers, "authorization": f"Bearer {token}"} if token else self._headers
        where = URL(url, encoded=True)
        try:
            async with self._http.request(
                method,
                where,
                data=content,
                headers=headers,
                proxy=self._transport.proxy_for(where),
                timeout=ClientTimeout(total=timeout, sock_connect=CONNECT_TIMEOUT_SECONDS),
                allow_redirects=False,
            ) as response:
                return response.status, await response.read()
        except (ClientError, OSError) as cause:  # a TimeoutError is an OSError
            reason = str(cause) or f"no answer within {timeout:g} s"
            raise EngineUnreachable(f"The engine at {self._url} cannot be reached: {reason}") from cause

    def _refusal(self, status: int, answer: bytes) -> EngineRefused | EngineUnreachable:
        said = _parse(answer)
        is_engines = isinstance(said, dict) and "type" in said
        if status == HTTPStatus.NOT_FOUND and not is_engines:
            # As of a URL that leads past the REST API, or of one that is just being deployed anew.
            mend = "Is /engine-rest missing in CATALYST_ENGINE_URL?"
            return EngineUnreachable(f"What answers at {self._url} is no engine: 404 {_excerpt(answer)}. {mend}")
        if isinstance(said, dict):
            kind, message, code = str(said.get("type") or ""), str(said.get("message") or ""), said.get("code")
        else:
            kind, message, code = "", _excerpt(answer), None
        if status in UNAVAILABLE_STATUSES:
            return EngineUnreachable(f"The engine answered {status}: {message}")
        return _class_of(status, kind, message, code)(status, kind, message)


def _parse(answer: bytes) -> Any:
    """Parse JSON; what is none is `...`, which no answer can be."""
    try:
        return parse(answer)
    except (ValueError, RecursionError):
        return ...


def _class_of(status: int, kind: str, message: str, code: int | None) -> type[EngineRefused]:
    if "OptimisticLocking" in kind:
        return EngineConflict
    if code == COLUMN_SIZE_TOO_SMALL_CODE:
        return ValueTooLong
    if status == HTTPStatus.NOT_FOUND:
        return TaskLost
    if status == HTTPStatus.BAD_REQUEST and LOCKED_BY_OTHER.search(message):
        return TaskLost
    return EngineRefused


def _excerpt(answer: bytes) -> str:
    """Say what a body that is no JSON says: an error page in its title, anything else in its first words."""
    text = answer.decode(errors="replace")
    title = HTML_TITLE.search(text)
    return " ".join((title[1] if title else text).split())[:MAX_EXCERPT_CHARS]
