"""A lock renewer before a fake engine client."""

import asyncio
import threading
from datetime import timedelta

from catalyst_groq.camunda.locks import LockRenewer
from catalyst_groq.errors import TaskLost

LOST = TaskLost(404, "", "no such task")
LOCK_DURATION = timedelta(seconds=0.03)


class FakeLockClient:
    """Answers each renewal with the next given error, or with success; records what it renews and in which thread."""

    def __init__(self, *errors):
        self.errors = list(errors)
        self.renewed = []
        self.threads = set()
        self.is_closed = False

    async def lock(self, task_id):
        self.renewed.append(task_id)
        self.threads.add(threading.current_thread().name)
        if self.errors and (error := self.errors.pop(0)):
            raise error

    async def aclose(self):
        self.is_closed = True


def make_renewer(client=None, lock_duration=LOCK_DURATION):
    client = client or FakeLockClient()
    return LockRenewer(lambda: client, lock_duration)


async def within_a_second(awaitable):
    return await asyncio.wait_for(awaitable, 1)


async def until(condition):
    async with asyncio.timeout(1):
        while not condition():  # noqa: ASYNC110 -- another thread changes it
            await asyncio.sleep(0.001)
    return True
