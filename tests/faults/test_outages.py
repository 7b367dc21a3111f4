"""Each outage of a part is seen in the log, the metrics, the readiness and an alert within a minute.

`docs/outages.md` shows where; `make outages` writes it.
"""

import json
from contextlib import nullcontext

import pytest

from catalyst_groq.sandbox.emulator import EmulatorConfig, running_emulator
from support.outages.looks import SEEN_AT_WORKER
from support.outages.page import ROWS_FILE, read_rows
from support.outages.runs import OutageRunner
from support.outages.table import OUTAGES
from support.prometheus_server import PROGRAM, needs_prometheus, running_prometheus, shipped_interval_seconds
from support.worker_process import ORGANIZATIONS

pytestmark = [pytest.mark.engine, pytest.mark.slow]
MINUTE = 60.0
each_outage = pytest.mark.parametrize("outage", OUTAGES, ids=lambda outage: outage.name)


@pytest.fixture(scope="module")
def seen(request, engine, process_client, redis, tmp_path_factory):
    """Where each outage was seen, by its name. Those of the tests that run are induced at the same time.

    They start Redis servers of their own; `redis` skips the tests where there is no program.
    """
    tests = (item.callspec.params for item in request.session.items if item.module is request.module)
    names = {parameters["outage"].name for parameters in tests}
    folder = tmp_path_factory.mktemp("outages")
    alerting = running_prometheus(folder) if PROGRAM else nullcontext()
    with running_emulator(EmulatorConfig(keys=ORGANIZATIONS)) as groq, alerting as prometheus:
        runner = OutageRunner(process_client, engine.rest_url, groq, prometheus, folder)
        seen = runner.run_all([outage for outage in OUTAGES if outage.name in names])
    if request.config.getoption("--record-outages") and not any(one.missing() for one in seen.values()):
        rows = read_rows() | {name: one.row() for name, one in seen.items()}
        ROWS_FILE.write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return seen


@each_outage
def test_outage_is_seen_in_log_metrics_and_readiness(seen, outage):
    row, recorded = seen[outage.name].row(), read_rows()[outage.name]
    assert seen[outage.name].missing(SEEN_AT_WORKER) == []
    assert {name: row[name] for name in SEEN_AT_WORKER} == {name: recorded[name] for name in SEEN_AT_WORKER}


@needs_prometheus
@each_outage
def test_outage_is_alerted_within_a_minute(seen, outage):
    assert seen[outage.name].missing(["alert"]) == []
    assert seen[outage.name].alert == read_rows()[outage.name]["alert"]
    assert seen[outage.name].seconds["alert"] + shipped_interval_seconds() <= MINUTE
