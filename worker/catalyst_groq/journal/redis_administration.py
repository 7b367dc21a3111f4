"""The administration of a journal in Redis. Redis stores no times: the age of an entry follows from when it expires."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from catalyst_groq.journal.administration import AccountSum, StoredEntry
from catalyst_groq.journal.ledger import UNIT_USD
from catalyst_groq.journal.redis_store import ENTRY_PREFIX, SET_ASIDE_PREFIX, SPENT_PREFIX, connect, translate_errors

SCAN_KEYS = 1000
BATCH_KEYS = 500
"""Tasks in one round trip."""

INSTANCE_PREFIX = "instance:"


class RedisAdministration:
    """Reads and deletes the keys of the journal and the ledger. `max_age` is that of the workers' settings."""

    def __init__(self, url: str, *, max_age: timedelta) -> None:
        self._redis = connect(url)
        self._max_age = max_age

    async def entries(self, task_ids: Sequence[str]) -> list[StoredEntry]:
        """Return the entries of these tasks, or of all if there are none, the newest first."""
        found: list[StoredEntry] = []
        async with translate_errors(self._redis):
            for prefix in (ENTRY_PREFIX, SET_ASIDE_PREFIX):
                names = list(task_ids) or [name async for name in self._names(prefix)]
                for start in range(0, len(names), BATCH_KEYS):
                    found += await self._entries_of(names[start : start + BATCH_KEYS], prefix)
        return sorted(found, key=lambda entry: entry.stored_at, reverse=True)

    async def load(self, entries: Sequence[StoredEntry]) -> list[bytes | None]:
        """Return the contents of entries as they are stored, at once; None for one that was deleted meanwhile."""
        async with translate_errors(self._redis), self._redis.pipeline(transaction=False) as pipeline:
            for entry in entries:
                prefix = SET_ASIDE_PREFIX if entry.is_set_aside else ENTRY_PREFIX
                pipeline.hget(prefix + entry.task_id, entry.request_key)
            contents: list[bytes | None] = await pipeline.execute()
        return contents

    async def forget(self, task_id: str) -> int:
        """Delete the entries of a task, also those that are set aside; return how many there were."""
        names = [prefix + task_id for prefix in (ENTRY_PREFIX, SET_ASIDE_PREFIX)]
        async with translate_errors(self._redis), self._redis.pipeline(transaction=True) as pipeline:
            for name in names:
                pipeline.hlen(name)
            pipeline.delete(*names)
            *numbers, _ = await pipeline.execute()
        return sum(numbers)

    async def accounts(self, limit: int) -> list[AccountSum]:
        """Return the accounts of days and definitions, and of the instances that have spent the most."""
        async with translate_errors(self._redis):
            names = [name async for name in self._names(SPENT_PREFIX)]
            found = [AccountSum(name, await self.spent(name) or Decimal()) for name in sorted(names)]
        instances = [entry for entry in found if entry.account.startswith(INSTANCE_PREFIX)]
        instances.sort(key=lambda entry: entry.spent, reverse=True)
        return [entry for entry in found if not entry.account.startswith(INSTANCE_PREFIX)] + instances[:limit]

    async def spent(self, account: str) -> Decimal | None:
        """Return what was spent on one account; None if nothing was ever booked to it."""
        async with translate_errors(self._redis):
            units: Any = await self._redis.get(SPENT_PREFIX + account)
        return None if units is None else int(units) * UNIT_USD

    async def reset(self, account: str) -> None:
        """Set what was spent on an account to nothing."""
        async with translate_errors(self._redis):
            await self._redis.delete(SPENT_PREFIX + account)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def _names(self, prefix: str) -> AsyncIterator[str]:
        """Yield what follows the prefix in the names of keys, each once."""
        seen = set()
        async for key in self._redis.scan_iter(match=f"{prefix}*", count=SCAN_KEYS):
            if key not in seen:
                seen.add(key)
                yield key.decode().removeprefix(prefix)

    async def _entries_of(self, task_ids: Sequence[str], prefix: str) -> list[StoredEntry]:
        """Return the entries of some tasks, in two round trips."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            for task_id in task_ids:
                pipeline.pttl(prefix + task_id)
                pipeline.hkeys(prefix + task_id)
            answers = await pipeline.execute()
        found = [
            (task_id, request, self._stored_at(milliseconds))
            for task_id, milliseconds, requests in zip(task_ids, answers[::2], answers[1::2], strict=True)
            for request in requests
        ]
        async with self._redis.pipeline(transaction=False) as pipeline:
            for task_id, request, _ in found:
                pipeline.hstrlen(prefix + task_id, request)
            sizes = await pipeline.execute()
        return [
            StoredEntry(task_id, request.decode(), stored_at, size, is_set_aside=prefix == SET_ASIDE_PREFIX)
            for (task_id, request, stored_at), size in zip(found, sizes, strict=True)
        ]

    def _stored_at(self, milliseconds: int) -> datetime:
        """Return when a key was written last, from when it expires; the present where it has gone, or never does."""
        age = self._max_age - timedelta(milliseconds=milliseconds) if milliseconds >= 0 else timedelta(0)
        return datetime.now(UTC) - max(age, timedelta(0))
