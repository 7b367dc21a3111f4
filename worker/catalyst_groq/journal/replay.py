"""Calls Groq at most once per task and request: replays a stored response, stores a new one before it is used."""

import logging
from collections.abc import Awaitable, Callable

from catalyst_groq.errors import JournalError
from catalyst_groq.groq.api.responses import Response
from catalyst_groq.groq.routing.retry import CallResult
from catalyst_groq.journal.base import Journal, JournalKey

log = logging.getLogger(__name__)


async def replay_or_call(journal: Journal, key: JournalKey, call: Callable[[], Awaitable[CallResult]]) -> CallResult:
    """Return the response that is stored for this task and request; without one, call Groq and store its response.

    Raises `JournalError` when the journal cannot say whether there is a response: Groq has not been called then.
    """
    if response := await journal.load(key):
        log.info("Task %s replays its response from the journal", key.task_id)
        return CallResult(response, None, attempts=0, seconds=0, waited=0, kept=True, replayed=True)
    result = await call()
    if result.error or not isinstance(result.response, Response):
        return result
    try:
        await journal.store(key, result.response)
    except JournalError as error:
        log.error(  # noqa: TRY400 -- the cause says it
            "The response for task %s is not in the journal and is lost if the engine refuses the outcome: %s",
            key.task_id,
            error,
        )
        return result
    return result._replace(kept=journal.is_available)
