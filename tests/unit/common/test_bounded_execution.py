"""Functions on foreign data in a process of their own, within bounds."""

import asyncio
import os
import re
import time

import jmespath
import psutil
import pytest

from catalyst_groq.common.bounded_execution import ProcessPool, Unfinished
from catalyst_groq.domain.variables import FileVariable, TypedValue

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
FILE = FileVariable("File", "photo", "image/png", "UTF-8", "a.png")


@pytest.fixture
async def pool():
    pool = ProcessPool()
    yield pool
    await pool.aclose()


async def test_pool_returns_the_result(pool):
    assert await pool.run(sorted, [3, 1, 2]) == [1, 2, 3]


@pytest.mark.parametrize("value", [None, "\ud83d\0", 10**30, {1: [float("inf")]}, TypedValue("Long", 5), [FILE, FILE]])
async def test_pool_passes_any_value(pool, value):
    assert await pool.run(dict, {"x": value}) == {"x": value}


@pytest.mark.parametrize(
    ("function", "args", "reason"),
    [
        (re.match, ("^(a+)+$", "a" * 50 + "!"), "takes more than 2 seconds"),
        (bytearray, (10**9,), "needs more than 512 MB of memory"),
        (str.zfill, ("1", 5_000_000), "has a result of more than 4,000,000 bytes"),
        (os.path.join, (5,), "fails (TypeError: expected str, bytes or os.PathLike object, not int)"),
        (os._exit, (3,), "ends its process (exit code 3)"),
    ],
)
async def test_pool_says_which_bound_is_exceeded(pool, function, args, reason):
    assert await pool.run(function, *args) == Unfinished(reason)
    assert await pool.run(len, "abc") == 3


async def test_pool_measures_a_result_as_it_is_written(pool):
    """A shared part counts as often as it occurs."""
    doubling = " | ".join(["[@, @]"] * 24)
    assert await pool.run(jmespath.search, doubling, 1) == Unfinished("has a result of more than 4,000,000 bytes")


async def test_cancelled_call_ends_its_process(pool):
    call = asyncio.create_task(pool.run(time.sleep, 60))
    await asyncio.sleep(0)
    while not (children := psutil.Process().children()):  # noqa: ASYNC110 -- nothing reports the start
        await asyncio.sleep(0.01)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert not any(child.is_running() for child in children)


async def test_pool_ignores_modules_of_the_current_directory(pool, tmp_path, monkeypatch):
    for name in ("anyio", "pickle", "catalyst_groq"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError")
    monkeypatch.chdir(tmp_path)
    assert await pool.run(len, "abc") == 3


async def test_process_has_no_environment(pool):
    assert await pool.run(os.getenv, "PATH") is None


async def test_offenders_do_not_keep_others_from_running(pool):
    offenders = [pool.run(re.match, "^(a+)+$", "a" * 50 + "!") for _ in range(3)]
    results = asyncio.gather(*offenders)
    assert await pool.run(len, "abc") == 3
    assert not results.done()
    assert await results == [Unfinished("takes more than 2 seconds")] * 3
