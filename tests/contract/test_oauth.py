"""OAuth2 client credentials: one token for all calls, renewed before it expires and after a refusal."""

import asyncio
import base64
import time
from contextlib import aclosing, suppress

import pytest
from aiohttp import web

from catalyst_groq.camunda.client import EngineClient
from catalyst_groq.camunda.oauth import CHECK_CLIENT, CHECK_TOKEN_URL, ClientCredentials
from catalyst_groq.domain.variables import Encoder
from catalyst_groq.errors import EngineRefused, EngineUnreachable
from support.worker_harness import renew_lock, seconds

pytestmark = pytest.mark.anyio
SECRET = "a secret: with / signs"


class TokenServer:
    """A token server, and an engine that accepts only its newest token."""

    def __init__(self):
        self.issued, self.forms, self.clients = [], [], []
        self.refusals = 0
        self.expires_in = 300
        self.url = ""
        self.token_response = None
        self.accepts_tokens = True

    async def token(self, request):
        self.forms.append(dict(await request.post()))
        self.clients.append(base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode())
        if self.token_response is not None:
            response = self.token_response()
            return await response(request) if callable(response) else response
        self.issued.append(f"token-{len(self.issued) + 1}")
        return web.json_response(
            {"access_token": self.issued[-1], "token_type": "Bearer", "expires_in": self.expires_in}
        )

    async def engine(self, request):
        if not self.accepts_tokens or request.headers.get("authorization") != f"Bearer {self.issued[-1]}":
            self.refusals += 1
            return web.json_response({"type": "AuthorizationException", "message": "no"}, status=401)
        if request.path.endswith("/lock"):
            return web.Response(status=204)
        return web.json_response([])


@pytest.fixture
async def server():
    server = TokenServer()
    app = web.Application()
    app.router.add_post("/token", server.token)
    app.router.add_route("*", "/engine-rest/{path:.*}", server.engine)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()


def client(server, **identity):
    url = f"{server.url}/engine-rest"
    return EngineClient(
        url, "worker", lock_duration=seconds(60), async_response_timeout=seconds(1), encoder=Encoder(), **identity
    )


@pytest.fixture
async def engine(server):
    credentials = ClientCredentials(f"{server.url}/token", "worker", SECRET, "engine")
    async with aclosing(client(server, credentials=credentials)) as engine:
        yield engine


async def test_authorization_header_is_sent_with_every_call(server):
    server.issued.append("fixed")
    async with aclosing(client(server, authorization="Bearer fixed")) as engine:
        await renew_lock(engine, "any")
        await engine.locked_tasks()
        await engine.fetch_and_lock(["topic"], 1)

    assert server.refusals == 0


async def test_authorization_of_another_client_may_change(server):
    server.issued.append("first")
    async with aclosing(client(server, authorization=lambda: f"Bearer {server.issued[-1]}")) as engine:
        await renew_lock(engine, "any")
        server.issued.append("second")
        await renew_lock(engine, "any")
        await engine.locked_tasks()

    assert server.refusals == 0


@pytest.mark.slow
async def test_oauth_token_is_shared_by_concurrent_calls(server, engine):
    await asyncio.gather(*(engine.locked_tasks() for _ in range(20)))

    assert server.issued == ["token-1"]
    assert server.forms == [{"grant_type": "client_credentials", "scope": "engine"}]
    assert server.clients == ["worker:a+secret%3A+with+%2F+signs"]
    assert server.refusals == 0


async def test_oauth_token_of_lock_renewals_is_their_own(server, engine):
    """They run on another event loop, so that they cannot wait for a token that this one fetches."""
    await engine.locked_tasks()
    await renew_lock(engine, "any")

    assert server.issued == ["token-1", "token-2"]
    assert server.refusals == 0


async def test_oauth_token_is_renewed_before_it_expires(server, engine, monkeypatch):
    server.expires_in = 100
    await engine.locked_tasks()
    now = time.monotonic()
    monkeypatch.setattr("catalyst_groq.camunda.oauth.time.monotonic", lambda: now + 71)
    await engine.locked_tasks()

    assert server.issued == ["token-1", "token-2"]
    assert server.refusals == 0


@pytest.mark.parametrize("expires_in", [None, "soon", 0, "300"])
async def test_oauth_token_with_any_expires_in_is_accepted(server, engine, expires_in):
    server.expires_in = expires_in
    await engine.locked_tasks()

    assert server.refusals == 0


async def test_oauth_token_that_is_refused_is_renewed_once_for_all(server, engine):
    await engine.locked_tasks()
    server.issued.append("revoked")
    await asyncio.gather(*(engine.locked_tasks() for _ in range(20)))

    assert server.issued == ["token-1", "revoked", "token-3"]


async def test_oauth_token_refused_twice_is_an_error(server, engine):
    server.accepts_tokens = False
    with pytest.raises(EngineRefused, match="401 AuthorizationException"):
        await engine.locked_tasks()

    assert (server.refusals, len(server.issued)) == (2, 2)


async def endless_response(request):
    response = web.StreamResponse()
    await response.prepare(request)
    with suppress(ConnectionError):
        while True:
            await response.write(b"a" * 100_000)
    return response


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (
            lambda: web.json_response({"error": "invalid_client"}, status=401),
            f"no token: 401 invalid_client. {CHECK_CLIENT}",
        ),
        (lambda: web.Response(text="<html>"), f"no token: 200 it sent no access_token. {CHECK_TOKEN_URL}"),
        (lambda: web.json_response(["token"]), f"no token: 200 it sent no access_token. {CHECK_TOKEN_URL}"),
        (lambda: web.Response(status=302, text="<html>"), f"no token: 302 it sent no access_token. {CHECK_TOKEN_URL}"),
        (lambda: endless_response, "issued no token: the response of http://127.0.0.1:"),
    ],
)
async def test_oauth_server_without_a_token_is_an_outage(server, engine, response, reason):
    server.token_response = response
    with pytest.raises(EngineUnreachable) as unreachable:
        await engine.locked_tasks()

    assert reason in str(unreachable.value)
    assert SECRET not in str(unreachable.value)
