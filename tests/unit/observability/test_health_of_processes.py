"""One port for the probes and metrics of several processes."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter

from catalyst_groq.errors import SettingsError
from catalyst_groq.observability.health import find_health_problem, health_server
from catalyst_groq.observability.health_of_processes import health_of_processes
from catalyst_groq.supervisor import find_free_ports

pytestmark = pytest.mark.anyio


@dataclass
class FakeStatus:
    is_stalled: bool = False
    is_ready: bool = True


class Page(NamedTuple):
    """What one port serves of the processes, and how they end."""

    get: Callable[[str], Awaitable[httpx.Response]]
    port: int
    stop: Callable[[], Awaitable[None]]


@asynccontextmanager
async def running(*statuses):
    """Processes in this state, and what one port serves of them."""
    async with AsyncExitStack() as servers:
        ports = []
        for number, status in enumerate(statuses, 1):
            registry = CollectorRegistry()
            Counter("catalyst_tasks", "Tasks", registry=registry).inc(number)
            ports.append(await servers.enter_async_context(health_server("127.0.0.1", 0, status, registry)))
        with health_of_processes("127.0.0.1", 0, ports) as port:
            async with httpx.AsyncClient(trust_env=False, base_url=f"http://127.0.0.1:{port}") as client:
                yield Page(client.get, port, servers.aclose)


async def test_processes_have_one_page_of_metrics():
    async with running(FakeStatus(), FakeStatus()) as page:
        response = await page.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    assert "catalyst_tasks_total 3.0" in response.text


async def test_processes_are_well_if_each_is():
    status = FakeStatus()
    async with running(FakeStatus(), status) as page:
        for path in ("/livez", "/readyz", "/health/live", "/health/ready"):
            assert (await page.get(path)).status_code == 200
        assert not await find_health_problem("127.0.0.1", page.port)
        status.is_ready, status.is_stalled = False, True

        assert (await page.get("/health/ready")).text == "not ready: process 2: not ready"
        response = await page.get("/livez")
        assert response.status_code == 503
        assert response.json() == {"status": "not alive", "processes": [{"status": "alive"}, {"status": "not alive"}]}


async def test_processes_that_do_not_respond_have_no_metrics():
    """The sum of the others would look like counters that went back."""
    async with running(FakeStatus(), FakeStatus()) as page:
        await page.stop()
        response = await page.get("/metrics")
        assert response.status_code == 503
        assert response.text.startswith("not all processes respond: no response: ")
        live = await page.get("/livez")
        assert (live.status_code, live.json()["status"]) == (503, "not alive")


async def test_processes_name_a_port_in_use():
    with (
        health_of_processes("127.0.0.1", 0, []) as port,
        pytest.raises(SettingsError, match="cannot be used"),
        health_of_processes("127.0.0.1", port, []),
    ):
        pass


def test_free_ports_are_different_ones():
    assert len(set(find_free_ports(5))) == 5
