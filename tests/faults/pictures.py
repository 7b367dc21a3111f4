"""Make the pictures of `docs/monitoring.md`: the queries of the dashboards on real data, in Prometheus's own pages.

Grafana's own cannot be made: decision 102 of ARCHITECTURE.md. Run by `make graphs`.
"""

import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urlencode

from dashboards import OVERVIEW
from playwright.sync_api import Browser, Page
from rich.console import Console

from catalyst_groq.errors import SandboxError
from catalyst_groq.sandbox.emulator import Emulator, EmulatorConfig, running_emulator
from catalyst_groq.sandbox.engine import EngineProcess
from catalyst_groq.sandbox.process_client import ProcessClient, wait_for
from catalyst_groq.sandbox.progress import Phase, ProgressDisplay
from support.browser import open_browser
from support.diagrams import diagram
from support.npm_package import ToolMissing
from support.prometheus_server import PROGRAM, PrometheusServer, running_prometheus
from support.worker_process import ORGANIZATIONS, WorkerProcess

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "pictures"
PAGE = ROOT / "docs" / "monitoring.md"
DATED = re.compile(r"(?<=<!-- pictures -->\n).+?(?=\n<!-- end -->)", re.DOTALL)
"""The sentence of the page that says when and in what the pictures were made."""

PANELS = ("Tasks by outcome", "Seconds without a response")
ALERT = "CatalystGroqUnresponsive"
TASK_INTERVAL_SECONDS = 0.4
BEFORE_SECONDS, AFTER_SECONDS = 75, 65
"""Of ordinary work, before the outage and after it."""

PATIENCE_SECONDS = 90.0
RATE_INTERVAL, RANGE = "15s", "3m"
"""In place of Grafana's `$__rate_interval`, and what the graphs show."""


def main() -> None:
    """Make both pictures, in four minutes. Ends with 1 and the reason when something that is needed is not there."""
    if not PROGRAM:
        sys.exit("No Prometheus was found: apt-get install prometheus")
    try:
        with (
            ProgressDisplay(Console()) as progress,
            open_browser() as browser,
            EngineProcess(on_progress=progress) as engine,
            tempfile.TemporaryDirectory() as folder,
            _working(Path(folder), engine.rest_url) as (groq, prometheus),
        ):
            progress(Phase("Working for a while"))
            time.sleep(BEFORE_SECONDS)
            progress(Phase("Waiting for the alert of a Groq that does not respond"))
            groq.next(None, fault="hang")
            wait_for(ALERT, lambda: _is_firing(prometheus), timeout=PATIENCE_SECONDS)
            _picture_alert(browser, prometheus)
            progress(Phase("Working after the outage"))
            groq.reset()
            time.sleep(AFTER_SECONDS)
            _picture_panels(browser, prometheus)
    except (ToolMissing, SandboxError) as error:
        sys.exit(str(error))
    PAGE.write_text(
        date_pictures(PAGE.read_text(encoding="utf-8"), datetime.now(UTC).date(), _version()), encoding="utf-8"
    )


def date_pictures(page: str, made: date, version: str) -> str:
    """Return the page with the date of the pictures and the version in which they were made."""
    return DATED.sub(f"The pictures were made on {made} in Prometheus {version}.", page)


def _version() -> str:
    done = subprocess.run([str(PROGRAM), "--version"], capture_output=True, text=True, check=True)
    return re.findall(r"version ([\d.]+)", done.stdout + done.stderr)[0]


@contextmanager
def _working(folder: Path, rest_url: str) -> Iterator[tuple[Emulator, PrometheusServer]]:
    """Let a worker complete tasks, watched by Prometheus, while the block runs."""
    config = EmulatorConfig(keys=ORGANIZATIONS, tokens_per_second="model")
    settings = {"http_port": "0", "shutdown_timeout": "PT0S"}
    with (
        running_emulator(config) as groq,
        running_prometheus(folder) as prometheus,
        ProcessClient(rest_url) as process_client,
        WorkerProcess(folder / "worker", rest_url, groq.base_url, **settings) as worker,
    ):
        prometheus.add_target(worker.http_port())
        key, xml = diagram()
        process_client.deploy_texts({f"{key}.bpmn": xml})
        has_ended = threading.Event()

        def start_tasks() -> None:
            while not has_ended.wait(TASK_INTERVAL_SECONDS):
                process_client.start(key, {"userMessage": "Why is the sky blue?"})

        starting = threading.Thread(target=start_tasks)
        starting.start()
        try:
            yield groq, prometheus
        finally:
            has_ended.set()
            starting.join()


def _is_firing(prometheus: PrometheusServer) -> bool:
    return any(alert["alertname"] == ALERT for alert in prometheus.firing_alerts())


def _picture_alert(browser: Browser, prometheus: PrometheusServer) -> None:
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.goto(f"{prometheus.url}/classic/alerts")
    page.get_by_text("Show annotations").click()
    page.locator(".alert_header", has_text=ALERT).click()
    page.locator("dd", has_text="It has answered no request for").wait_for()
    _photograph(page, "tr.alert_header", "tr.alert_details", "prometheus-alert.png")


def _picture_panels(browser: Browser, prometheus: PrometheusServer) -> None:
    panels = {panel.title: panel for row in OVERVIEW.rows.values() for panel in row}
    parameters: dict[str, str | int] = {}
    for number, title in enumerate(PANELS):
        [expression] = panels[title].queries.values()
        expression = expression.replace("$__rate_interval", RATE_INTERVAL).replace("$instance", ".*")
        graph: dict[str, str | int] = {
            "expr": expression,
            "tab": 0,
            "stacked": int(panels[title].is_stacked),
            "range_input": RANGE,
        }
        parameters |= {f"g{number}.{name}": value for name, value in graph.items()}
    page = browser.new_page(viewport={"width": 1200, "height": 1600})
    page.goto(f"{prometheus.url}/classic/graph?{urlencode(parameters)}")
    page.locator(".rickshaw_graph svg").nth(len(PANELS) - 1).wait_for()
    _photograph(page, "#graph_wrapper0", f"#graph_wrapper{len(PANELS) - 1}", "prometheus-graphs.png")


def _photograph(page: Page, first: str, last: str, name: str) -> None:
    """Take a picture of what is between two elements, and of both."""
    above, below = (page.locator(selector).first.bounding_box() for selector in (first, last))
    assert above
    assert below
    height = below["y"] + below["height"] - above["y"]
    page.screenshot(
        path=FOLDER / name, clip={"x": above["x"], "y": above["y"], "width": above["width"], "height": height}
    )
    page.close()


if __name__ == "__main__":
    main()
