"""Asking once: what was answered before is replayed, what is answered now is kept before anybody acts on it."""

import logging
from collections.abc import Awaitable, Callable

from catalyst_groq.errors import JournalError
from catalyst_groq.groq.api.responses import Response
from catalyst_groq.groq.routing.retry import CallResult
from catalyst_groq.journal.base import Journal, JournalKey

log = logging.getLogger(__name__)


async def replay_or_call(journal: Journal, entry: JournalKey, ask: Callable[[], Awaitable[CallResult]]) -> CallResult:
    """Return the answer that was kept for this task and request; without one ask, and keep what was paid for.

    Raises `JournalError` when it cannot be known whether there is an answer: nothing has been asked then.
    """
    if answer := await journal.recall(entry):
        log.info("Task %s is answered from the journal", entry.task_id)
        return CallResult(answer, None, attempts=0, seconds=0, waited=0, kept=True, replayed=True)
    exchange = await ask()
    if exchange.error or not isinstance(exchange.response, Response):
        return exchange
    try:
        await journal.keep(entry, exchange.response)
    except JournalError as error:
        log.error("The answer for task %s is not kept; if the engine refuses it, it is lost: %s", entry.task_id, error)  # noqa: TRY400 -- the cause says it
        return exchange
    return exchange._replace(kept=journal.keeps)
