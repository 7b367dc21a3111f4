"""The stored responses of one task: loaded instead of sending again, stored as they come."""

import logging

from catalyst_groq.common.json_codec import to_text
from catalyst_groq.errors import JournalError
from catalyst_groq.groq.api.operations import Payload
from catalyst_groq.groq.api.responses import Response
from catalyst_groq.journal.base import Journal, JournalKey, request_key

log = logging.getLogger(__name__)


class TaskResponses:
    """The responses of one task in the journal, by the payload that got them and the URL that it is meant for.

    `payload` is the task's own payload and `encoded` its JSON, which need not be made again here. `created` is when the
    task was created: the ids of tasks may repeat in another database of the engine.
    """

    def __init__(  # noqa: PLR0913 -- what identifies a request
        self, journal: Journal, task_id: str, base_url: str, payload: Payload, encoded: bytes, *, created: str = ""
    ) -> None:
        self._journal = journal
        self._task_id = task_id
        self._url_and_time = f"{base_url}\0{created}" if created else base_url
        self._own = self._last = payload, JournalKey(task_id, request_key(self._url_and_time, encoded))
        """The task's own payload and the one that was used last, with their keys."""

    async def load(self, payload: Payload) -> Response | None:
        """Return the stored response to a payload, if there is one. Raises `JournalError`; nothing was sent then."""
        response = await self._journal.load(self._key(payload))
        if response:
            log.info("Task %s: response replayed from the journal", self._task_id)
        return response

    async def store(self, payload: Payload, response: Response) -> bool:
        """Store a response before anything interprets it; returns whether it can be loaded again."""
        try:
            await self._journal.store(self._key(payload), response)
        except JournalError as error:
            log.error(  # noqa: TRY400 -- the cause is in the message
                "Task %s: the response is not in the journal; if the engine refuses it, it is lost: %s",
                self._task_id,
                error,
            )
            return False
        return self._journal.is_available

    def _key(self, payload: Payload) -> JournalKey:
        if payload is self._own[0]:
            return self._own[1]
        if payload is not self._last[0]:
            encoded = to_text(payload, str).encode("utf-8", "surrogatepass")
            self._last = payload, JournalKey(self._task_id, request_key(self._url_and_time, encoded))
        return self._last[1]
