"""Calls to the engine's REST API: one pooled client, and every way a call can end as a value or one of our errors."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import aiohttp
import httpx
from httpx_aiohttp import HttpxAiohttpClient

from worker.errors import EngineConflict, EngineRefused, EngineUnreachable, TaskLost

CALL_TIMEOUT = 30.0
"""Seconds a call may take that is no poll. `complete` runs the next synchronous steps of the process."""

UNLIMITED = 0
"""Connections; for aiohttp None means 100, and calls beyond that would wait in line."""

SHOWN = 300
TITLE = re.compile(r"<title>(.*?)</title>", re.IGNORECASE | re.DOTALL)
NOT_UP = {502, 503, 504}
LOCKED_BY_OTHER = re.compile(r"locked by worker", re.IGNORECASE)


class Rest:
    """The engine's REST API at one URL. `headers` go with every call: content type and authentication."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._url = url
        self._http = HttpxAiohttpClient(
            limits=httpx.Limits(max_connections=UNLIMITED, keepalive_expiry=60), timeout=CALL_TIMEOUT, headers=headers
        )

    async def aclose(self) -> None:
        """Close the pooled connections."""
        await self._http.aclose()

    async def get(self, url: str) -> Any:
        """Ask for something. Raises `EngineUnreachable`, `EngineRefused`."""
        return await self._call("GET", url, None, CALL_TIMEOUT)

    async def post(self, url: str, body: Mapping[str, Any], within: float = CALL_TIMEOUT) -> Any:
        """Do something, in so many seconds. Raises `EngineUnreachable`, `EngineRefused`."""
        # ASCII, because a text may hold half a surrogate pair, which UTF-8 cannot say.
        return await self._call("POST", url, json.dumps(body).encode("ascii"), within)

    async def _call(self, method: str, url: str, content: bytes | None, within: float) -> Any:
        with self._reaching():
            response = await self._http.request(method, url, content=content, timeout=within)
        if not response.is_success:
            raise _refusal(response)
        try:
            return response.json() if response.content else None
        except ValueError as error:
            raise EngineUnreachable(f"What answers at {self._url} is no engine: {_excerpt(response)}") from error

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """Every way in which no answer came, as one error: nothing here depends on which it was."""
        try:
            yield
        except (TimeoutError, httpx.HTTPError, aiohttp.ClientError, OSError) as cause:
            reason = str(cause.__cause__ or cause) or type(cause).__name__
            raise EngineUnreachable(f"The engine at {self._url} cannot be reached: {reason}") from cause


def _refusal(response: httpx.Response) -> EngineRefused | EngineUnreachable:
    try:
        said = response.json()
        kind, message = str(said.get("type") or ""), str(said.get("message") or "")
    except (ValueError, AttributeError):
        kind, message = "", _excerpt(response)
    if response.status_code in NOT_UP:
        return EngineUnreachable(f"The engine answered {response.status_code}: {message}")
    return _class_of(response.status_code, kind, message)(response.status_code, kind, message)


def _class_of(status: int, kind: str, message: str) -> type[EngineRefused]:
    if "OptimisticLocking" in kind:
        return EngineConflict
    if status == httpx.codes.NOT_FOUND:
        return TaskLost
    if status == httpx.codes.BAD_REQUEST and LOCKED_BY_OTHER.search(message):
        return TaskLost
    return EngineRefused


def _excerpt(response: httpx.Response) -> str:
    """Say what a body that is no JSON says: an error page in its title, anything else in its first words."""
    title = TITLE.search(response.text)
    return " ".join((title[1] if title else response.text).split())[:SHOWN]
