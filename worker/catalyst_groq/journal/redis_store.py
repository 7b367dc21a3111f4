"""A journal and a ledger that all replicas share: another one replays what a dead one was told, and counts its cost."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from catalyst_groq.errors import JournalError
from catalyst_groq.groq.api.responses import Response
from catalyst_groq.journal.base import JournalKey, decode_response, encode_response
from catalyst_groq.journal.encryption import Cipher
from catalyst_groq.journal.ledger import UNIT, Amounts, in_units, retention

ENTRY_PREFIX = "catalyst:answers:"
SPENT_PREFIX = "catalyst:spent:"
REDIS_TIMEOUT_SECONDS = 5.0


class RedisJournal:
    """Answers in a Redis hash per task, which expires `longest` after the last one was kept.

    How much is kept is bounded by the server's `maxmemory`. Whether an answer survives the server is its business too
    (`appendonly yes`).
    """

    is_available = True

    def __init__(self, url: str, *, cipher: Cipher, max_age: timedelta) -> None:
        self._redis = _connect(url)
        self._seal = cipher
        self._longest = max_age

    async def load(self, key: JournalKey) -> Response | None:
        """Return the answer that was kept, if one was."""
        try:
            sealed: Any = await self._redis.hget(ENTRY_PREFIX + key.task_id, key.request)
        except (RedisError, OSError) as error:
            raise _journal_error(error) from error
        return decode_response(self._seal.decrypt(sealed)) if sealed else None

    async def store(self, key: JournalKey, response: Response) -> None:
        """Keep an answer; when this returns, the server has it."""
        name = ENTRY_PREFIX + key.task_id
        try:
            async with self._redis.pipeline(transaction=True) as together:
                together.hset(name, key.request, self._seal.encrypt(encode_response(response)))
                together.expire(name, self._longest)
                await together.execute()
        except (RedisError, OSError) as error:
            raise _journal_error(error) from error

    async def discard(self, task_id: str) -> None:
        """Drop what was kept for a task."""
        try:
            await self._redis.delete(ENTRY_PREFIX + task_id)
        except (RedisError, OSError) as error:
            raise _journal_error(error) from error

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose()


class RedisLedger:
    """Sums in Redis, one number for each account."""

    def __init__(self, url: str) -> None:
        self._redis = _connect(url)

    async def spent(self, accounts: Sequence[str]) -> list[Decimal]:
        """Read the sums."""
        try:
            sums: Any = await self._redis.mget([SPENT_PREFIX + account for account in accounts])
        except (RedisError, OSError) as error:
            raise _journal_error(error) from error
        return [int(units or 0) * UNIT for units in sums]

    async def book(self, amounts: Amounts) -> None:
        """Add up in the server, on all accounts or none."""
        try:
            async with self._redis.pipeline(transaction=True) as together:
                for account, amount in amounts.items():
                    together.incrby(SPENT_PREFIX + account, in_units(amount))
                    together.expire(SPENT_PREFIX + account, retention(account))
                await together.execute()
        except (RedisError, OSError) as error:
            raise _journal_error(error) from error

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose()


def _connect(url: str) -> Redis:
    return Redis.from_url(url, socket_timeout=REDIS_TIMEOUT_SECONDS, socket_connect_timeout=REDIS_TIMEOUT_SECONDS)


def _journal_error(error: Exception) -> JournalError:
    return JournalError(f"The journal in Redis cannot be used: {error}")
