"""PostgreSQL and Redis of the system's packages or of wheels, as in the tests."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from redis import Redis

from catalyst_groq.errors import SandboxError

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from support import postgresql, redis_server

POSTGRESQL = "postgresql"
"""In place of a database's URL: a server that is started."""

COMMANDS_OF_SCRIPTS = {
    *("get", "set", "time", "expire", "del"),
    *("zadd", "zrem", "zrangebyscore", "zrange", "zcard", "zcount", "zscore", "zrank"),
    *("hget", "hset", "hdel", "hmget", "hgetall", "hincrbyfloat"),
}
"""What the rate limiter's script calls in Redis (queue.lua), and its workers never call over the network."""

OBSERVER_COMMANDS = {"info"}


@contextmanager
def postgresql_database(name: str = "bench") -> Iterator[str]:
    """Run a PostgreSQL server during the block; yields the URL of an empty database."""
    programs = postgresql.find_programs()
    if programs is None:
        raise SandboxError(postgresql.MISSING)
    with postgresql.running_postgresql(programs) as server:
        yield server.create_database(name)


@contextmanager
def running_redis() -> Iterator[str]:
    """Run a Redis server during the block; yields its URL."""
    program = redis_server.find_program()
    if program is None:
        raise SandboxError(redis_server.MISSING)
    with redis_server.running_redis(program) as url:
        yield url


@dataclass(frozen=True, slots=True)
class RedisFigures:
    """What clients have asked of Redis since its start."""

    round_trips: int
    """Commands that arrived over the network; a script is one."""
    scripts: int
    script_seconds: float

    @classmethod
    def read(cls, url: str) -> "RedisFigures":
        """Read `INFO commandstats`."""
        with Redis.from_url(url) as server:
            statistics = server.info("commandstats")
        calls = {name.removeprefix("cmdstat_"): figures for name, figures in statistics.items()}
        script = calls.get("evalsha", {"calls": 0, "usec": 0})
        over_network = (
            figures["calls"] for name, figures in calls.items() if name not in COMMANDS_OF_SCRIPTS | OBSERVER_COMMANDS
        )
        return cls(sum(over_network), script["calls"], script["usec"] / 1e6)

    def __sub__(self, other: "RedisFigures") -> "RedisFigures":
        """Return what was asked between two readings."""
        return RedisFigures(
            self.round_trips - other.round_trips,
            self.scripts - other.scripts,
            self.script_seconds - other.script_seconds,
        )
