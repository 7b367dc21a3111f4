"""OAuth2 for the engine's REST API: client credentials (RFC 6749, section 4.4)."""

import asyncio
import json
import time
from base64 import b64encode
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import quote_plus

from aiohttp import ClientError, ClientSession, ClientTimeout
from yarl import URL

from catalyst_groq.common.transport import TransportConfig
from catalyst_groq.errors import EngineUnreachable

TOKEN_TIMEOUT_SECONDS = 10.0
EXPIRY_MARGIN = 30.0
"""Seconds before its end at which a token is renewed."""

DEFAULT_EXPIRES_IN = 60.0
"""Seconds that a token is used whose server does not say how long it lives."""


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """Who the worker is to a token server."""

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = ""


class OAuthTokenProvider:
    """The access token in use: fetched when it is needed, renewed before it ends or when the engine refuses it."""

    def __init__(self, http: ClientSession, transport: TransportConfig, credentials: ClientCredentials) -> None:
        self._http = http
        self._transport = transport
        self._credentials = credentials
        self._token = ""
        self._renew_at = 0.0
        self._fetching = asyncio.Lock()

    async def current(self, refused: str = "") -> str:
        """Return a token other than the refused one. Raises `EngineUnreachable` when the server gives none."""
        async with self._fetching:
            if self._token == refused or time.monotonic() >= self._renew_at:
                self._token, life = await self._fetch()
                self._renew_at = time.monotonic() + max(life - EXPIRY_MARGIN, life / 2)
            return self._token

    async def _fetch(self) -> tuple[str, float]:
        own = self._credentials
        form = {"grant_type": "client_credentials", **({"scope": own.scope} if own.scope else {})}
        headers = {"authorization": basic_authorization(quote_plus(own.client_id), quote_plus(own.client_secret))}
        url = URL(own.token_url)
        try:
            async with self._http.post(
                url,
                data=form,
                headers=headers,
                proxy=self._transport.proxy_for(url),
                timeout=ClientTimeout(TOKEN_TIMEOUT_SECONDS),
                allow_redirects=False,
            ) as response:
                status, answer = response.status, await response.read()
        except (ClientError, OSError) as error:
            raise EngineUnreachable(f"The token server at {own.token_url} cannot be reached: {error}") from error
        said = _parse(answer)
        if status != HTTPStatus.OK or not said.get("access_token"):
            why = said.get("error_description") or said.get("error") or "it sent no access_token"
            raise EngineUnreachable(f"The token server at {own.token_url} gives no token: {status} {why}")
        return str(said["access_token"]), _expires_in(said.get("expires_in"))


def basic_authorization(user: str, password: str) -> str:
    """Return the Authorization header of a user and a password (RFC 7617)."""
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


def _expires_in(told: Any) -> float:
    try:
        return float(told)
    except (TypeError, ValueError):
        return DEFAULT_EXPIRES_IN


def _parse(answer: bytes) -> dict[str, Any]:
    try:
        said = json.loads(answer)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
