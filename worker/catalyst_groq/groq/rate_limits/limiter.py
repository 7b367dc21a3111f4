"""The rate limiter: a request is sent when it fits Groq's limits, so that Groq need not refuse it."""

import asyncio
import logging
import random
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil

from catalyst_groq.common.durations import format_duration
from catalyst_groq.common.threads import run_beside_loop_if_large
from catalyst_groq.groq.api.error_kinds import ErrorKind
from catalyst_groq.groq.api.errors import ApiError, classify
from catalyst_groq.groq.api.operations import Payload
from catalyst_groq.groq.api.requests import Account, GroqClient, GroqRequest
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason, Response
from catalyst_groq.groq.rate_limits.bucket import (
    DAY_SECONDS,
    GROQ_LIMIT_KINDS,
    HOUR_SECONDS,
    MINUTE_SECONDS,
    LeakyBucket,
    LimitKind,
)
from catalyst_groq.groq.rate_limits.headers import names_limit, parse_limit_updates
from catalyst_groq.groq.rate_limits.limit_state import LastUse, LimitConfig, LimitState
from catalyst_groq.groq.rate_limits.queue import (
    TICKET_TTL_SECONDS,
    Admission,
    Amounts,
    LimiterBackend,
    PauseUpdate,
    Ticket,
)
from catalyst_groq.groq.rate_limits.usage_estimate import UsageEstimate, UsageEstimator, actual_usage

log = logging.getLogger(__name__)

ACTIVE_WINDOW_SECONDS = 60.0
"""A model counts as in use for this long after its last request."""

LONG_WAIT_SECONDS = 5.0
"""When a caller has waited for this long, tasks are fetched in spite of the limits: they may use another model."""

EXTRA_FETCH_INTERVAL_SECONDS = 0.2
"""Between two such fetches of one task, by all workers that share the queue."""

MAX_EXTRA_FETCH_INTERVAL_SECONDS = 30.0
"""Between two such fetches of one worker."""

MAX_TRACKED_MODELS = 1000
"""Models, each for one account, whose limits are remembered: their names may come from process variables."""

INITIAL_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 0.5, 30.0
"""After the second 429 in a row that reports neither a limit nor a wait; the pause doubles with each further one."""

MAX_DOUBLINGS = 10

RELEASE_TIMEOUT_SECONDS = 1.0
"""A request that is cancelled waits no longer than this for the backend."""

MAX_REPORTED_PAUSE_SECONDS = 900.0
"""The longest pause that a server can ask for; then one request tries again."""

WINDOW_NAMES = {MINUTE_SECONDS: " per minute", HOUR_SECONDS: " per hour", DAY_SECONDS: " per day"}

JITTER = 0.2
"""Share by which a pause is longer or shorter, so that workers do not try at the same time."""


@dataclass(slots=True)
class Waiter:
    """A caller that waits: its ticket, the same in each queue, and its estimates by queue."""

    ticket: Ticket
    expires: float
    """When it has given up if it has not sent again by then (`time.monotonic`)."""
    estimates: dict[str, tuple[Payload, UsageEstimate]] = field(default_factory=dict)


