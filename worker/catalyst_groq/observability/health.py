"""Liveness, readiness and metrics over HTTP, for orchestrators and Prometheus."""

import errno
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, Protocol

from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout, web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from catalyst_groq.errors import SettingsError
from catalyst_groq.observability.readiness import Check, is_ready, to_json

log = logging.getLogger(__name__)

LIVEZ, READYZ, METRICS = "/livez", "/readyz", "/metrics"
LIVE, READY = "/health/live", "/health/ready"
"""The paths of earlier versions, which respond with a word."""

WORKER_STATUSES = {200, 503}
"""What a worker's probes respond."""

PROBE_TIMEOUT_SECONDS = 3.0
LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- compared, not listened at
"""Where a worker of this machine can be reached that listens on all interfaces."""


class HealthProblem(NamedTuple):
    """Why no worker is alive at an address. `is_connection_refused`: connections are refused, so no server is there."""

    text: str
    is_connection_refused: bool = False


class HealthStatus(Protocol):
    """The state that the probes report."""

    @property
    def is_stalled(self) -> bool:
        """Whether the event loop hangs: only a restart helps."""

    @property
    def is_ready(self) -> bool:
        """Whether tasks are being fetched: the engine responds and the worker is not stopping."""


async def no_checks() -> Mapping[str, Check]:
    """Return no check."""
    return {}


@asynccontextmanager
async def health_server(  # noqa: PLR0913 -- what it serves
    host: str,
    port: int,
    status: HealthStatus,
    registry: CollectorRegistry,
    blocked_endpoints: Callable[[], Sequence[str]] = list,
    *,
    checks: Callable[[], Awaitable[Mapping[str, Check]]] = no_checks,
) -> AsyncIterator[int]:
    """Serve probes and metrics at an address while the block runs; yields the port, a free one for 0.

    An unreachable engine makes the worker unready, never dead: restarting the worker would not bring the engine back.
    `/readyz` responds with the `checks`, and tolerates an outage of a moment; `/health/ready` does not.
    `blocked_endpoints` returns names if none of the operator's endpoints accepts its key, which makes it unready too.
    Raises `SettingsError` when the address is not of this machine, or the port is in use.
    """

    async def livez(_: web.Request) -> web.Response:
        return respond_json({"status": "not alive" if status.is_stalled else "alive"}, is_ok=not status.is_stalled)

    async def readyz(_: web.Request) -> web.Response:
        found = await checks()
        return respond_json(to_json(found), is_ok=is_ready(found.values()))

    async def live(_: web.Request) -> web.Response:
        return _respond("alive", is_ok=not status.is_stalled)

    async def ready(_: web.Request) -> web.Response:
        if blocked := blocked_endpoints():
            return web.Response(text=f"not ready: the account is refused by {', '.join(blocked)}", status=503)
        return _respond("ready", is_ok=status.is_ready)

    async def metrics(_: web.Request) -> web.Response:
        return respond_metrics(generate_latest(registry))

    routes = {LIVEZ: livez, READYZ: readyz, LIVE: live, READY: ready, METRICS: metrics}
    async with serve(host, port, routes) as bound:
        yield bound


@asynccontextmanager
async def serve(
    host: str, port: int, routes: Mapping[str, Callable[[web.Request], Awaitable[web.Response]]]
) -> AsyncIterator[int]:
    """Serve what these functions respond, by path; yields the port. Raises `SettingsError`."""
    app = web.Application()
    app.add_routes([web.get(path, respond) for path, respond in routes.items()])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            address = f"CATALYST_HTTP_HOST={host}, CATALYST_HTTP_PORT={port}"
            raise SettingsError(f"{address} cannot be used: {error.strerror}. Choose another.") from error
        bound = int(runner.addresses[0][1])
        log.info("Health and metrics at port %d of %s: %s", bound, host, ", ".join(routes))
        yield bound
    finally:
        await runner.cleanup()


def respond_json(content: Mapping[str, Any], *, is_ok: bool) -> web.Response:
    """Return a response for a probe: its status says whether all is well, its body why not."""
    return web.json_response(content, status=200 if is_ok else 503)


def respond_metrics(page: bytes) -> web.Response:
    """Return a response for Prometheus."""
    return web.Response(body=page, headers={"content-type": CONTENT_TYPE_LATEST})


async def find_health_problem(host: str, port: int) -> HealthProblem | None:
    """Return why the worker at this address is not alive, None if it is; for a container's health check."""
    address = f"{_in_url(LOOPBACK.get(host, host))}:{port}"
    try:
        async with (
            ClientSession(timeout=ClientTimeout(PROBE_TIMEOUT_SECONDS)) as client,
            client.get(f"http://{address}{LIVE}") as response,
        ):
            text = await response.text() if response.status in WORKER_STATUSES else ""
            if not text.startswith(("alive", "not alive")):
                problem = f"The server at {address} is no worker ({response.status})"
                return HealthProblem(f"{problem}. Set CATALYST_HTTP_PORT to the worker's health port")
            return None if response.ok else HealthProblem(f"The worker at {address} is {text}")
    except TimeoutError:
        return HealthProblem(f"The worker at {address} does not respond within {PROBE_TIMEOUT_SECONDS:g} s")
    except ClientError as error:
        problem = f"No worker responds at {address}: {error}. Is CATALYST_HTTP_PORT set where it runs?"
        refused = isinstance(error, ClientConnectorError) and error.os_error.errno == errno.ECONNREFUSED
        return HealthProblem(problem, is_connection_refused=refused)


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _respond(state: str, *, is_ok: bool) -> web.Response:
    return web.Response(text=state if is_ok else f"not {state}", status=200 if is_ok else 503)
