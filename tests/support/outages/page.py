"""The page `docs/outages.md`, made from what the test of the outages has seen. `make outages` runs that first."""

import json
from pathlib import Path

from support.outages.table import OUTAGES

ROWS_FILE = Path(__file__).with_name("seen.json")
PAGE = Path(__file__).parents[3] / "docs" / "outages.md"
HEADING = """\
# Where each outage is seen

[A test](../tests/faults/test_outages.py) induces each of these outages beside a real engine, Redis, Prometheus and an
emulator of Groq. Each has a worker of its own, which has completed a task before. Within a minute it is seen in the
worker's log, in its [metrics](monitoring.md#metrics), in `/readyz` and by an alert of `deploy/prometheus`; the minute
includes the shipped intervals of Prometheus. A worker that is killed shows nothing itself. `…` is any text.

This page is made from what the test has seen; `make outages` runs it and writes the page.
"""
TABLE_HEAD = "| part | what was done | log | metric | `/readyz` | alert |\n|---|---|---|---|---|---|"
FOOT = """
While a check of `/readyz` only warns, the worker goes on fetching tasks: other models, endpoints and processes work, or
the part may be back in a moment. [What to do](monitoring.md#alerts) is listed by alert.

A server that accepts requests and does not respond is seen [before they time out](monitoring.md#unresponsive-endpoints)
if the Timeout of a task is more than 30 s: within a minute with one of up to two minutes, after half of a longer one.
With a shorter one the requests time out, which `catalyst_groq_responses_total{status="timed_out"}` counts.
"""


def read_rows() -> dict[str, dict[str, str]]:
    """Return where each outage was seen, by its name and the column."""
    rows: dict[str, dict[str, str]] = json.loads(ROWS_FILE.read_text(encoding="utf-8"))
    return rows


def page() -> str:
    """Return the text of the page."""
    rows = read_rows()
    lines = [_line(outage.part, outage.induced, rows[outage.name]) for outage in OUTAGES]
    return "\n".join([HEADING, TABLE_HEAD, *lines, FOOT])


def _line(part: str, induced: str, row: dict[str, str]) -> str:
    cells = [part, induced, *(_code(row[name]) for name in ("log", "metric")), row["readiness"], row["alert"]]
    return f"| {' | '.join(cells)} |"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
