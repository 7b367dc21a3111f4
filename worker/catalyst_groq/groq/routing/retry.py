"""Waiting for Groq: how long, how often, and when to stop."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from catalyst_groq.groq.api.errors import ApiError, RetryAction, classify
from catalyst_groq.groq.api.responses import NoResponse, Response
from catalyst_groq.groq.rate_limits.queue import QUEUE_POLL_INTERVAL_SECONDS

FIRST_BACKOFF = 0.5
LONGEST_BACKOFF = 30.0
LONGEST_WAIT_HERE = 60.0
"""Seconds. A longer wait is handed back to the engine, so that it holds no lock and no place."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One step of the way to an answer: who was to be asked for what, and what came of it, in a word or two."""

    endpoint: str
    model: str
    result: str
    asked: bool = True
    changes: tuple[str, ...] = ()
    """What was changed in the request, because the model does not take it."""


class CallResult(NamedTuple):
    """All that came of asking: the last answer, what stood in its way, and what it took."""

    response: Response | NoResponse
    error: ApiError | None
    attempts: int
    """How often Groq was asked."""
    seconds: float
    """How long it took in all, waits included."""
    waited: float
    """Seconds spent waiting for Groq's limits."""
    wait_more: float | None = None
    """Seconds still to wait, when that is too long to be done here."""
    kept: bool = False
    """Whether the answer is in the journal, so that trying again costs nothing."""
    replayed: bool = False
    """Whether the answer came from the journal."""
    mended: bool = False
    """Whether the answer is JSON only since it was repaired."""
    way: tuple[Attempt, ...] = ()
    """Who was asked for what, in order; also who was passed over, and why."""
    left_out: str = ""
    """What was left out of a request that was too large."""
    spent_before: Decimal = Decimal()
    """USD for answers that do not count: they could not be used, or another was better."""


async def ask_patiently(
    ask: Callable[[], Awaitable[Response | NoResponse]], patience: float, heard: Response | NoResponse | None = None
) -> CallResult:
    """Ask until there is an answer that waiting cannot better.

    `patience`: seconds in which waits must end. `heard`: what was answered before, which is not asked for again.
    """
    started, waited, attempts = time.monotonic(), 0.0, 0
    answer = heard
    while True:
        if answer is None:
            answer = await ask()
            attempts += not answer.held_back
        why_not = classify(answer)
        wait = _wait(why_not, attempts, started + patience - time.monotonic())
        if wait is None or wait > LONGEST_WAIT_HERE:
            return CallResult(answer, why_not, attempts, time.monotonic() - started, waited, wait_more=wait)
        pause = min(wait, QUEUE_POLL_INTERVAL_SECONDS) if answer.held_back else wait
        await asyncio.sleep(pause)
        waited += pause
        answer = None


def _wait(why_not: ApiError | None, attempt: int, patience: float) -> float | None:
    """Seconds to wait before asking again; None where asking again is of no use or not wanted any more."""
    if why_not is None or why_not.kind.action is not RetryAction.WAIT:
        return None
    wait = why_not.wait or _backoff(attempt)
    return wait if wait <= patience else None


def _backoff(attempt: int) -> float:
    """Take a wait, exponential with full jitter, for a limit that does not say how long (or says 0)."""
    ceiling = FIRST_BACKOFF * min(2 ** (attempt - 1), LONGEST_BACKOFF / FIRST_BACKOFF)
    return random.uniform(0, ceiling)  # noqa: S311 -- spreads load, guards nothing
