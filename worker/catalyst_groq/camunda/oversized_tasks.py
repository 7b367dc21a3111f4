"""A task whose variables are larger than the worker reads: it alone becomes an incident, and all others are fetched."""

import logging
from collections.abc import Iterable, Mapping
from datetime import timedelta

from catalyst_groq.camunda.client import EngineClient
from catalyst_groq.camunda.orphaned_tasks import unlock_tasks
from catalyst_groq.errors import EngineResponseTooLarge, TaskLost

log = logging.getLogger(__name__)

REMEDY = "Store large contents in a File, which is read alone, or less in the variables; then raise the task's retries."


class OversizedTasks:
    """Fetches single tasks after a response with several was too large, then twice as many each time.

    The engine has locked the tasks of a response that was not read, and nothing says which they are. A single one is
    found by the locks of this worker id before and after its fetch.
    """

    def __init__(self, engine: EngineClient) -> None:
        self._engine = engine
        self._max_tasks: int | None = None
        self._locks_before: Mapping[str, str] = {}
        self._active_before: frozenset[str] = frozenset()

    async def limit(self, max_tasks: int, active: Iterable[str]) -> int:
        """Return how many of `max_tasks` to fetch, while `active` are in work. Raises `EngineError`."""
        if self._max_tasks == 1:
            self._locks_before, self._active_before = await self._engine.locks(), frozenset(active)
        return min(max_tasks, self._max_tasks or max_tasks)

    def record_success(self, fetched: int, max_tasks: int) -> None:
        """Allow twice as many tasks the next time, until there is no limit any more. An empty fetch shows nothing."""
        if self._max_tasks is not None and fetched:
            self._max_tasks = self._max_tasks * 2 if self._max_tasks < max_tasks else None

    async def record_too_large(self, error: EngineResponseTooLarge, active: Iterable[str]) -> None:
        """Unlock the tasks of a response that was not read; report a failure for a single one. Raises `EngineError`."""
        held = frozenset(active)
        if self._max_tasks != 1:
            self._max_tasks = 1
            log.warning("%s. Fetching tasks one by one to find the one with the largest variables.", error)
            await unlock_tasks(self._engine, [task for task in await self._engine.locked_tasks() if task not in held])
            return
        for task_id, locked_until in (await self._engine.locks()).items():
            if locked_until != self._locks_before.get(task_id) and task_id not in held | self._active_before:
                await self._report(task_id, error)

    async def _report(self, task_id: str, error: EngineResponseTooLarge) -> None:
        message = f"The variables of this task cannot be read: {error}. {REMEDY}"
        log.error("Task %s: %s", task_id, message)
        try:
            await self._engine.failure(task_id, message, "", retries=0, retry_timeout=timedelta(), variables={})
        except TaskLost as loss:
            log.warning("Lock lost on task %s before its outcome was reported: %s", task_id, loss)
