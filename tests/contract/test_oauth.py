"""OAuth2 client credentials: a token is fetched once, renewed in time and once more when the engine refuses it."""

import asyncio
import base64
import time
from contextlib import aclosing

import pytest
from aiohttp import web

from catalyst_groq.camunda.client import EngineClient
from catalyst_groq.camunda.oauth import ClientCredentials
from catalyst_groq.domain.variables import Encoder
from catalyst_groq.errors import EngineRefused, EngineUnreachable
from support.worker_harness import renew_lock, seconds

pytestmark = pytest.mark.anyio
SECRET = "a secret: with / signs"


class Guarded:
    """An engine that wants the newest token, and the server that gives tokens."""

    def __init__(self):
        self.given, self.forms, self.clients = [], [], []
        self.refusals = 0
        self.life = 300
        self.url = ""
        self.answer = None
        self.accepts = True

    async def token(self, request):
        self.forms.append(dict(await request.post()))
        self.clients.append(base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode())
        if self.answer is not None:
            return self.answer()
        self.given.append(f"token-{len(self.given) + 1}")
        return web.json_response({"access_token": self.given[-1], "token_type": "Bearer", "expires_in": self.life})

    async def engine(self, request):
        if not self.accepts or request.headers.get("authorization") != f"Bearer {self.given[-1]}":
            self.refusals += 1
            return web.json_response({"type": "AuthorizationException", "message": "no"}, status=401)
        if request.path.endswith("/lock"):
            return web.Response(status=204)
        return web.json_response([])


@pytest.fixture
async def guarded():
    guarded = Guarded()
    app = web.Application()
    app.router.add_post("/token", guarded.token)
    app.router.add_route("*", "/engine-rest/{path:.*}", guarded.engine)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    guarded.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield guarded
    await runner.cleanup()


def client(guarded, **identity):
    url = f"{guarded.url}/engine-rest"
    return EngineClient(
        url, "worker", lock_duration=seconds(60), async_response_timeout=seconds(1), encoder=Encoder(), **identity
    )


@pytest.fixture
async def engine(guarded):
    credentials = ClientCredentials(f"{guarded.url}/token", "worker", SECRET, "engine")
    async with aclosing(client(guarded, credentials=credentials)) as engine:
        yield engine


async def test_a_fixed_authorization_goes_with_every_call(guarded):
    guarded.given.append("fixed")
    async with aclosing(client(guarded, authorization="Bearer fixed")) as engine:
        await renew_lock(engine, "any")
        await engine.locked_tasks()
        await engine.fetch_and_lock(["topic"], 1)

    assert guarded.refusals == 0


async def test_many_calls_share_one_token(guarded, engine):
    await asyncio.gather(*(engine.locked_tasks() for _ in range(20)))

    assert guarded.given == ["token-1"]
    assert guarded.forms == [{"grant_type": "client_credentials", "scope": "engine"}]
    assert guarded.clients == ["worker:a+secret%3A+with+%2F+signs"]
    assert guarded.refusals == 0


async def test_oauth_token_of_lock_renewals_is_their_own(guarded, engine):
    """They run on another event loop, so that they cannot wait for a token that this one fetches."""
    await engine.locked_tasks()
    await renew_lock(engine, "any")

    assert guarded.given == ["token-1", "token-2"]
    assert guarded.refusals == 0


async def test_a_token_is_renewed_before_it_ends(guarded, engine, monkeypatch):
    guarded.life = 100
    await engine.locked_tasks()
    now = time.monotonic()
    monkeypatch.setattr("catalyst_groq.camunda.oauth.time.monotonic", lambda: now + 71)
    await engine.locked_tasks()

    assert guarded.given == ["token-1", "token-2"]
    assert guarded.refusals == 0


@pytest.mark.parametrize("life", [None, "soon", 0, "300"])
async def test_any_life_that_a_server_tells_is_borne(guarded, engine, life):
    guarded.life = life
    await engine.locked_tasks()

    assert guarded.refusals == 0


async def test_a_token_that_the_engine_refuses_is_renewed_once_for_all(guarded, engine):
    await engine.locked_tasks()
    guarded.given.append("revoked")
    await asyncio.gather(*(engine.locked_tasks() for _ in range(20)))

    assert guarded.given == ["token-1", "revoked", "token-3"]


async def test_an_engine_that_refuses_every_token_is_asked_twice(guarded, engine):
    guarded.accepts = False
    with pytest.raises(EngineRefused, match="401 AuthorizationException"):
        await engine.locked_tasks()

    assert (guarded.refusals, len(guarded.given)) == (2, 2)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda: web.json_response({"error": "invalid_client"}, status=401), "issued no token: 401 invalid_client"),
        (lambda: web.Response(text="<html>"), "issued no token: 200 it sent no access_token"),
        (lambda: web.json_response(["token"]), "issued no token: 200 it sent no access_token"),
    ],
)
async def test_a_token_server_that_gives_none_makes_the_engine_unreachable(guarded, engine, answer, said):
    guarded.answer = answer
    with pytest.raises(EngineUnreachable) as unreachable:
        await engine.locked_tasks()

    assert said in str(unreachable.value)
    assert SECRET not in str(unreachable.value)
