"""Certificates and proxies on the way to the engine and to Groq: verified always, set apart for each."""

import asyncio
import ssl

import pytest
from aiohttp import web
from yarl import URL

from catalyst_groq.camunda.client import EngineClient
from catalyst_groq.common.transport import make_transport
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
    """A proxy that responds in place of every server; the request lines it received are in `request_lines`."""
    request_lines = []

    async def serve(reader, writer):
        request_lines.append((await reader.readline()).decode())
        while (await reader.readline()).strip():
            pass
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n[]")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", request_lines


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
    url, request_lines = proxy
    through = make_transport(proxy=url)
    await query_engine("http://engine.test/engine-rest", through)
    await send_to_groq("http://groq.test/openai/v1", through)

    assert [line.split()[1].split("?")[0] for line in request_lines] == [
        "http://engine.test/engine-rest/external-task",
        "http://groq.test/openai/v1/chat/completions",
    ]


async def test_environment_proxy_is_used_except_for_excluded_hosts(proxy, monkeypatch):
    url, request_lines = proxy
    monkeypatch.setenv("http_proxy", url)
    monkeypatch.setenv("no_proxy", "near.test")
    through = make_transport()
    await query_engine("http://engine.test/engine-rest", through)

    assert len(request_lines) == 1
    assert through.proxy_for(URL("http://near.test/engine-rest")) is None
    assert make_transport(proxy="http://own.test").proxy_for(URL("http://near.test/")) == "http://own.test"


async def test_netrc_is_not_used(proxy, monkeypatch, tmp_path):
    url, request_lines = proxy
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))

    await send_to_groq(url, make_transport())
    assert len(request_lines) == 1


def test_unreadable_certificate_is_reported_at_startup(tmp_path, authority):
    certificate, _ = authority.issue("client")
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")

    for files in [(tmp_path / "missing.pem",), (broken,), (None, broken), (authority.ca, certificate)]:
        with pytest.raises(SettingsError, match=r"The certificate .*\.pem cannot be used"):
            make_transport(*files)
