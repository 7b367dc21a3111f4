"""A cache with a maximum size, for what a coroutine computes; `functools.lru_cache` calls functions only."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class LruCache(Generic[T]):
    """Keeps the `max_entries` entries that were used last."""

    def __init__(self, max_entries: int) -> None:
        self._max_entries = max_entries
        self._entries: OrderedDict[Hashable, T] = OrderedDict()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._entries

    def get(self, key: Hashable) -> T:
        """Return the entry. Raises `KeyError`."""
        self._entries.move_to_end(key)
        return self._entries[key]

    def put(self, key: Hashable, value: T) -> T:
        """Store an entry, and return it."""
        self._entries[key] = value
        if len(self._entries) > self._max_entries:
            self._entries.popitem(last=False)
        return value
