"""Liveness, readiness and metrics over HTTP, for orchestrators and Prometheus."""

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from aiohttp import ClientError, ClientSession, ClientTimeout, web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from catalyst_groq.errors import SettingsError

log = logging.getLogger(__name__)

LIVE, READY, METRICS = "/health/live", "/health/ready", "/metrics"
PROBE_TIMEOUT_SECONDS = 3.0
LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- compared, not listened at
"""Where a worker of this machine can be reached that listens on all interfaces."""


class HealthStatus(Protocol):
    """The state that the probes report."""

    @property
    def is_stalled(self) -> bool:
        """Whether the event loop hangs: only a restart helps."""

    @property
    def is_ready(self) -> bool:
        """Whether tasks are being fetched: the engine responds and the worker is not stopping."""


@asynccontextmanager
async def health_server(
    host: str,
    port: int,
    status: HealthStatus,
    registry: CollectorRegistry,
    blocked_endpoints: Callable[[], Sequence[str]] = list,
) -> AsyncIterator[int]:
    """Serve probes and metrics at an address while the block runs; yields the port, a free one for 0.

    An unreachable engine makes the worker unready, never dead: restarting the worker would not bring the engine back.
    `blocked_endpoints` returns names if none of the operator's endpoints accepts its key, which makes it unready too.
    Raises `SettingsError` when the address is not of this machine, or the port is in use.
    """

    async def live(_: web.Request) -> web.Response:
        return _respond("alive", is_ok=not status.is_stalled)

    async def ready(_: web.Request) -> web.Response:
        if blocked := blocked_endpoints():
            return web.Response(text=f"not ready: the account is refused by {', '.join(blocked)}", status=503)
        return _respond("ready", is_ok=status.is_ready)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"content-type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get(LIVE, live), web.get(READY, ready), web.get(METRICS, metrics)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            address = f"CATALYST_HTTP_HOST={host}, CATALYST_HTTP_PORT={port}"
            raise SettingsError(f"{address} cannot be used: {error.strerror}. Choose another.") from error
        bound = int(runner.addresses[0][1])
        log.info("Health and metrics at port %d of %s: %s, %s, %s", bound, host, LIVE, READY, METRICS)
        yield bound
    finally:
        await runner.cleanup()


async def find_health_problem(host: str, port: int) -> str | None:
    """Return why the worker at this address is not alive, None if it is; for a container's health check."""
    address = f"{_in_url(LOOPBACK.get(host, host))}:{port}"
    try:
        async with (
            ClientSession(timeout=ClientTimeout(PROBE_TIMEOUT_SECONDS)) as client,
            client.get(f"http://{address}{LIVE}") as response,
        ):
            return None if response.ok else f"The worker at {address} is {await response.text()}"
    except TimeoutError:
        return f"The worker at {address} does not respond within {PROBE_TIMEOUT_SECONDS:g} s"
    except ClientError as error:
        return f"No worker responds at {address}: {error}. Is CATALYST_HTTP_PORT set where it runs?"


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _respond(state: str, *, is_ok: bool) -> web.Response:
    return web.Response(text=state if is_ok else f"not {state}", status=200 if is_ok else 503)
