"""Calls to the engine's REST API: one pooled client, and every way a call can end as a value or one of our errors."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, TypeVar

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector
from yarl import URL

from worker.camunda.tokens import ClientCredentials, Tokens
from worker.errors import EngineConflict, EngineRefused, EngineUnreachable, TaskLost, ValueTooLong
from worker.json_texts import parse, to_bytes
from worker.network import Network

CALL_TIMEOUT = 30.0
"""Seconds a call may take that is no poll. `complete` runs the next synchronous steps of the process."""

CONNECT_TIMEOUT = 10.0
KEEP_ALIVE = 15.0
"""Seconds an idle connection is kept: less than Tomcat's 20, or a report could meet one that is just being closed."""

T = TypeVar("T")
NOTHING = type(None)
"""The shape of an answer without content (204): what else is answered to a report comes from no engine."""

UNLIMITED = 0
SHOWN = 300
TITLE = re.compile(r"<title>(.*?)</title>", re.IGNORECASE | re.DOTALL)
COLUMN_TOO_SHORT = 10002
"""The engine's code for it, whatever the database (`BuiltinExceptionCode.COLUMN_SIZE_TOO_SMALL`)."""

NOT_UP = {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}
LOCKED_BY_OTHER = re.compile(r"locked by worker", re.IGNORECASE)


class Rest:
    """The engine's REST API at one URL. `authorization`, the header, goes with every call if there is one.

    With `credentials` a token of an OAuth2 server goes with every call; one that the engine refuses is renewed once.
    Made of aiohttp itself, without httpx on top: most of a task's calls pass here.
    """

    def __init__(
        self, url: str, authorization: str, network: Network, credentials: ClientCredentials | None = None
    ) -> None:
        self._url = url
        self._headers = {"content-type": "application/json"}
        if authorization:
            self._headers["authorization"] = authorization
        self._way = network
        connector = TCPConnector(limit=UNLIMITED, keepalive_timeout=KEEP_ALIVE, ssl=network.tls)
        self._http = ClientSession(connector=connector)
        self._tokens = Tokens(self._http, network, credentials) if credentials else None

    async def aclose(self) -> None:
        """Close the pooled connections."""
        await self._http.close()

    async def get(self, url: str, shape: type[T]) -> T:
        """Ask for something of this shape. Raises `EngineUnreachable`, `EngineRefused`."""
        return await self._call("GET", url, None, CALL_TIMEOUT, shape)

    async def post(self, url: str, body: Mapping[str, Any], shape: type[T], within: float = CALL_TIMEOUT) -> T:
        """Do something, in so many seconds; the answer has this shape. Raises `EngineUnreachable`, `EngineRefused`."""
        return await self._call("POST", url, to_bytes(body), within, shape)

    async def read(self, url: str, within: float = CALL_TIMEOUT) -> bytes:
        """Ask for something that is no JSON. Raises `EngineUnreachable`, `EngineRefused`."""
        return await self._exchange("GET", url, None, within)

    async def _call(self, method: str, url: str, content: bytes | None, within: float, shape: type[T]) -> T:
        answer = await self._exchange(method, url, content, within)
        found = _parsed(answer) if answer else None
        if not isinstance(found, shape):
            raise EngineUnreachable(f"What answers at {self._url} is no engine: {_excerpt(answer)}")
        return found

    async def _exchange(self, method: str, url: str, content: bytes | None, within: float) -> bytes:
        """Call once, and once more with a new token where the old one is refused."""
        token = await self._tokens.current() if self._tokens else ""
        status, answer = await self._send(method, url, content, within, token)
        if status == HTTPStatus.UNAUTHORIZED and self._tokens:
            token = await self._tokens.current(refused=token)
            status, answer = await self._send(method, url, content, within, token)
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            raise self._refusal(status, answer)
        return answer

    async def _send(self, method: str, url: str, content: bytes | None, within: float, token: str) -> tuple[int, bytes]:
        """Every way in which no answer came is one error: nothing here depends on which it was."""
        headers = {**self._headers, "authorization": f"Bearer {token}"} if token else self._headers
        where = URL(url, encoded=True)
        try:
            async with self._http.request(
                method,
                where,
                data=content,
                headers=headers,
                proxy=self._way.proxy_for(where),
                timeout=ClientTimeout(total=within, sock_connect=CONNECT_TIMEOUT),
                allow_redirects=False,
            ) as response:
                return response.status, await response.read()
        except (ClientError, OSError) as cause:  # a TimeoutError is an OSError
            reason = str(cause) or f"no answer within {within:g} s"
            raise EngineUnreachable(f"The engine at {self._url} cannot be reached: {reason}") from cause

    def _refusal(self, status: int, answer: bytes) -> EngineRefused | EngineUnreachable:
        said = _parsed(answer)
        is_engines = isinstance(said, dict) and "type" in said
        if status == HTTPStatus.NOT_FOUND and not is_engines:
            # As of a URL that leads past the REST API, or of one that is just being deployed anew.
            mend = "Is /engine-rest missing in CATALYST_ENGINE_URL?"
            return EngineUnreachable(f"What answers at {self._url} is no engine: 404 {_excerpt(answer)}. {mend}")
        if isinstance(said, dict):
            kind, message, code = str(said.get("type") or ""), str(said.get("message") or ""), said.get("code")
        else:
            kind, message, code = "", _excerpt(answer), None
        if status in NOT_UP:
            return EngineUnreachable(f"The engine answered {status}: {message}")
        return _class_of(status, kind, message, code)(status, kind, message)


def _parsed(answer: bytes) -> Any:
    """Parse JSON; what is none is `...`, which no answer can be."""
    try:
        return parse(answer)
    except (ValueError, RecursionError):
        return ...


def _class_of(status: int, kind: str, message: str, code: int | None) -> type[EngineRefused]:
    if "OptimisticLocking" in kind:
        return EngineConflict
    if code == COLUMN_TOO_SHORT:
        return ValueTooLong
    if status == HTTPStatus.NOT_FOUND:
        return TaskLost
    if status == HTTPStatus.BAD_REQUEST and LOCKED_BY_OTHER.search(message):
        return TaskLost
    return EngineRefused


def _excerpt(answer: bytes) -> str:
    """Say what a body that is no JSON says: an error page in its title, anything else in its first words."""
    text = answer.decode(errors="replace")
    title = TITLE.search(text)
    return " ".join((title[1] if title else text).split())[:SHOWN]
