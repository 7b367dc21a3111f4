"""Tasks that are locked for us while nobody works at them: left by an earlier life of this worker, or by a stop."""

import logging
import time
from collections.abc import Iterable

from catalyst_groq.camunda.client import EngineClient
from catalyst_groq.errors import EngineError, TaskLost

log = logging.getLogger(__name__)


class OrphanedTasks:
    """What an earlier life of this worker id left locked, given back so that nobody waits for its locks to end.

    A worker that was killed leaves its last poll behind in the engine, which locks one more batch for nobody until
    that poll ends. So for the length of a poll there may be more to sweep.
    """

    def __init__(self, engine: EngineClient) -> None:
        self._engine = engine
        self._search_until: float | None = None

    @property
    def is_done(self) -> bool:
        """Whether no more can come."""
        return self._search_until is not None and time.monotonic() > self._search_until

    async def unlock(self, active: Iterable[str]) -> None:
        """Give back all that is locked but not in hand: to be done between polls, when that is a leftover.

        Raises `EngineError`.
        """
        now, active = time.monotonic(), frozenset(active)
        await unlock_tasks(self._engine, [task for task in await self._engine.locked_tasks() if task not in active])
        self._search_until = self._search_until or now + self._engine.async_response_timeout.total_seconds()


async def unlock_tasks(engine: EngineClient, task_ids: Iterable[str]) -> None:
    """Unlock tasks with their retries untouched."""
    for task_id in task_ids:
        try:
            await engine.unlock(task_id)
        except TaskLost:
            continue
        except EngineError as error:
            log.warning("Task %s stays locked until its lock ends: %s", task_id, error)
        else:
            log.info("Task %s given back, retries untouched", task_id)
