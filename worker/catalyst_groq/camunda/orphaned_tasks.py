"""Orphaned tasks: locked with this worker id although nothing works on them, because an earlier run was killed."""

import asyncio
import logging
import time
from collections.abc import Iterable
from typing import Protocol

from catalyst_groq.camunda.client import EngineClient
from catalyst_groq.errors import EngineError, TaskLost

log = logging.getLogger(__name__)

MAX_CONCURRENT_UNLOCKS = 20
UNLOCK_TIMEOUT_SECONDS = 5.0
"""For all tasks that are unlocked together: an engine that hangs must not delay a stop until a supervisor ends it."""

NOT_UNLOCKED = "Task %s not unlocked, it stays locked until its lock ends: %s"


class OrphanedTasks:
    """Unlocks the tasks that an earlier run of this worker id left locked, so that no task waits for its lock to end.

    The engine continues the last poll of a killed worker, which may lock one more batch. So more orphaned tasks can
    appear for the length of one poll.
    """

    def __init__(self, engine: EngineClient) -> None:
        self._engine = engine
        self._search_until: float | None = None

    @property
    def is_done(self) -> bool:
        """Whether no more orphaned tasks can appear."""
        return self._search_until is not None and time.monotonic() > self._search_until

    async def unlock(self, active: Iterable[str]) -> None:
        """Unlock all tasks that are locked but not active.

        Call it between polls: during a poll, a task that was just fetched looks orphaned too. Raises `EngineError`.
        """
        now, active = time.monotonic(), frozenset(active)
        orphaned = [task_id for task_id in await self._engine.locked_tasks() if task_id not in active]
        if orphaned:
            log.info(
                "Unlocking %d orphaned tasks of an earlier run of worker %s", len(orphaned), self._engine.worker_id
            )
        await unlock_tasks(self._engine, orphaned)
        self._search_until = self._search_until or now + self._engine.async_response_timeout.total_seconds()


class UnlockingEngine(Protocol):
    """What unlocks tasks."""

    async def unlock(self, task_id: str) -> None:
        """Unlock a task. Raises `EngineError`."""


async def unlock_tasks(engine: UnlockingEngine, task_ids: Iterable[str]) -> int:
    """Unlock tasks with their retries unchanged. Return how many stay locked, because they cannot be unlocked now."""
    semaphore = asyncio.Semaphore(MAX_CONCURRENT_UNLOCKS)
    deadline = asyncio.get_running_loop().time() + UNLOCK_TIMEOUT_SECONDS
    async with asyncio.TaskGroup() as group:
        unlocking = [group.create_task(_unlock(engine, task_id, semaphore, deadline)) for task_id in task_ids]
    return sum(task.result() for task in unlocking)


async def _unlock(engine: UnlockingEngine, task_id: str, semaphore: asyncio.Semaphore, deadline: float) -> bool:
    """Return whether the task stays locked, which is logged."""
    try:
        async with asyncio.timeout_at(deadline), semaphore:
            await engine.unlock(task_id)
    except TaskLost:
        return False
    except TimeoutError:
        log.warning(NOT_UNLOCKED, task_id, f"not done within {UNLOCK_TIMEOUT_SECONDS:g} s")
    except EngineError as error:
        log.warning(NOT_UNLOCKED, task_id, error)
    else:
        log.info("Task %s unlocked, its retries are unchanged", task_id)
        return False
    return True
