"""Checks in the background: an outage of Redis, and the end of it, are seen without a task."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial

from catalyst_groq.groq.rate_limits.queue import LimiterBackend
from catalyst_groq.journal import Journal, check_available
from catalyst_groq.observability.state_metrics import SharedBackend

log = logging.getLogger(__name__)

CHECK_INTERVAL_SECONDS = 5.0


Check = Callable[[], Awaitable[None]]
"""Finds an outage or its end, which it records and logs. One that uses a server has a timeout of its own."""


def list_checks(journal: Journal, backend: LimiterBackend, *, is_journal_in_redis: bool) -> list[Check]:
    """Return the checks of what is in Redis. The journal's file is not checked: each check would write to the disk."""
    checks: list[Check] = [partial(check_available, journal)] if is_journal_in_redis else []
    return [*checks, backend.check] if isinstance(backend, SharedBackend) else checks


@asynccontextmanager
async def repeated_checks(checks: Iterable[Check]) -> AsyncIterator[None]:
    """Run each check again and again while the context lasts, beside the others."""
    running = [asyncio.create_task(_repeat(check)) for check in checks]
    try:
        yield
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _repeat(check: Check) -> None:
    while True:
        try:
            await check()
        except Exception:
            log.exception("Internal error in a check, which is not repeated")
            return
        await asyncio.sleep(CHECK_INTERVAL_SECONDS)
