"""Cache of parsed process definitions."""

import hashlib
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from catalyst_groq.common.bounded_execution import BoundedExecutor, Unfinished
from catalyst_groq.common.shared_calls import SharedCalls
from catalyst_groq.common.threads import run_beside_loop_if_large
from catalyst_groq.domain.definitions import Definition, parse_or_explain, read_inline
from catalyst_groq.errors import DefinitionError

MAX_AGE_SECONDS = 60.0
"""How long a definition is used before it is compared with the engine's: a gateway may lead to another engine."""


class _Entry(NamedTuple):
    definition: Definition
    digest: bytes
    """Of the diagram."""
    period: int
    """In which it was compared with the engine's. See `DefinitionCache.expire`."""
    read_at: float


class DefinitionCache:
    """The engine's process definitions, each parsed once.

    An engine never changes a deployed definition. But another engine may have another one with the same id: Camunda's
    simple id generator counts from 1 in each database. So the diagram is read again, and parsed if it differs, when the
    engine may be another one.
    """

    def __init__(
        self,
        fetch_xml: Callable[[str], Awaitable[bytes]],
        executor: BoundedExecutor,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch_xml = fetch_xml
        self._executor = executor
        self._clock = clock
        self._cached: dict[str, _Entry] = {}
        self._fetches: SharedCalls[Definition] = SharedCalls()
        self._period = 0

    def expire(self) -> None:
        """Read each definition again before it is used: the engine may be another one."""
        self._period += 1

    async def get(self, process_definition_id: str) -> Definition:
        """Return the definition; concurrent callers share one fetch.

        Raises `DefinitionError` if it cannot be read, and what the fetch raises.
        """
        entry = self._cached.get(process_definition_id)
        if entry and entry.period == self._period and self._clock() - entry.read_at < MAX_AGE_SECONDS:
            return entry.definition
        period = self._period
        return await self._fetches.get(
            (process_definition_id, period), lambda: self._fetch(process_definition_id, period)
        )

    async def _fetch(self, process_definition_id: str, period: int) -> Definition:
        read_at = self._clock()
        content = await self._fetch_xml(process_definition_id)
        digest = await run_beside_loop_if_large(content, _digest, content)
        entry = self._cached.get(process_definition_id)
        if entry is None or entry.digest != digest:
            entry = _Entry(await self._parse(process_definition_id, content), digest, period, read_at)
        self._cached[process_definition_id] = entry._replace(period=period, read_at=read_at)
        return entry.definition

    async def _parse(self, process_definition_id: str, content: bytes) -> Definition:
        result = read_inline(content)
        if result is None:
            result = await self._executor.run(parse_or_explain, content)
        if isinstance(result, Definition):
            return result
        reason = result.reason if isinstance(result, Unfinished) else result
        raise DefinitionError(process_definition_id, reason)


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