class RateLimitedClient:
    """A `GroqClient` that enforces the limits of each account and model.

    A request reserves the maximum it may use before it is sent, and is settled to its actual usage afterwards. When it
    does not fit, the result is a `NoResponse` with the seconds to wait, like Groq's own 429. A caller (the request's
    `caller`) that sends again keeps its queue position; one that does not within TICKET_TTL_SECONDS loses it. Whatever
    Groq reports about its limits corrects the state. A 429 that does not say which limit is exhausted pauses the
    account's model for all callers; then one request tries it out, while the others go on waiting.
    """

    def __init__(self, client: GroqClient, backend: LimiterBackend, config: LimitConfig) -> None:
        self._client = client
        self._backend = backend
        self._config = config
        self._estimator = UsageEstimator(config.catalog)
        self._states: dict[tuple[str, str], LimitState] = {}
        self._worker = uuid.uuid4().hex
        """Distinguishes this worker's tickets: engines may give the same id to different tasks."""
        self._waiters: dict[str, Waiter] = {}
        self._in_flight = 0
        self._next_extra_fetch = 0.0

    @property
    def in_flight(self) -> int:
        """How many requests are being sent."""
        return self._in_flight

    async def send(self, request: GroqRequest) -> Response | NoResponse:
        """Send the request if it fits the limits now."""
        model_id = request.payload["model"]
        state = self._state(request.account, model_id)
        waiter = self._waiters.get(request.caller) if self._waiters else None
        estimate = await self._estimate(waiter, state, request)
        if self._config.is_enforced and (problem := estimate.check_fits(state.confirmed_limits(), state.context)):
            return NoResponse(NoResponseReason.EXCEEDS_LIMIT, problem, sent=False, seconds=0)
        now = time.monotonic()
        waiter = waiter or Waiter(Ticket(now, f"{self._worker} {request.caller}"), now)
        known, amounts = state.queue_name in waiter.estimates, estimate.amounts
        waiter.estimates[state.queue_name] = request.payload, estimate
        # A first-time caller does not queue yet: it may fail over.
        admission = await self._backend.acquire(state.queue_name, waiter.ticket, amounts, state.initial, enqueue=known)
        state.last_use = LastUse(admission.snapshot, amounts)
        if admission.wait:
            state.limited_until = now + admission.wait
            self._remember(request.caller, waiter, retry_after=0.0)  # it asks the queue at short intervals
            return _rate_limited(admission, model_id)
        if self._waiters:
            self._waiters.pop(request.caller, None)
        self._in_flight += 1
        try:
            response = await self._client.send(request)
        except BaseException:  # cancelled, because the task's lock is lost
            await self._release_probe(state, admission)
            raise
        finally:
            self._in_flight -= 1
        try:
            await self._settle(request, response, state, estimate, admission)
        except Exception:
            # No error of the accounting may lose a response that was paid for.
            log.exception("Rate limit: the usage of a response from %s is not counted: internal error", model_id)
        if error := _rate_limit_error(response):
            state.limited_until = time.monotonic() + (error.wait or 0.0)
            self._remember(request.caller, waiter, retry_after=error.wait or 0.0)
        elif isinstance(response, Response):
            state.limited_until = 0.0
        return response

    async def _release_probe(self, state: LimitState, admission: Admission) -> None:
        """Let the next request try out the end of a pause. What was reserved stays so: Groq may count the request."""
        if not admission.refusals:
            return
        pause = PauseUpdate(admission.refusals, admission.refusals, 0.0)
        try:
            async with asyncio.timeout(RELEASE_TIMEOUT_SECONDS):
                await self._backend.settle(state.queue_name, {}, (), pause)
        except Exception as error:  # noqa: BLE001 -- the cancellation goes on whatever the backend does
            log.warning("Rate limit: the pause of %s is tried out again later: %r", state.queue_name, error)

    async def _settle(
        self,
        request: GroqRequest,
        response: Response | NoResponse,
        state: LimitState,
        estimate: UsageEstimate,
        admission: Admission,
    ) -> None:
        """Correct the state by the actual usage, and by what the response reports about the limits."""
        reported = response if self._config.is_enforced and isinstance(response, Response) else None
        updates = state.update(parse_limit_updates(reported), _header_age(reported)) if reported else ()
        change = _usage_difference(response, admission.reserved)
        knows_limit = reported is not None and names_limit(reported)
        pause = _pause_update(response, admission.refusals, knows_limit=knows_limit)
        snapshot = await self._backend.settle(state.queue_name, change, updates, pause)
        state.last_use = LastUse(snapshot, estimate.amounts)
        if isinstance(response, Response):
            self._estimator.update(request.payload["model"], estimate, response)

    def fetchable_tasks(self, free: int, active: int) -> int:
        """Return how many tasks may be fetched, given the free capacity and the number of active tasks.

        Which models the tasks will use is unknown, so the model with the most capacity decides: a throttled model must
        not stop the tasks of others. When no model has capacity, one task is fetched as long as no task waits, or when
        one has waited for LONG_WAIT_SECONDS: it may use yet another model.
        """
        now = time.monotonic()
        known = [state.last_use for state in self._states.values() if state.last_use]
        uses = [use for use in known if now - use.snapshot.at < ACTIVE_WINDOW_SECONDS] or known
        if not uses:
            return min(free, 1) if self._config else free
        not_sending = max(active - self._count_waiters(now) - self._in_flight, 0)
        capacity = max(use.snapshot.requests_that_fit(use.typical, now) for use in uses) - not_sending
        if capacity < 1 and (active <= self._in_flight or self._may_fetch_extra(now)):
            capacity = 1
        return int(max(min(free, capacity), 0))

    def _may_fetch_extra(self, now: float) -> bool:
        oldest = min((waiter.ticket.since for waiter in self._waiters.values()), default=now)
        if now - oldest < LONG_WAIT_SECONDS or now < self._next_extra_fetch:
            return False
        interval = EXTRA_FETCH_INTERVAL_SECONDS * self._estimate_waiting_workers()
        self._next_extra_fetch = now + min(interval, MAX_EXTRA_FETCH_INTERVAL_SECONDS)
        return True

    def _estimate_waiting_workers(self) -> float:
        """Return how many times as much waits in a shared queue as this worker alone has waiting, 1 at least.

        Each task that is fetched in vain costs the engine two transactions, so that many workers must not fetch as
        often as one does.
        """
        ratio = 1.0
        for state in self._states.values():
            name = state.queue_name
            own = [waiter.estimates[name][1].amounts for waiter in self._waiters.values() if name in waiter.estimates]
            if own and state.last_use:
                for kind, waiting in state.last_use.snapshot.waiting.items():
                    ratio = max(ratio, waiting / max(sum(amounts[kind] for amounts in own), 1))
        return ratio

    def remaining(self) -> Iterator[tuple[str, LimitKind, int, float]]:
        """Yield by model and kind the limit and what remains of it now. Among accounts, the tightest counts."""
        now = time.monotonic()
        tightest: dict[tuple[str, LimitKind], tuple[float, int]] = {}
        for (_, model_id), state in self._states.items():
            for kind, bucket in state.last_use.snapshot.buckets.items() if state.last_use else ():
                if now < bucket.expires:
                    figures = (bucket.limit - bucket.level(now), bucket.limit)
                    tightest[model_id, kind] = min(figures, tightest.get((model_id, kind), figures))
        for (model_id, kind), (remaining, limit) in tightest.items():
            yield model_id, kind, limit, remaining

    def waits(self) -> Iterator[tuple[str, float]]:
        """Yield by model the seconds that requests wait for its limits, as last known. Among accounts, the longest."""
        now = time.monotonic()
        longest: dict[str, float] = {}
        for (_, model_id), state in self._states.items():
            longest[model_id] = max(state.limited_until - now, longest.get(model_id, 0.0))
        return ((model_id, wait) for model_id, wait in longest.items() if wait > 0)

    def _state(self, account: Account, model_id: str) -> LimitState:
        """Return the state of a model's limits; the least recently used one makes room for a new one."""
        key = account.id, model_id
        state = self._states.pop(key, None) or self._config.state_for(account, model_id)
        if len(self._states) == MAX_TRACKED_MODELS:
            del self._states[next(iter(self._states))]
        self._states[key] = state
        return state

    async def _estimate(self, waiter: Waiter | None, state: LimitState, request: GroqRequest) -> UsageEstimate:
        """Return the estimate; a caller that sends the same payload again need not have it estimated again."""
        earlier = waiter.estimates.get(state.queue_name) if waiter else None
        if earlier and earlier[0] is request.payload:
            return earlier[1]
        return await run_beside_loop_if_large(request.payload, self._estimator.estimate, request)

    def _remember(self, caller: str, waiter: Waiter, *, retry_after: float) -> None:
        waiter.expires = time.monotonic() + retry_after + TICKET_TTL_SECONDS
        self._waiters[caller] = waiter

    def _count_waiters(self, now: float) -> int:
        """Count the waiting callers; drop those that have given up."""
        expired = [caller for caller, waiter in self._waiters.items() if waiter.expires <= now]
        for caller in expired:
            del self._waiters[caller]
        return len(self._waiters)


