"""OAuth2 access tokens for the engine's REST API: client credentials (RFC 6749, section 4.4)."""

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

from catalyst_groq.common.bounded_body import BodyTooLarge, read_body
from catalyst_groq.common.transport import TransportConfig
from catalyst_groq.errors import EngineUnreachable

TOKEN_TIMEOUT_SECONDS = 10.0
MAX_TOKEN_RESPONSE_BYTES = 1_000_000
EXPIRY_MARGIN_SECONDS = 30.0
"""A token is renewed this long before it expires."""

CHECK_TOKEN_URL = "Check CATALYST_ENGINE_TOKEN_URL, the network and the proxy"  # noqa: S105 -- no password
CHECK_CLIENT = "Check CATALYST_ENGINE_CLIENT_ID and CATALYST_ENGINE_CLIENT_SECRET"

DEFAULT_EXPIRES_IN_SECONDS = 60.0
"""Lifetime of a token for which the server sends no valid `expires_in`."""


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """The identity of the worker at a token server."""

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = ""


class OAuthTokenProvider:
    """Provides an access token: fetched when first needed, renewed before it expires or when the engine refuses it."""

    def __init__(self, http: ClientSession, transport: TransportConfig, credentials: ClientCredentials) -> None:
        self._http = http
        self._transport = transport
        self._credentials = credentials
        self._token = ""
        self._renew_at = 0.0
        self._fetching = asyncio.Lock()

    async def current(self, refused: str = "") -> str:
        """Return a token other than the refused one. Raises `EngineUnreachable` when the server issues none."""
        async with self._fetching:
            if self._token == refused or time.monotonic() >= self._renew_at:
                self._token, expires_in = await self._fetch()
                self._renew_at = time.monotonic() + max(expires_in - EXPIRY_MARGIN_SECONDS, expires_in / 2)
            return self._token

    async def _fetch(self) -> tuple[str, float]:
        """Return a new token and its lifetime in seconds."""
        client = self._credentials
        form = {"grant_type": "client_credentials", **({"scope": client.scope} if client.scope else {})}
        headers = {"authorization": basic_authorization(quote_plus(client.client_id), quote_plus(client.client_secret))}
        url = URL(client.token_url)
        try:
            proxy = self._transport.proxy_for(url)
            async with self._http.post(
                url,
                data=form,
                headers=headers,
                proxy=proxy.url,
                proxy_headers=proxy.headers,
                timeout=ClientTimeout(TOKEN_TIMEOUT_SECONDS),
                allow_redirects=False,
            ) as response:
                status, content = response.status, await read_body(response, MAX_TOKEN_RESPONSE_BYTES)
        except BodyTooLarge as error:
            raise EngineUnreachable(f"The token server at {client.token_url} issued no token: {error}") from error
        except (ClientError, OSError) as error:
            raise EngineUnreachable(
                f"The token server at {client.token_url} is unreachable: {error}. {CHECK_TOKEN_URL}"
            ) from error
        body = _parse(content)
        if status != HTTPStatus.OK or not body.get("access_token"):
            reason = body.get("error_description") or body.get("error")
            problem = f"{status} {reason or 'it sent no access_token'}. {CHECK_CLIENT if reason else CHECK_TOKEN_URL}"
            raise EngineUnreachable(f"The token server at {client.token_url} issued no token: {problem}")
        return str(body["access_token"]), _parse_expires_in(body.get("expires_in"))


def basic_authorization(user: str, password: str) -> str:
    """Return the value of the Authorization header for a user and a password (RFC 7617)."""
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


def _parse_expires_in(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return DEFAULT_EXPIRES_IN_SECONDS


def _parse(content: bytes) -> dict[str, Any]:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}
