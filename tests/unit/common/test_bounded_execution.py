"""Functions on foreign data in a process of their own, within bounds."""

import asyncio
import os
import pickle
import re
import resource
import subprocess
import sys
import time

import jmespath
import psutil
import pytest

from catalyst_groq.common import bounded_execution
from catalyst_groq.common.bounded_execution import InterruptedCallError, ProcessPool, Unfinished, decode_result
from catalyst_groq.common.bounded_process import Status, call
from catalyst_groq.connector.expressions.placeholder_values import PlaceholderError, evaluate_all
from catalyst_groq.domain.definitions import parse_or_explain
from catalyst_groq.domain.variables import FileVariable, TypedValue
from support.bounded_functions import CpuLimitWhileLoading, kill_own_process_once
from support.diagrams import process_with
from support.multi_instance import collecting_task, loop

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


async def test_pool_passes_every_part_of_a_diagram(pool):
    _, xml = process_with(collecting_task(inside=loop(2)))
    parsed = await pool.run(parse_or_explain, xml)
    assert parsed == parse_or_explain(xml)
    assert parsed.multi_instances
    assert parsed.origins


@pytest.mark.parametrize(
    ("function", "args", "reason"),
    [
        (re.match, ("^(a+)+$", "a" * 50 + "!"), "takes more than 2 seconds"),
        (bytearray, (10**9,), "needs more than 512 MB of memory"),
        (str.zfill, ("1", 5_000_000), "has a result of more than 4,000,000 bytes"),
        (os.abort, (), "crashes, or needs more than 512 MB of memory"),
        (os.path.join, (5,), "fails (TypeError: expected str, bytes or os.PathLike object, not int)"),
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
    others = set(psutil.Process().children())
    call = asyncio.create_task(pool.run(time.sleep, 60))
    await asyncio.sleep(0)
    while not (started := set(psutil.Process().children()) - others):  # noqa: ASYNC110 -- nothing reports the start
        await asyncio.sleep(0.01)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert not any(child.is_running() for child in started)


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


async def test_call_whose_process_is_killed_runs_once_more(pool, tmp_path):
    assert await pool.run(kill_own_process_once, str(tmp_path / "called")) == "done"


async def test_call_whose_process_ends_twice_may_be_made_later(pool):
    with pytest.raises(InterruptedCallError, match="exit code 3"):
        await pool.run(os._exit, 3)
    assert await pool.run(len, "abc") == 3


async def test_call_that_gets_no_cpu_may_be_made_later(pool, monkeypatch):
    monkeypatch.setattr(bounded_execution, "MAX_WALL_SECONDS", 0.2)
    with pytest.raises(InterruptedCallError, match="no result after"):
        await pool.run(time.sleep, 60)


async def test_process_ends_whose_output_is_not_read(pool):
    process = await pool._start()
    request = pickle.dumps((str.zfill, ("1", 3_000_000)))
    process.stdin.write(request)
    await process.stdout.readexactly(1)
    while not process.stdout._paused:  # noqa: ASYNC110 -- nothing reports it
        await asyncio.sleep(0.01)
    async with asyncio.timeout(20):
        await bounded_execution._end(process)


async def test_cpu_time_is_bounded_before_the_arguments_are_loaded(pool):
    (soft, _) = await pool.run(tuple, CpuLimitWhileLoading())
    assert soft != resource.RLIM_INFINITY


def test_lower_hard_limit_of_cpu_time_is_kept():
    code = (
        "import asyncio, resource; resource.setrlimit(resource.RLIMIT_CPU, (90, 90))\n"
        "from catalyst_groq.common.bounded_execution import ProcessPool\n"
        "async def run(): print((await ProcessPool().run(resource.getrlimit, resource.RLIMIT_CPU))[1])\n"
        "asyncio.run(run())"
    )
    environ = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    assert subprocess.check_output([sys.executable, "-c", code], env=environ, text=True) == "90\n"


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "getcwd"),
        ("catalyst_groq.common.bounded_process", "os.getcwd"),
        ("catalyst_groq.common.bounded_process", "serve"),
        ("datetime", "sys.exit"),
    ],
)
def test_result_holds_only_known_classes(module, name):
    content = f"c{module}\n{name}\n.".encode()
    with pytest.raises(pickle.UnpicklingError, match=re.escape(f"{module}.{name}")):
        decode_result(Status.RESULT, content)


def test_every_class_of_a_result_exists():
    for module, name in bounded_execution.VALUE_CLASSES:
        assert decode_result(Status.RESULT, f"c{module}\n{name}\n.".encode()).__name__ == name


async def test_error_of_a_placeholder_is_a_result(pool):
    result = await pool.run(evaluate_all, ["missing"], pickle.dumps({}))
    assert isinstance(result["missing"], PlaceholderError)
    assert result["missing"].missing_variable == "missing"


def test_error_that_is_cut_ends_with_an_ellipsis():
    status, message = call(int, ("x" * 300,))

    assert (status, message.decode()[:21]) == (Status.ERROR, "ValueError: invalid l")
    assert message.decode().endswith("x…")
