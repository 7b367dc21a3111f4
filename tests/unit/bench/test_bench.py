"""What the side-by-side measurements make of what they saw."""

import cProfile
import math
import pstats
from pathlib import Path

import httpx
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from bench.client_under_test import FLOOR, JAVASCRIPT, LIBRARY_ASYNC, OURS
from bench.figures import Load, Measured, Middle, Spread, percentile, rate
from bench.growth import Growth
from bench.process import diagram
from bench.profiling import PACKAGE_FOLDER, STANDARD_LIBRARY, STEPS, Profile, function_key, package_of, summarize
from bench.report import PROMISED_CALLS, Results, written
from bench.stub import Stub
from catalyst_groq.connector.fields.names import PAYLOAD
from catalyst_groq.domain.definitions import parse
from catalyst_groq.domain.variables import Encoder

pytestmark = pytest.mark.anyio


def measured(speed=1.0):
    """A round in which all is so many times as good as a worker of no merit."""
    return Measured(100 * speed, 1 / speed, 100 * speed, 1 / speed, (10 / speed, 20 / speed), 50 / speed)


def results(rounds, *, smoke=False):
    load = Load(rate=140, cpu=1, most_at_once=PROMISED_CALLS, filled=0.1)
    calls = {(name, PROMISED_CALLS): load for name in (OURS.name, FLOOR.name)}
    turns = {
        name: [Load(each.instant_rate, each.instant_cpu, 50, 0.1) for each in rounds[name]]
        for name in (OURS.name, JAVASCRIPT)
        if name in rounds
    }
    spent = Profile({"the key": 0.5}, {})
    return Results({"Machine": "a made-up one"}, rounds, smoke, Growth(calls, {}, {}), spent, turns)


