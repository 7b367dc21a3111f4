"""The benchmark: statistics, report, profile and stub."""

import cProfile
import math
import pstats
from dataclasses import replace
from functools import partial
from pathlib import Path

import httpx
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from bench.client_under_test import BARE_LOOP, JAVASCRIPT, LIBRARY_ASYNC, THIS_WORKER
from bench.clients.completer import BODY
from bench.clients.work import output_variables
from bench.completions import VARIABLE_COUNTS
from bench.figures import Load, Measurement, MedianInterval, Range, percentile, rate
from bench.multi_instance import FLOOR, ItemsRun
from bench.process import ONE, PLAIN, SHAPES, diagram
from bench.profiling import PACKAGE_FOLDER, STANDARD_LIBRARY, STEPS, Profile, function_key, package_of, summarize
from bench.report import TARGET_CALLS, Results, completions_section, format_results, items_section
from bench.scaling import Scaling
from bench.stub import Stub
from catalyst_groq.connector.fields.names import PAYLOAD
from catalyst_groq.domain.definitions import parse
from catalyst_groq.domain.variables import Encoder

pytestmark = pytest.mark.anyio


def make_measurement(speed=1.0):
    """Return figures that are `speed` times as good as those of a baseline."""
    return Measurement(100 * speed, 1 / speed, 100 * speed, 1 / speed, (10 / speed, 20 / speed), 50 / speed)


def make_results(rounds, *, smoke=False):
    load = Load(rate=140, cpu=1, peak_concurrency=TARGET_CALLS, ramp_up_seconds=0.1)
    calls = {(name, TARGET_CALLS): load for name in (THIS_WORKER.name, BARE_LOOP.name)}
    turns = {
        name: [Load(each.instant_rate, each.instant_cpu, 50, 0.1) for each in rounds[name]]
        for name in (THIS_WORKER.name, JAVASCRIPT)
        if name in rounds
    }
    profile = Profile({"the key": 0.5}, {})
    return Results({"Machine": "test machine"}, rounds, smoke, Scaling(calls, {}, {}), profile, interleaved=turns)


