"""Tasks that are locked for us while nobody works at them: left by an earlier life of this worker, or by a stop."""

import logging
import time
from collections.abc import Iterable

from worker.camunda.engine import Engine
from worker.errors import EngineError, TaskLost

log = logging.getLogger(__name__)


class Leftovers:
    """What an earlier life of this worker id left locked, given back so that nobody waits for its locks to end.

    A worker that was killed leaves its last poll behind in the engine, which locks one more batch for nobody until
    that poll ends. So for the length of a poll there may be more to sweep.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._come_until: float | None = None

    @property
    def are_over(self) -> bool:
        """Whether no more can come."""
        return self._come_until is not None and time.monotonic() > self._come_until

    async def sweep(self, in_hand: Iterable[str]) -> None:
        """Give back all that is locked but not in hand: to be done between polls, when that is a leftover.

        Raises `EngineError`.
        """
        now, in_hand = time.monotonic(), frozenset(in_hand)
        await give_back(self._engine, [task for task in await self._engine.locked_tasks() if task not in in_hand])
        self._come_until = self._come_until or now + self._engine.poll_duration.total_seconds()


async def give_back(engine: Engine, task_ids: Iterable[str]) -> None:
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