def row(text, heading, name):
    """The cells of one row of the table below a heading."""
    table = text.split(f"## {heading}")[1].split("\n## ")[0]
    return next([cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if name in line)


def test_tasks_that_begin_together_and_end_together_are_not_counted_as_faster_than_they_are():
    ends = [end for end in (0.5, 1.0, 1.5, 2.0) for _ in range(50)]

    assert rate(ends, at_once=50) == pytest.approx(100)


def test_a_steady_stream_has_its_own_rate_however_few_there_are():
    assert rate([number / 20 for number in range(40)], at_once=50) == pytest.approx(20)


def test_a_rate_that_cannot_be_known_is_no_number():
    assert math.isnan(rate([1.0, 1.0], at_once=1))


@given(st.lists(st.floats(0, 1000), min_size=1), st.floats(0.01, 1))
def test_a_percentile_is_not_exceeded_by_its_share_of_the_values(values, share):
    found = percentile(values, share)

    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9


def test_a_spread_is_the_median_between_the_extremes():
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(middle=2.0, least=1.0, most=3.0)


@pytest.mark.parametrize(("count", "beyond"), [(1, 0), (5, 0), (6, 0), (9, 1), (15, 3), (31, 9)])
def test_a_middle_lies_between_equal_ranks(count, beyond):
    """The ranks are those of a table of the sign test at 95 %."""
    values = [float(number) for number in range(count)]
    middle = Middle.of(values[::-1])

    assert (middle.least, middle.value, middle.most) == (beyond, (count - 1) / 2, count - 1 - beyond)


def test_a_ratio_that_could_as_well_be_chance_is_not_judged():
    rounds = {name: [measured()] * 31 for name in (OURS.name, LIBRARY_ASYNC.name, FLOOR.name)}

    def judged(slower):
        speeds = [0.9] * slower + [1.2] * (31 - slower)
        text = written(results({**rounds, JAVASCRIPT: [measured(1 / speed) for speed in speeds]}))
        return row(text, "What was promised", "at least the JavaScript client's")[1:]

    assert judged(slower=25) == ["0.90", "**no**"]
    assert judged(slower=16) == ["0.90 (0.90–1.20)", "cannot be told"]
    assert judged(slower=15) == ["1.20 (0.90–1.20)", "cannot be told"]
    assert judged(slower=6) == ["1.20", "yes"]


def test_ratios_say_how_many_times_as_good_this_worker_is():
    text = written(results({OURS.name: [measured(2)], LIBRARY_ASYNC.name: [measured()], FLOOR.name: [measured(4)]}))

    assert row(text, "This worker against", LIBRARY_ASYNC.name)[1:5] == ["2.00 ×", "0.50 ×", "2.00 ×", "0.50 ×"]
    assert row(text, "This worker against", FLOOR.name)[1:3] == ["0.50 ×", "2.00 ×"]


def test_a_promise_that_is_not_kept_is_said():
    rounds = {OURS.name: [measured()], JAVASCRIPT: [measured(2)], LIBRARY_ASYNC.name: [measured(0.05)]}
    text = written(results({**rounds, FLOOR.name: [measured()]}))

    assert row(text, "What was promised", "at least the JavaScript client's") == [
        "tasks/s at least the JavaScript client's",
        "0.50",
        "**no**",
    ]
    assert row(text, "What was promised", "10 × the library's")[2] == "yes"


def test_a_smoke_run_says_so_and_judges_nothing():
    rounds = {name: [measured()] for name in (OURS.name, LIBRARY_ASYNC.name, FLOOR.name)}
    full, smoke = written(results(rounds)), written(results(rounds, smoke=True))

    assert ("A smoke run" in full, "A smoke run" in smoke) == (False, True)
    assert ("What was promised" in full, "What was promised" in smoke) == (True, False)


def test_without_node_the_results_say_who_is_missing():
    text = written(results({OURS.name: [measured()], LIBRARY_ASYNC.name: [measured()], FLOOR.name: [measured()]}))

    assert "the JavaScript client is missing" in text


@pytest.mark.parametrize(
    ("file", "package"),
    [
        ("/venv/lib/python3.11/site-packages/httpx/_client.py", "httpx"),
        (str(PACKAGE_FOLDER / "connector" / "fields" / "raw.py"), "catalyst_groq/connector"),
        (str(PACKAGE_FOLDER / "app.py"), "catalyst_groq/app"),
        ("/usr/lib/python3.11/json/encoder.py", "json"),
        ("/usr/lib/python3.11/contextlib.py", STANDARD_LIBRARY),
        ("~", STANDARD_LIBRARY),
    ],
)
def test_a_file_belongs_to_a_package(file, package):
    assert package_of(file) == package


@pytest.mark.parametrize("path", STEPS.values())
def test_profile_step_names_an_existing_function(path):
    assert Path(function_key(path)[0]).is_relative_to(PACKAGE_FOLDER)


def test_profile_attributes_time_to_its_step_and_package():
    profiler = cProfile.Profile()
    profiler.runcall(Encoder().encode_all, {str(number): "x" for number in range(2000)})
    profile = summarize(pstats.Stats(profiler))

    assert next(iter(profile.steps)) == "encoding variables"
    assert profile.packages["catalyst_groq/domain"] > 0


@pytest.mark.parametrize("gated", [True, False])
def test_the_measured_task_has_the_fields_of_the_shipped_example(gated):
    definition = parse(diagram("key", "topic", gated=gated))

    assert "${userMessage}" in definition.fields_of("Ask")[PAYLOAD]


@pytest.fixture
async def stub():
    """A stub over HTTP."""
    runner = web.ServerRunner(web.Server(Stub().handle, access_log=None))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{runner.addresses[0][1]}", trust_env=False) as http:
        yield http
    await runner.cleanup()


async def test_the_stub_says_what_it_saw_since_the_measurement_began(stub):
    await stub.post("/openai/v1/chat/completions", json={})
    await stub.post("/begin", json={"delay": 0})
    answer = await stub.post("/openai/v1/chat/completions", json={})
    seen = (await stub.get("/await", params={"calls": 1})).json()

    assert answer.json()["choices"][0]["finish_reason"] == "stop"
    assert (len(seen["arrivals"]), seen["most_at_once"]) == (1, 1)