def table_row(text, heading, name):
    """Return the cells of one row of the table below a heading."""
    table = text.split(f"## {heading}")[1].split("\n## ")[0]
    return next([cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if name in line)


def test_rate_of_tasks_that_start_and_end_together_is_exact():
    ends = [end for end in (0.5, 1.0, 1.5, 2.0) for _ in range(50)]

    assert rate(ends, concurrency=50) == pytest.approx(100)


def test_rate_of_a_steady_stream_with_few_tasks():
    assert rate([number / 20 for number in range(40)], concurrency=50) == pytest.approx(20)


def test_rate_is_nan_when_all_tasks_end_at_the_same_time():
    assert math.isnan(rate([1.0, 1.0], concurrency=1))


@given(st.lists(st.floats(0, 1000), min_size=1), st.floats(0.01, 1))
def test_percentile_is_not_exceeded_by_its_share_of_values(values, share):
    result = percentile(values, share)

    assert result in values
    assert sum(value <= result for value in values) >= share * len(values) - 1e-9


def test_range_holds_median_minimum_and_maximum():
    assert Range.from_values([3.0, 1.0, 2.0]) == Range(median=2.0, low=1.0, high=3.0)


@pytest.mark.parametrize(("count", "beyond"), [(1, 0), (5, 0), (6, 0), (9, 1), (15, 3), (31, 9)])
def test_median_interval_cuts_equal_ranks_at_both_ends(count, beyond):
    """Source of the ranks: a table of the sign test at 95 %."""
    values = [float(number) for number in range(count)]
    middle = MedianInterval.from_values(values[::-1])

    assert (middle.low, middle.value, middle.high) == (beyond, (count - 1) / 2, count - 1 - beyond)


def test_target_within_the_interval_is_inconclusive():
    rounds = {name: [make_measurement()] * 31 for name in (THIS_WORKER.name, LIBRARY_ASYNC.name, BARE_LOOP.name)}

    def verdict_cells(slower):
        speeds = [0.9] * slower + [1.2] * (31 - slower)
        text = format_results(make_results({**rounds, JAVASCRIPT: [make_measurement(1 / speed) for speed in speeds]}))
        return table_row(text, "Targets", "at least the JavaScript client's")[1:]

    assert verdict_cells(slower=25) == ["0.90", "**no**"]
    assert verdict_cells(slower=16) == ["0.90 (0.90–1.20)", "inconclusive"]
    assert verdict_cells(slower=15) == ["1.20 (0.90–1.20)", "inconclusive"]
    assert verdict_cells(slower=6) == ["1.20", "yes"]


def test_ratio_table_divides_this_worker_by_each_client():
    text = format_results(
        make_results(
            {
                THIS_WORKER.name: [make_measurement(2)],
                LIBRARY_ASYNC.name: [make_measurement()],
                BARE_LOOP.name: [make_measurement(4)],
            }
        )
    )

    assert table_row(text, "This worker compared", LIBRARY_ASYNC.name)[1:5] == ["2.00 ×", "0.50 ×", "2.00 ×", "0.50 ×"]
    assert table_row(text, "This worker compared", BARE_LOOP.name)[1:3] == ["0.50 ×", "2.00 ×"]


def test_missed_target_is_reported():
    rounds = {
        THIS_WORKER.name: [make_measurement()],
        JAVASCRIPT: [make_measurement(2)],
        LIBRARY_ASYNC.name: [make_measurement(0.05)],
    }
    text = format_results(make_results({**rounds, BARE_LOOP.name: [make_measurement()]}))

    assert table_row(text, "Targets", "at least the JavaScript client's") == [
        "tasks/s at least the JavaScript client's",
        "0.50",
        "**no**",
    ]
    assert table_row(text, "Targets", "10 × the library's")[2] == "yes"


def test_smoke_run_is_marked_and_checks_no_target():
    rounds = {name: [make_measurement()] for name in (THIS_WORKER.name, LIBRARY_ASYNC.name, BARE_LOOP.name)}
    full, smoke = format_results(make_results(rounds)), format_results(make_results(rounds, smoke=True))

    assert ("A smoke run" in full, "A smoke run" in smoke) == (False, True)
    assert ("Targets" in full, "Targets" in smoke) == (True, False)


def test_results_without_node_name_the_missing_client():
    text = format_results(
        make_results(
            {
                THIS_WORKER.name: [make_measurement()],
                LIBRARY_ASYNC.name: [make_measurement()],
                BARE_LOOP.name: [make_measurement()],
            }
        )
    )

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
def test_package_of_a_file(file, package):
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
def test_diagram_has_the_fields_of_the_shipped_example(gated):
    definition = parse(diagram("key", "topic", gated=gated))

    assert "${userMessage}" in definition.fields_of("Ask")[PAYLOAD]


@pytest.mark.parametrize("shape", SHAPES)
def test_diagram_of_each_shape_asks_in_the_shipped_way(shape):
    definition = parse(diagram("key", "topic", gated=True, shape=shape))
    loops = [loop.activity_id for loop in definition.multi_instances.get("Ask", ())]

    assert "${userMessage}" in definition.fields_of("Ask")[PAYLOAD]
    assert loops == [name for name, has in (("Ask", shape is not PLAIN), ("Batch", shape.batches)) if has]


def items_runs(seconds):
    """Runs of two shapes: this worker's with one multi-instance takes that many seconds."""
    complete = partial(ItemsRun, 1000, completed=1000, calls=1000, failures=0)
    return {
        (FLOOR, PLAIN.name): complete(seconds=5),
        (FLOOR, ONE.name): complete(seconds=20),
        (THIS_WORKER.name, PLAIN.name): complete(seconds=10),
        (THIS_WORKER.name, ONE.name): complete(seconds=seconds),
        (JAVASCRIPT, PLAIN.name): complete(seconds=11),
        (JAVASCRIPT, ONE.name): ItemsRun(1000, 600, completed=178, calls=1006, failures=3, has_ended=False),
    }


def test_items_table_says_what_was_not_completed():
    lines = "\n".join(items_section(items_runs(31.0)))

    assert "| separate instances | 5.0 | 10.0 | 11.0 |" in lines
    assert "| one multi-instance | 20.0 | 31.0 | 600.0 (not ended: 178 completed, 1,006 calls, 3 failures) |" in lines


@pytest.mark.parametrize(("seconds", "verdict"), [(31.0, "yes"), (33.0, "**no**")])
def test_items_target_adds_the_floor_to_separate_instances(seconds, verdict):
    rounds = {name: [make_measurement()] for name in (THIS_WORKER.name, LIBRARY_ASYNC.name, BARE_LOOP.name)}
    text = format_results(replace(make_results(rounds), items=items_runs(seconds)))

    assert table_row(text, "Targets", "the engine's floor")[2] == verdict


@pytest.fixture
async def stub():
    """Return an HTTP client of a running stub."""
    runner = web.ServerRunner(web.Server(Stub().handle, access_log=None))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{runner.addresses[0][1]}", trust_env=False) as http:
        yield http
    await runner.cleanup()


async def test_stub_reports_calls_since_the_last_reset(stub):
    await stub.post("/openai/v1/chat/completions", json={})
    await stub.post("/begin", json={"delay": 0})
    answer = await stub.post("/openai/v1/chat/completions", json={})
    seen = (await stub.get("/await", params={"calls": 1})).json()

    assert answer.json()["choices"][0]["finish_reason"] == "stop"
    assert (len(seen["arrivals"]), seen["peak_concurrency"]) == (1, 1)


def test_completions_are_compared_with_those_of_all_variables():
    rates = {10: Range(100, 90, 110), 0: Range(250, 240, 260)}
    (table,) = completions_section(rates)

    assert table.splitlines()[2:] == ["| 0 | 250 (240-260) | 2.50 |", "| 10 | 100 (90-110) | 1.00 |"]


def test_completer_has_the_workers_variables():
    variables = list(output_variables(200, BODY))

    assert [name for name in variables[: VARIABLE_COUNTS[-2]] if name.startswith("catalyst_")] == []
    assert len(variables) == VARIABLE_COUNTS[-1]
