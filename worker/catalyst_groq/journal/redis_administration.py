"""The administration of a journal in Redis. Redis stores no times: the age of an entry follows from when it expires."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from catalyst_groq.journal.administration import AccountSum, JournalSize, StoredEntry
from catalyst_groq.journal.ledger import UNIT_USD
from catalyst_groq.journal.redis_store import ENTRY_PREFIX, SET_ASIDE_PREFIX, SPENT_PREFIX, connect, translate_errors

SCAN_KEYS = 1000
INSTANCE_PREFIX = "instance:"


class RedisAdministration:
    """Reads and deletes the keys of the journal and the ledger. `max_age` is that of the workers' settings."""

    def __init__(self, url: str, *, max_age: timedelta) -> None:
        self._redis = connect(url)
        self._max_age = max_age

    async def size(self) -> JournalSize:
        """Return the number and the size of all entries."""
        entries = size_bytes = 0
        async with translate_errors(self._redis):
            for prefix in (ENTRY_PREFIX, SET_ASIDE_PREFIX):
                async for task_id in self._names(prefix):
                    sizes = await self._sizes(prefix + task_id)
                    entries, size_bytes = entries + len(sizes), size_bytes + sum(sizes.values())
        return JournalSize(entries, size_bytes)

    async def entries(self, task_ids: Sequence[str]) -> list[StoredEntry]:
        """Return the entries of these tasks, or of all if there are none, the newest first."""
        found: list[tuple[datetime, str, str]] = []
        async with translate_errors(self._redis):
            for prefix in (ENTRY_PREFIX, SET_ASIDE_PREFIX):
                names = list(task_ids) or [name async for name in self._names(prefix)]
                found += [(await self._stored_at(prefix + name), prefix, name) for name in names]
            return [
                StoredEntry(name, request, stored_at, size, is_set_aside=prefix == SET_ASIDE_PREFIX)
                for stored_at, prefix, name in sorted(found, reverse=True)
                for request, size in (await self._sizes(prefix + name)).items()
            ]

    async def load(self, entry: StoredEntry) -> bytes | None:
        """Return an entry's content as it is stored; None if it was deleted meanwhile."""
        prefix = SET_ASIDE_PREFIX if entry.is_set_aside else ENTRY_PREFIX
        async with translate_errors(self._redis):
            content: bytes | None = await self._result(self._redis.hget(prefix + entry.task_id, entry.request_key))
        return content

    async def forget(self, task_id: str) -> int:
        """Delete the entries of a task, also those that are set aside; return how many there were."""
        names = [prefix + task_id for prefix in (ENTRY_PREFIX, SET_ASIDE_PREFIX)]
        async with translate_errors(self._redis):
            number = sum([len(await self._sizes(name)) for name in names])
            await self._redis.delete(*names)
        return number

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

    async def _sizes(self, name: str) -> dict[str, int]:
        """Return the sizes of the entries of a task in bytes, by request."""
        requests: list[bytes] = await self._result(self._redis.hkeys(name))
        return {request.decode(): await self._result(self._redis.hstrlen(name, request)) for request in requests}

    async def _stored_at(self, name: str) -> datetime:
        """Return when a key was written last; the present where it has gone, or never expires."""
        milliseconds: int = await self._redis.pttl(name)
        age = self._max_age - timedelta(milliseconds=milliseconds) if milliseconds >= 0 else timedelta(0)
        return datetime.now(UTC) - max(age, timedelta(0))

    @staticmethod
    async def _result(call: Any) -> Any:
        """Return the result of a command whose declared type covers synchronous clients, too."""
        return await call
