"""Checks whether the Redis of the journal keeps what is stored in it. Imported only with the extra `redis`."""

from collections.abc import Iterator, Mapping
from contextlib import aclosing
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from catalyst_groq.commands.doctor.findings import Area, Finding
from catalyst_groq.common.redis_client import connect, describe_error

REDIS_TIMEOUT_SECONDS = 5.0
PARAMETERS = ("appendonly", "save", "maxmemory", "maxmemory-policy")
NO_EVICTION = "noeviction"
SET_APPENDONLY = "Set appendonly yes, or use a server that keeps its data in another way"
SET_NO_EVICTION = "Set maxmemory-policy noeviction"


async def check_durability(area: Area, url: str) -> list[Finding]:
    """Return whether the server keeps entries when it restarts or crashes, and when its memory is full."""
    try:
        async with aclosing(connect(url, REDIS_TIMEOUT_SECONDS)) as redis:
            parameters = await _read_parameters(redis)
    except (RedisError, OSError) as error:
        return [area.unknown(f"whether Redis keeps the journal cannot be read: {describe_error(error)}")]
    if "appendonly" not in parameters:
        reason = "its user may use neither CONFIG GET nor INFO"
        return [area.unknown(f"whether Redis keeps the journal cannot be read: {reason}")]
    found = [*_check_persistence(area, parameters), *_check_eviction(area, parameters)]
    return found or [area.ok("Redis keeps the journal when it restarts, and evicts nothing")]


async def _read_parameters(redis: Redis) -> dict[str, str]:
    """Return the parameters that the server tells. Managed services forbid CONFIG; INFO has all but `save`."""
    try:
        parts = [await redis.config_get(name) for name in PARAMETERS]
        return {str(name): str(value) for part in parts for name, value in part.items()}
    except ResponseError:
        return await _read_info(redis)


async def _read_info(redis: Redis) -> dict[str, str]:
    try:
        info: dict[str, Any] = {**await redis.info("persistence"), **await redis.info("memory")}
    except ResponseError:
        return {}
    return {
        "appendonly": "yes" if info.get("aof_enabled") else "no",
        "maxmemory": str(info.get("maxmemory", 0)),
        "maxmemory-policy": str(info.get("maxmemory_policy", NO_EVICTION)),
    }


def _check_persistence(area: Area, parameters: Mapping[str, str]) -> Iterator[Finding]:
    if parameters["appendonly"] == "yes":
        return
    if (save := parameters.get("save")) is None:
        lost = "a crash of Redis loses what was stored since its last snapshot, or all"
        yield area.hint(f"{lost} (appendonly no, save unknown: CONFIG is forbidden)", SET_APPENDONLY)
        return
    lost = "a crash of Redis loses what was stored since its last snapshot"
    if not save:
        lost = "a restart of Redis loses the stored responses and the sums of budgets"
    yield area.hint(f"{lost} (appendonly no, save '{save}')", SET_APPENDONLY)


def _check_eviction(area: Area, parameters: Mapping[str, str]) -> Iterator[Finding]:
    policy = parameters.get("maxmemory-policy", NO_EVICTION)
    if policy != NO_EVICTION and parameters.get("maxmemory", "0") != "0":
        text = f"Redis may delete stored responses for lack of memory (maxmemory-policy {policy})"
        yield area.hint(text, SET_NO_EVICTION)
