"""What an orchestrator asks a worker, over HTTP on a port of its own: alive, ready, and the figures."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from aiohttp import ClientError, ClientSession, ClientTimeout, web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from catalyst_groq.errors import SettingsError

log = logging.getLogger(__name__)

LIVE, READY, METRICS = "/health/live", "/health/ready", "/metrics"
PROBE_TIMEOUT = 3.0


class HealthStatus(Protocol):
    """What health looks at."""

    @property
    def is_stalled(self) -> bool:
        """Whether the loop hangs: only a restart helps."""

    @property
    def is_ready(self) -> bool:
        """Whether tasks are being fetched: the engine answers and no stop is under way."""


@asynccontextmanager
async def health_server(port: int, pulse: HealthStatus, registry: CollectorRegistry) -> AsyncIterator[int]:
    """Answer probes for as long as the block runs; yields the port, a free one for 0.

    An engine that is away makes a worker unready, never dead: restarting the worker would not bring the engine back.
    Raises `SettingsError` when the port is taken.
    """

    async def live(_: web.Request) -> web.Response:
        return _answer("alive", well=not pulse.is_stalled)

    async def ready(_: web.Request) -> web.Response:
        return _answer("ready", well=pulse.is_ready)

    async def figures(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"content-type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get(LIVE, live), web.get(READY, ready), web.get(METRICS, figures)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, "0.0.0.0", port).start()  # noqa: S104 -- probes come from outside the container
        except OSError as error:
            raise SettingsError(
                f"CATALYST_HTTP_PORT={port} cannot be used: {error.strerror}. Choose another."
            ) from error
        bound = int(runner.addresses[0][1])
        log.info("Health and metrics at port %d: %s, %s, %s", bound, LIVE, READY, METRICS)
        yield bound
    finally:
        await runner.cleanup()


async def is_healthy(port: int) -> bool:
    """Ask a worker on this machine whether it is alive, as a container's health check does."""
    try:
        async with (
            ClientSession(timeout=ClientTimeout(PROBE_TIMEOUT)) as client,
            client.get(f"http://127.0.0.1:{port}{LIVE}") as response,
        ):
            return response.ok
    except (ClientError, TimeoutError):
        return False


def _answer(what: str, *, well: bool) -> web.Response:
    return web.Response(text=what if well else f"not {what}", status=200 if well else 503)
