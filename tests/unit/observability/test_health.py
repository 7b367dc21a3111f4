"""Liveness and readiness probes."""

from dataclasses import dataclass

import httpx
import pytest
from prometheus_client import CollectorRegistry, Gauge

from catalyst_groq.errors import SettingsError
from catalyst_groq.observability.health import health_server, is_healthy

pytestmark = pytest.mark.anyio


@dataclass
class FakeStatus:
    is_stalled: bool = False
    is_ready: bool = True


async def get(port, path):
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(f"http://127.0.0.1:{port}{path}")


async def get_status(port, path):
    return (await get(port, path)).status_code


async def test_health_of_a_working_worker():
    async with health_server(0, FakeStatus(), CollectorRegistry()) as port:
        assert (await get_status(port, "/health/live"), await get_status(port, "/health/ready")) == (200, 200)
        assert await is_healthy(port)


async def test_health_with_unreachable_engine_is_live_but_not_ready():
    async with health_server(0, FakeStatus(is_ready=False), CollectorRegistry()) as port:
        assert (await get_status(port, "/health/live"), await get_status(port, "/health/ready")) == (200, 503)
        assert await is_healthy(port)


async def test_health_with_stalled_event_loop_is_not_live():
    async with health_server(0, FakeStatus(is_stalled=True), CollectorRegistry()) as port:
        assert await get_status(port, "/health/live") == 503
        assert not await is_healthy(port)


async def test_health_server_serves_metrics():
    registry = CollectorRegistry()
    Gauge("catalyst_example", "An example", registry=registry).set(3)
    async with health_server(0, FakeStatus(), registry) as port:
        response = await get(port, "/metrics")

    assert "catalyst_example 3.0" in response.text
    assert response.headers["content-type"].startswith("text/plain; version=")


async def test_health_without_a_server_is_not_healthy():
    async with health_server(0, FakeStatus(), CollectorRegistry()) as port:
        pass
    assert not await is_healthy(port)


async def test_health_server_names_a_port_in_use():
    async with health_server(0, FakeStatus(), CollectorRegistry()) as port:
        with pytest.raises(SettingsError, match=f"CATALYST_HTTP_PORT={port} cannot be used"):
            async with health_server(port, FakeStatus(), CollectorRegistry()):
                pass


async def test_health_names_endpoints_that_refuse_their_keys():
    async with health_server(0, FakeStatus(), CollectorRegistry(), lambda: ["a", "b"]) as port:
        response = await get(port, "/health/ready")
        assert (response.status_code, response.text) == (503, "not ready: the key is refused by a, b")
        assert await get_status(port, "/health/live") == 200
