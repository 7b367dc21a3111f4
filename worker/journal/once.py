"""Asking once: what was answered before is replayed, what is answered now is kept before anybody acts on it."""

import logging
from collections.abc import Awaitable, Callable

from worker.errors import JournalError
from worker.groq.answers import Answer
from worker.groq.waiting import Exchange
from worker.journal.entries import Entry, Journal

log = logging.getLogger(__name__)


async def ask_once(journal: Journal, entry: Entry, ask: Callable[[], Awaitable[Exchange]]) -> Exchange:
    """Return the answer that was kept for this task and request; without one ask, and keep what was paid for.

    Raises `JournalError` when it cannot be known whether there is an answer: nothing has been asked then.
    """
    if answer := await journal.recall(entry):
        log.info("Task %s is answered from the journal", entry.task_id)
        return Exchange(answer, None, attempts=0, seconds=0, waited=0, kept=True, replayed=True)
    exchange = await ask()
    if exchange.refusal or not isinstance(exchange.answer, Answer):
        return exchange
    try:
        await journal.keep(entry, exchange.answer)
    except JournalError as error:
        log.error("The answer for task %s is not kept; if the engine refuses it, it is lost: %s", entry.task_id, error)  # noqa: TRY400 -- the cause says it
        return exchange
    return exchange._replace(kept=journal.keeps)
