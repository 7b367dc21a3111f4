"""Many replicas before one Redis, simulated: shared limits use the whole plan, without a refusal.

Each replica has its own rate limiter, router and connections to Redis, as a worker has. All of them run on one event
loop, and the engine always has tasks.
"""

import asyncio
import heapq
import itertools
import logging
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, aclosing, contextmanager
from dataclasses import dataclass

from redis.asyncio import Redis

from bench.metered_groq import CATALOG, MODEL, PAYLOAD, MeteredGroq
from catalyst_groq.errors import SandboxError
from catalyst_groq.groq.api.errors import ApiError
from catalyst_groq.groq.api.operations import CHAT_COMPLETION, Payload
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.api.response_validation import ValidatedResponse
from catalyst_groq.groq.api.responses import Response
from catalyst_groq.groq.api.server_kinds import ServerKind
from catalyst_groq.groq.models.catalog import ModelLimits
from catalyst_groq.groq.rate_limits import redis_backend
from catalyst_groq.groq.rate_limits.limit_state import LimitConfig
from catalyst_groq.groq.rate_limits.limiter import RateLimitedClient
from catalyst_groq.groq.rate_limits.queue import InMemoryBackend
from catalyst_groq.groq.rate_limits.redis_backend import FallbackBackend, RedisBackend
from catalyst_groq.groq.routing.call import GroqCall
from catalyst_groq.groq.routing.endpoints import Endpoint
from catalyst_groq.groq.routing.failover import RoutingState
from catalyst_groq.groq.routing.retired_models import RetiredModels
from catalyst_groq.groq.routing.router import Router
from catalyst_groq.groq.routing.waiting_places import WaitingPlaces

ENDPOINTS = (Endpoint("groq", Account("http://groq", "gsk_simulated", ServerKind.GROQ)),)
MAX_WAIT_SECONDS = 900.0
"""*Give up waiting after*, as the template has it."""

RECHECK_SECONDS = 0.2
"""Seconds until a replica without capacity looks again, as the worker's poller does."""

FULL_SHARE = 0.98
"""The measurement begins when so much of a limit is used."""

START_INTERVAL_SECONDS = 0.05
"""Between the starts of two replicas, as in a deployment."""

MAX_START_SECONDS = 120.0
TICK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Simulation:
    """What is simulated."""

    replicas: int
    limits: ModelLimits
    """Requests and tokens per minute of the plan, which the replicas know."""
    seconds: float
    """Length of the measurement, after the limits are used up for the first time."""
    concurrency: int = 10
    """Of each replica."""


@dataclass(frozen=True, slots=True)
class SimulatedRun:
    """What the replicas made of the plan."""

    simulation: Simulation
    share: float
    """The rate of requests or tokens by the plan's, of the limit that is the tightest."""
    rate: float
    """Requests per second."""
    refused: int
    """Responses with status 429 since the start."""
    outages: int
    """How often a replica lost Redis since the start, and limited itself on its own."""
    waiting: int
    """Tasks that waited in the replicas at the end."""
    returned: float
    """Tasks per second that went back to the engine until they would fit."""
    scripts: float
    """Scripts in Redis per second."""
    script_ms: float
    """Milliseconds of one script."""


DEVELOPER_PLAN = CATALOG.assume(MODEL).limits["developer"]
TOKENS_BOUND = ModelLimits(rpm=1000, tpm=80_000)
"""Fewer tokens than the requests need: the reservations are refunded in part."""

FULL_SIMULATIONS = (
    *(Simulation(replicas, DEVELOPER_PLAN, seconds=35) for replicas in (8, 32, 100)),
    Simulation(100, TOKENS_BOUND, seconds=35),
)
QUICK_SIMULATIONS = (Simulation(20, ModelLimits(rpm=600, tpm=150_000), seconds=8),)


async def simulate(simulation: Simulation, redis_url: str) -> SimulatedRun:
    """Run the replicas until they have used up the limits, and then for the time of the measurement.

    Raises `SandboxError` if the limits are never used up.
    """
    groq, engine = MeteredGroq(simulation.limits), EndlessEngine()
    config = LimitConfig(CATALOG, None, {MODEL: simulation.limits})
    async with Redis.from_url(redis_url) as server, AsyncExitStack() as started:
        await server.flushall()
        limiters = []
        for _ in range(simulation.replicas):
            backend = FallbackBackend(RedisBackend(redis_url), InMemoryBackend())
            limiters.append(RateLimitedClient(groq, await started.enter_async_context(aclosing(backend)), config))
        replicas = [Replica(engine, limiter, simulation.concurrency) for limiter in limiters]
        with _counted_outages() as outages:
            running = []
            try:
                for replica in replicas:
                    running.append(asyncio.create_task(replica.run()))
                    await asyncio.sleep(START_INTERVAL_SECONDS)
                await _wait_until_full(groq, running)
                calls, microseconds = await _script_figures(server)
                groq.begin()
                returned = engine.returned
                await asyncio.sleep(simulation.seconds)
                share, requests = groq.used_share(), groq.requests
                calls_then, microseconds_then = await _script_figures(server)
                returned = engine.returned - returned
                waiting = sum(replica.waiting for replica in replicas)
            finally:
                for task in running:
                    task.cancel()
                await asyncio.gather(*running, return_exceptions=True)
        scripts = calls_then - calls
        return SimulatedRun(
            simulation=simulation,
            share=share,
            rate=requests / simulation.seconds,
            refused=groq.refused,
            outages=len(outages),
            waiting=waiting,
            returned=returned / simulation.seconds,
            scripts=scripts / simulation.seconds,
            script_ms=(microseconds_then - microseconds) / max(scripts, 1) / 1000,
        )


