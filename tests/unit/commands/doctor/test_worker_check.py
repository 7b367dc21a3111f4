"""What the doctor says of the worker at the health port."""

import pytest
from aiohttp import test_utils, web
from prometheus_client import CollectorRegistry

from catalyst_groq.commands.doctor.command import Doctor
from catalyst_groq.config.settings import Settings
from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.observability.health import health_server

pytestmark = pytest.mark.anyio


class RunningWorker:
    is_stalled = False
    is_ready = True


async def check(port):
    doctor = Doctor(Settings(http_host="127.0.0.1", http_port=port), frozenset(), {}, Redactor())
    [finding] = [finding async for finding in doctor.check_worker()]
    return finding


async def test_worker_that_does_not_run_yet_is_a_hint():
    async with health_server("127.0.0.1", 0, RunningWorker(), CollectorRegistry()) as port:
        assert (await check(port)).status == "ok"
    finding = await check(port)

    assert finding.status == "hint"
    assert finding.text.startswith(f"No worker responds at 127.0.0.1:{port}")
    assert finding.fix == "Start the worker. If it runs, set the CATALYST_HTTP_PORT that it has"


async def test_another_server_at_the_health_port_is_a_fault():
    async with test_utils.TestServer(web.Application(), host="127.0.0.1") as server:
        finding = await check(server.port)

    assert finding.status == "fault"
    assert "is no worker" in finding.text
