"""Certificates and proxies on the way to the engine and to Groq: verified always, set apart for each."""

import asyncio
import ssl
from base64 import b64encode

import pytest
from aiohttp import web
from yarl import URL

from catalyst_groq.camunda.client import EngineClient
from catalyst_groq.common.transport import NO_PROXY, Proxy, make_transport
from catalyst_groq.domain.variables import Encoder
from catalyst_groq.errors import EngineUnreachable, SettingsError
from catalyst_groq.groq.api.client import HttpGroqClient
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.api.responses import NoResponseReason, Response
from support.certificates import Authority
from support.groq_clients import make_request
from support.worker_harness import seconds

pytestmark = pytest.mark.anyio


async def answer(_):
    return web.json_response([])


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@pytest.fixture
async def server(authority):
    """A TLS server that requires a client certificate of the authority."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority.ca)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(*authority.issue("server"))
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    yield f"https://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
async def proxy():
    """A proxy that returns an empty list and records the heads of requests."""
    heads = []

    async def serve(reader, writer):
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n[]")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heads


async def query_engine(url, through):
    engine = EngineClient(
        url,
        "worker",
        lock_duration=seconds(60),
        async_response_timeout=seconds(1),
        encoder=Encoder(),
        transport=through,
    )
    try:
        return await engine.locked_tasks()
    finally:
        await engine.aclose()


async def send_to_groq(url, through):
    groq_client = HttpGroqClient(through)
    try:
        return await groq_client.send(make_request(Account(url, "gsk_key"), {}, 10))
    finally:
        await groq_client.aclose()


async def test_certificate_of_a_configured_authority_is_accepted(server, authority):
    through = make_transport(authority.ca, *authority.issue("client"))

    assert await query_engine(server, through) == []
    assert isinstance(await send_to_groq(server, through), Response)


async def test_client_certificate_is_required_by_the_server(server, authority):
    through = make_transport(authority.ca)

    with pytest.raises(EngineUnreachable):
        await query_engine(server, through)
    assert not isinstance(await send_to_groq(server, through), Response)


@pytest.mark.parametrize("which", ["the system's", "another"])
async def test_certificate_of_an_unknown_authority_is_refused(server, authority, tmp_path, which):
    ca = Authority(tmp_path, "other").ca if which == "another" else None
    through = make_transport(ca, *authority.issue("client"))

    with pytest.raises(EngineUnreachable, match="certificate verify failed"):
        await query_engine(server, through)
    assert (await send_to_groq(server, through)).reason is NoResponseReason.TLS_FAILURE


async def test_a_certificate_for_another_host_is_refused(server, authority):
    through = make_transport(authority.ca, *authority.issue("client"))

    with pytest.raises(EngineUnreachable, match="certificate verify failed"):
        await query_engine(server.replace("127.0.0.1", "localhost"), through)


async def test_proxy_is_used_for_the_engine_and_groq(proxy):
    url, heads = proxy
    through = make_transport(proxy=url)
    await query_engine("http://engine.test/engine-rest", through)
    await send_to_groq("http://groq.test/openai/v1", through)

    assert [line.split()[1].split("?")[0] for line in heads] == [
        "http://engine.test/engine-rest/external-task",
        "http://groq.test/openai/v1/chat/completions",
    ]


async def test_environment_proxy_is_used_except_for_excluded_hosts(proxy, monkeypatch):
    url, heads = proxy
    monkeypatch.setenv("http_proxy", url)
    monkeypatch.setenv("no_proxy", "near.test")
    through = make_transport()
    await query_engine("http://engine.test/engine-rest", through)

    assert len(heads) == 1
    assert through.proxy_for(URL("http://near.test/engine-rest")) == NO_PROXY
    assert make_transport(proxy="http://own.test").proxy_for(URL("http://near.test/")) == Proxy(URL("http://own.test"))


@pytest.mark.parametrize("source", ["setting", "environment", "environment without a scheme"])
async def test_password_of_a_proxy_is_sent_and_not_shown(proxy, monkeypatch, source):
    url, heads = proxy
    with_password = url.replace("http://127.0.0.1", "http://me:s3%40cret@LOCALHOST")
    if source == "setting":
        through = make_transport(proxy=with_password)
    else:
        monkeypatch.setenv("http_proxy", with_password.removeprefix("http://" if "without" in source else ""))
        through = make_transport()
    host = f"http://{source.replace(' ', '-')}-sent.test"  # proxies are looked up once per host
    await query_engine(f"{host}/engine-rest", through)
    await send_to_groq(f"{host}/openai/v1", through)
    if source == "setting":
        await send_to_groq(f"{host.replace('http', 'https')}/openai/v1", through)
        assert heads[-1].startswith("CONNECT ")

    sent = "Proxy-Authorization: Basic " + b64encode(b"me:s3@cret").decode()
    assert [sent in head for head in heads] == [True] * len(heads)
    assert not any("\r\nAuthorization: Basic" in head for head in heads)
    chosen = through.proxy_for(URL(host))
    assert str(chosen.url) == url.replace("127.0.0.1", "localhost")
    assert "s3" not in repr((through, chosen))


@pytest.mark.parametrize("source", ["setting", "environment"])
async def test_password_of_a_proxy_is_not_in_errors(monkeypatch, source):
    """Nothing listens at port 1."""
    with_password = "http://me:s3cret@LocalHost:1"
    if source == "environment":
        monkeypatch.setenv("http_proxy", with_password)
    through = make_transport(proxy=with_password if source == "setting" else None)
    with pytest.raises(EngineUnreachable) as caught:
        await query_engine(f"http://{source}-errors.test/engine-rest", through)
    no_response = await send_to_groq(f"http://{source}-errors.test/openai/v1", through)

    assert "localhost" in no_response.message
    shown = f"{caught.value} {caught.value.__cause__!r} {no_response!r}"
    assert "me:" not in shown
    assert "s3cret" not in shown


async def test_proxy_of_the_environment_that_is_no_url_fails_each_call(monkeypatch):
    monkeypatch.setenv("http_proxy", "socks5://me:s3cret@localhost:1")
    no_response = await send_to_groq("http://socks.test/openai/v1", make_transport())
    assert (no_response.reason, no_response.sent) == (NoResponseReason.CONNECTION_REFUSED, False)
    assert no_response.message == "http_proxy - the proxy of the environment is not an http(s) URL"


def test_proxy_that_is_no_url_is_refused():
    with pytest.raises(SettingsError, match="is not an http") as caught:
        make_transport(proxy="socks5://me:s3cret@localhost:1")
    assert "s3cret" not in str(caught.value)


async def test_netrc_is_not_used(proxy, monkeypatch, tmp_path):
    url, heads = proxy
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))

    await send_to_groq(url, make_transport())
    assert len(heads) == 1


def test_unreadable_certificate_is_reported_at_startup(tmp_path, authority):
    certificate, _ = authority.issue("client")
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")

    for files in [(tmp_path / "missing.pem",), (broken,), (None, broken), (authority.ca, certificate)]:
        with pytest.raises(SettingsError, match=r"The certificate .*\.pem cannot be used"):
            make_transport(*files)
