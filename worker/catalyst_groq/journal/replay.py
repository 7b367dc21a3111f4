"""Asking once: what was answered before is replayed, what is answered now is kept before anybody acts on it."""

import logging
from collections.abc import Awaitable, Callable

from catalyst_groq.errors import JournalError
from catalyst_groq.groq.api.responses import Response
from catalyst_groq.groq.routing.retry import CallResult
from catalyst_groq.journal.base import Journal, JournalKey

log = logging.getLogger(__name__)


async def replay_or_call(journal: Journal, key: JournalKey, call: Callable[[], Awaitable[CallResult]]) -> CallResult:
    """Return the answer that was kept for this task and request; without one ask, and keep what was paid for.

    Raises `JournalError` when it cannot be known whether there is an answer: nothing has been asked then.
    """
    if response := await journal.load(key):
        log.info("Task %s is answered from the journal", key.task_id)
        return CallResult(response, None, attempts=0, seconds=0, waited=0, kept=True, replayed=True)
    exchange = await call()
    if exchange.error or not isinstance(exchange.response, Response):
        return exchange
    try:
        await journal.store(key, exchange.response)
    except JournalError as error:
        log.error("The answer for task %s is not kept; if the engine refuses it, it is lost: %s", key.task_id, error)  # noqa: TRY400 -- the cause says it
        return exchange
    return exchange._replace(kept=journal.is_available)
