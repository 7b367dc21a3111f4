"""Calls of coroutines whose result all concurrent callers share."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class SharedCalls(Generic[T]):
    """At most one call per key at a time. A result is not kept: the callers cache it."""

    def __init__(self) -> None:
        self._pending: dict[Hashable, asyncio.Task[T]] = {}

    async def get(self, key: Hashable, call: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return the result of the pending call for the key, or of a new one, or raise its error.

        A call goes on when its callers are cancelled.
        """
        pending = self._pending.get(key)
        if pending is None:
            pending = self._pending[key] = asyncio.create_task(call())
            pending.add_done_callback(lambda _: self._pending.pop(key))
        return await asyncio.shield(pending)