def _usage_difference(response: Response | NoResponse, reserved: Amounts) -> Amounts:
    """Return the usage beyond the reservation; negative when less was used."""
    used = actual_usage(response, reserved)
    return {kind: difference for kind, amount in reserved.items() if (difference := used[kind] - amount)}


def _header_age(response: Response) -> float:
    """Return the seconds since the headers came, at most: those of a stream came when it began."""
    return 0.0 if response.first_token is None else response.seconds


def _rate_limit_error(response: Response | NoResponse) -> ApiError | None:
    error = classify(response)
    return error if error and error.kind is ErrorKind.RATE_LIMITED else None


def _pause_update(response: Response | NoResponse, refusals: int, *, knows_limit: bool) -> PauseUpdate | None:
    """Return what a result says about the pause of its queue, given the refusals before it; None for nothing."""
    error = _rate_limit_error(response)
    if error and not knows_limit:
        return PauseUpdate(refusals, refusals + 1, _pause_seconds(error, refusals))
    if not refusals:
        return None
    # Without a response, nothing is known about the limit: the next request tries it out.
    return PauseUpdate(refusals, 0 if isinstance(response, Response) else refusals, 0.0)


def _pause_seconds(error: ApiError, refusals: int) -> float:
    """Return the length of a pause after a refusal, given the refusals in a row before it."""
    if refusals == 0:
        return 0.0  # it may concern that request alone: the next one tries at once, and the others wait for its result
    if error.wait:
        return min(error.wait, MAX_REPORTED_PAUSE_SECONDS)
    jitter = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 -- spreads load, protects nothing
    return jitter * min(INITIAL_PAUSE_SECONDS * float(2 ** min(refusals - 1, MAX_DOUBLINGS)), MAX_PAUSE_SECONDS)


def _rate_limited(admission: Admission, model_id: str) -> NoResponse:
    kind, wait = admission.exhausted, format_duration(admission.wait)
    if kind:
        bucket = admission.snapshot.buckets[kind]
        figures = f"Limit {bucket.limit}, Used {ceil(bucket.level(admission.snapshot.at))}"
        message = f"{_describe_limit(kind, bucket)}: {figures}. It fits in {wait}"
    else:
        message = f"{model_id} is paused after responses with status 429. The next attempt is in {wait}"
    return NoResponse(NoResponseReason.RATE_LIMITED_LOCALLY, message, sent=False, seconds=0, wait=admission.wait)


def _describe_limit(kind: LimitKind, bucket: LeakyBucket) -> str:
    if kind in GROQ_LIMIT_KINDS:
        return f"{kind.description} ({kind.name})"
    return f"{kind.description}{WINDOW_NAMES.get(bucket.window, '')}, as the server reports"
