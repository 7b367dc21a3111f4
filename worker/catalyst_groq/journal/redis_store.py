"""A journal and a ledger in Redis, shared by all replicas: each replays the responses of a crashed one."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, RedisError  # noqa: A004 -- Redis's own

from catalyst_groq.common import redis_client
from catalyst_groq.errors import JournalError
from catalyst_groq.groq.api.responses import Response
from catalyst_groq.journal.base import JournalKey, JournalStatus, encode_response
from catalyst_groq.journal.encryption import Cipher
from catalyst_groq.journal.ledger import UNIT_USD, Charges, get_retention, to_units
from catalyst_groq.journal.unreadable_entries import read_response

ENTRY_PREFIX = "catalyst:answers:"
SET_ASIDE_PREFIX = "catalyst:answers-set-aside:"
SPENT_PREFIX = "catalyst:spent:"
REDIS_TIMEOUT_SECONDS = 5.0


class RedisJournal:
    """Responses in one Redis hash per task, which expires `max_age` after its last response.

    The server's `maxmemory` bounds the size. `appendonly yes` makes responses survive a restart of the server.
    """

    is_available = True

    def __init__(self, url: str, *, cipher: Cipher, max_age: timedelta) -> None:
        self._redis = connect(url)
        self._cipher = cipher
        self._max_age = max_age

    def status(self) -> JournalStatus:
        """Return nothing that the server would have to be asked for."""
        return JournalStatus()

    async def load(self, key: JournalKey) -> Response | None:
        """Return the stored response, or None. Raises `UnreadableEntry` for one that is not set aside yet."""
        async with translate_errors(self._redis), self._redis.pipeline(transaction=False) as pipeline:
            pipeline.hget(ENTRY_PREFIX + key.task_id, key.request_key)
            pipeline.hget(SET_ASIDE_PREFIX + key.task_id, key.request_key)
            entry, set_aside = await pipeline.execute()
        response = read_response(self._cipher, key, entry, set_aside)
        if response and not entry:
            with suppress(JournalError):  # it is where it can be read
                await self._move(SET_ASIDE_PREFIX, ENTRY_PREFIX, key)
        return response

    async def set_aside(self, key: JournalKey) -> None:
        """Set an entry aside; it is kept for another `max_age`."""
        await self._move(ENTRY_PREFIX, SET_ASIDE_PREFIX, key)

    async def store(self, key: JournalKey, response: Response) -> None:
        """Store a response; when this returns, the server has it."""
        name = ENTRY_PREFIX + key.task_id
        async with translate_errors(self._redis), self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hset(name, key.request_key, self._cipher.encrypt(encode_response(response)))
            pipeline.expire(name, self._max_age)
            await pipeline.execute()

    async def discard(self, task_id: str) -> None:
        """Delete the entries of a task."""
        async with translate_errors(self._redis):
            await self._redis.delete(ENTRY_PREFIX + task_id)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def _move(self, source: str, target: str, key: JournalKey) -> None:
        """Move an entry from the hash with one prefix to that with another, which then expires in `max_age`."""
        async with translate_errors(self._redis):
            entry: Any = await self._redis.hget(source + key.task_id, key.request_key)
            if entry is None:
                return
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.hset(target + key.task_id, key.request_key, entry)
                pipeline.expire(target + key.task_id, self._max_age)
                pipeline.hdel(source + key.task_id, key.request_key)
                await pipeline.execute()


class RedisLedger:
    """Sums in Redis, one integer per account."""

    def __init__(self, url: str) -> None:
        self._redis = connect(url)

    async def spent(self, accounts: Sequence[str]) -> list[Decimal]:
        """Return the sum of each account in USD."""
        async with translate_errors(self._redis):
            sums: Any = await self._redis.mget([SPENT_PREFIX + account for account in accounts])
        return [int(units or 0) * UNIT_USD for units in sums]

    async def book(self, charges: Charges) -> None:
        """Add to all accounts or, on an error, to none."""
        async with translate_errors(self._redis), self._redis.pipeline(transaction=True) as pipeline:
            for account, amount in charges.items():
                pipeline.incrby(SPENT_PREFIX + account, to_units(amount))
                pipeline.expire(SPENT_PREFIX + account, get_retention(account))
            await pipeline.execute()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose()


def connect(url: str) -> Redis:
    """Return a client with timeouts. Raises `SettingsError` for parameters that it does not know.

    It repeats a command once on a new connection if its own was closed, as all are after a restart of the server. No
    command here minds that: `WriteBehindLedger` repeats a booking without a reply, too.
    """
    retry = Retry(NoBackoff(), 1, supported_errors=(ConnectionError,))
    return redis_client.connect(url, REDIS_TIMEOUT_SECONDS, retry=retry)


@asynccontextmanager
async def translate_errors(redis: Redis) -> AsyncIterator[None]:
    """Raise errors of Redis as `JournalError`, and close the idle connections: what ended one may have ended all."""
    try:
        yield
    except (RedisError, OSError) as error:
        with suppress(RedisError, OSError):
            await redis.connection_pool.disconnect(inuse_connections=False)
        raise JournalError(f"The journal in Redis cannot be used: {redis_client.describe_error(error)}") from error