async def _wait_until_full(groq: MeteredGroq, running: list[asyncio.Task[None]]) -> None:
    deadline = time.monotonic() + MAX_START_SECONDS
    while groq.fullest() < FULL_SHARE:
        if ended := next((task for task in running if task.done()), None):
            ended.result()
        if time.monotonic() > deadline:
            raise SandboxError(f"The replicas did not use up the limits within {MAX_START_SECONDS:.0f} s.")
        await asyncio.sleep(TICK_SECONDS)


async def _script_figures(server: "Redis") -> tuple[int, int]:
    """Return how many scripts Redis has run, and their microseconds."""
    figures = (await server.info("commandstats")).get("cmdstat_evalsha", {})
    return figures.get("calls", 0), figures.get("usec", 0)


@contextmanager
def _counted_outages() -> Iterator[list[str]]:
    """Yield the messages of replicas that lose Redis."""

    class Recorder(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            messages.append(record.getMessage())

    messages: list[str] = []
    recorder = Recorder(logging.WARNING)
    redis_backend.log.addHandler(recorder)
    try:
        yield messages
    finally:
        redis_backend.log.removeHandler(recorder)


class EndlessEngine:
    """Always has tasks. One that was given back comes again after its retry timeout, before new ones."""

    def __init__(self) -> None:
        self._new = map("task-{}".format, itertools.count())
        self._returned: list[tuple[float, str]] = []
        self.returned = 0
        """How often a task was given back."""

    def fetch(self, count: int) -> list[str]:
        """Return the ids of `count` tasks."""
        tasks: list[str] = []
        now = time.monotonic()
        while len(tasks) < count and self._returned and self._returned[0][0] <= now:
            tasks.append(heapq.heappop(self._returned)[1])
        return [*tasks, *itertools.islice(self._new, count - len(tasks))]

    def give_back(self, task: str, seconds: float) -> None:
        """Offer a task again after some time."""
        self.returned += 1
        heapq.heappush(self._returned, (time.monotonic() + seconds, task))


class Replica:
    """One worker: it fetches as many tasks as the limits allow, and sends their requests."""

    def __init__(self, engine: EndlessEngine, limiter: RateLimitedClient, concurrency: int) -> None:
        self._engine = engine
        self._limiter = limiter
        self._concurrency = concurrency
        state = RoutingState(RetiredModels(CATALOG), waiting_places=WaitingPlaces(concurrency))
        self._router = Router(limiter, state, CATALOG, _accept)
        self._active: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """How many of its tasks wait for the limits."""
        return len(self._active) - self._limiter.in_flight

    async def run(self) -> None:
        """Work until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                free = self._concurrency - len(self._active)
                for task in self._engine.fetch(self._limiter.fetchable_tasks(free, len(self._active)) if free else 0):
                    processing = group.create_task(self._process(task))
                    self._active.add(processing)
                    processing.add_done_callback(self._active.discard)
                if self._active:
                    await asyncio.wait(self._active, timeout=RECHECK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                else:
                    await asyncio.sleep(RECHECK_SECONDS)

    async def _process(self, task: str) -> None:
        result = await self._router.call(
            GroqCall(
                operation=CHAT_COMPLETION,
                payload=PAYLOAD,
                endpoints=ENDPOINTS,
                responses=NothingStored(),
                timeout=30,
                max_wait=MAX_WAIT_SECONDS,
                caller=task,
                truncate=lambda *_: None,
            )
        )
        if result.wait_more is not None:
            self._engine.give_back(task, result.wait_more)


class NothingStored:
    """No journal: each call is sent."""

    async def load(self, payload: Payload) -> Response | None:
        """Return None."""
        del payload
        return None

    async def store(self, payload: Payload, response: Response) -> bool:
        """Return that the response is not stored."""
        del payload, response
        return False


async def _accept(response: Response, payload: Payload, error: ApiError | None) -> ValidatedResponse:
    del payload
    return ValidatedResponse(response, error)
