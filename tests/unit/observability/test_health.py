"""Liveness and readiness probes."""

import socket
from contextlib import suppress
from dataclasses import dataclass

import httpx
import pytest
from aiohttp import test_utils, web
from prometheus_client import CollectorRegistry, Gauge

from catalyst_groq.errors import SettingsError
from catalyst_groq.observability.health import HealthProblem, find_health_problem, health_server
from catalyst_groq.observability.readiness import Check, CheckStatus

pytestmark = pytest.mark.anyio


@dataclass
class FakeStatus:
    is_stalled: bool = False
    is_ready: bool = True


def has_ipv6():
    with suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        return True
    return False


async def get(port, path):
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(f"http://127.0.0.1:{port}{path}")


async def get_status(port, path):
    return (await get(port, path)).status_code


async def test_health_of_a_working_worker():
    async with health_server("127.0.0.1", 0, FakeStatus(), CollectorRegistry()) as port:
        assert (await get_status(port, "/health/live"), await get_status(port, "/health/ready")) == (200, 200)
        assert not await find_health_problem("127.0.0.1", port)


async def test_health_with_unreachable_engine_is_live_but_not_ready():
    async with health_server("127.0.0.1", 0, FakeStatus(is_ready=False), CollectorRegistry()) as port:
        assert (await get_status(port, "/health/live"), await get_status(port, "/health/ready")) == (200, 503)
        assert not await find_health_problem("127.0.0.1", port)


async def test_health_with_stalled_event_loop_is_not_live():
    async with health_server("127.0.0.1", 0, FakeStatus(is_stalled=True), CollectorRegistry()) as port:
        assert await get_status(port, "/health/live") == 503
        assert await find_health_problem("127.0.0.1", port) == HealthProblem(
            f"The worker at 127.0.0.1:{port} is not alive"
        )


async def test_health_server_serves_metrics():
    registry = CollectorRegistry()
    Gauge("catalyst_example", "An example", registry=registry).set(3)
    async with health_server("127.0.0.1", 0, FakeStatus(), registry) as port:
        response = await get(port, "/metrics")

    assert "catalyst_example 3.0" in response.text
    assert response.headers["content-type"].startswith("text/plain; version=")


async def test_health_without_a_server_is_not_healthy():
    async with health_server("127.0.0.1", 0, FakeStatus(), CollectorRegistry()) as port:
        pass
    problem = await find_health_problem("127.0.0.1", port)
    assert problem is not None
    assert problem.text.startswith(f"No worker responds at 127.0.0.1:{port}: ")
    assert "CATALYST_HTTP_PORT" in problem.text
    assert problem.is_connection_refused


@pytest.mark.parametrize("status", [200, 404])
async def test_health_of_another_server_is_not_that_of_a_worker(status):
    async def say(_):
        return web.Response(status=status, text=f"<html>{'long ' * 100}</html>")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", say)
    async with test_utils.TestServer(app, host="127.0.0.1") as server:
        address = f"127.0.0.1:{server.port}"
        problem = await find_health_problem("127.0.0.1", server.port)

    assert problem == HealthProblem(
        f"The server at {address} is no worker ({status}). Set CATALYST_HTTP_PORT to the worker's health port"
    )


async def test_health_server_names_a_port_in_use():
    async with health_server("127.0.0.1", 0, FakeStatus(), CollectorRegistry()) as port:
        with pytest.raises(SettingsError, match=f"CATALYST_HTTP_PORT={port} cannot be used"):
            async with health_server("127.0.0.1", port, FakeStatus(), CollectorRegistry()):
                pass


@pytest.mark.parametrize(
    ("host", "reached_at"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),  # noqa: S104 -- for the length of the test
        ("::1", "[::1]"),
        ("::", "[::1]"),
        ("localhost", "localhost"),
    ],
)
async def test_health_server_listens_at_its_host(host, reached_at):
    if ":" in host and not has_ipv6():
        pytest.skip("this machine has no IPv6")
    async with (
        health_server(host, 0, FakeStatus(), CollectorRegistry()) as port,
        httpx.AsyncClient(trust_env=False) as client,
    ):
        assert (await client.get(f"http://{reached_at}:{port}/health/live")).status_code == 200
        assert not await find_health_problem(host, port)


async def test_health_server_names_a_host_of_another_machine():
    with pytest.raises(SettingsError, match=r"CATALYST_HTTP_HOST=192\.0\.2\.1, CATALYST_HTTP_PORT=0 cannot be used"):
        async with health_server("192.0.2.1", 0, FakeStatus(), CollectorRegistry()):
            pass


async def test_health_names_endpoints_that_refuse_their_keys():
    async with health_server("127.0.0.1", 0, FakeStatus(), CollectorRegistry(), lambda: ["a", "b"]) as port:
        response = await get(port, "/health/ready")
        assert (response.status_code, response.text) == (503, "not ready: the account is refused by a, b")
        assert await get_status(port, "/health/live") == 200


async def get_json(port, path):
    response = await get(port, path)
    return response.status_code, response.json()


async def test_livez_and_readyz_say_why_in_json():
    async def checks():
        return {"key": Check(CheckStatus.FAILED, "the account is refused by a")}

    status = FakeStatus()
    async with health_server("127.0.0.1", 0, status, CollectorRegistry(), checks=checks) as port:
        assert await get_json(port, "/livez") == (200, {"status": "alive"})
        code, answer = await get_json(port, "/readyz")
        assert (code, answer["status"]) == (503, "not ready")
        assert answer["checks"] == {"key": {"status": "failed", "problem": "the account is refused by a"}}
        status.is_stalled = True
        assert await get_json(port, "/livez") == (503, {"status": "not alive"})


async def test_readyz_is_ready_where_earlier_probes_are_not():
    """An engine that is away for a moment: the checks tolerate it, the earlier path does not."""
    async with health_server("127.0.0.1", 0, FakeStatus(is_ready=False), CollectorRegistry()) as port:
        assert (await get_status(port, "/readyz"), await get_status(port, "/health/ready")) == (200, 503)
