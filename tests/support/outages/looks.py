"""Looking where an outage is seen: the worker's log, metrics and readiness, and the alerts of Prometheus."""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import httpx

from support.outages.outage import Outage
from support.prometheus_server import PrometheusServer
from support.worker_process import WorkerProcess

SEEN_AT_WORKER = ("log", "metric", "readiness")
COLUMNS = (*SEEN_AT_WORKER, "alert")
ANY_TEXT = "…"


@dataclass
class Seen:
    """Where an outage was seen, and how many seconds after it was induced."""

    outage: Outage
    log: str = ""
    metric: str = ""
    readiness: str = ""
    """Each status of `/readyz` and of the check, one after the other, with what the check said."""
    alert: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    """By the name of the column."""

    def missing(self, columns: Collection[str] = COLUMNS) -> list[str]:
        """Return in which of these columns it was to be seen and was not."""
        blank = {name for name in ("log", "metric") if not getattr(self.outage, name)}
        return [name for name in columns if name not in self.seconds.keys() | blank]

    def row(self) -> Mapping[str, str]:
        """Return the cells of the page."""
        return {name: getattr(self, name) for name in COLUMNS}


class Look:
    """Looks at one worker, again and again."""

    def __init__(self, outage: Outage, worker: WorkerProcess, prometheus: PrometheusServer | None) -> None:
        self.seen = Seen(outage)
        self._outage = outage
        self._worker = worker
        self._url = f"http://127.0.0.1:{worker.http_port()}"
        self._prometheus = prometheus
        self._instance = prometheus.add_target(worker.http_port()) if prometheus else ""
        self._states: list[str] = []

    def has_seen_all(self) -> bool:
        """Whether nothing is left to look for."""
        return not self.seen.missing(COLUMNS if self._prometheus else SEEN_AT_WORKER)

    def take(self, seconds: float) -> None:
        """Look once, so many seconds after the outage was induced."""
        for column, found in (
            ("log", self._look_at_log()),
            ("metric", self._look_at_metrics()),
            ("readiness", self._look_at_readiness()),
            ("alert", self._look_at_alerts()),
        ):
            if found and column not in self.seen.seconds:
                self.seen.seconds[column] = seconds
                setattr(self.seen, column, found)

    def _look_at_log(self) -> str:
        """Return the level and the text of the line; empty if there is none."""
        lines = [json.loads(line) for line in self._worker.log.splitlines() if line.endswith("}")]
        levels = [line["level"] for line in lines if is_like(self._outage.log, line["message"])]
        return f"{levels[0]}: {self._outage.log}" if levels else ""

    def _look_at_metrics(self) -> str:
        page = self._get("/metrics")
        has_line = page and any(is_like(self._outage.metric, line) for line in page.text.splitlines())
        return self._outage.metric if has_line else ""

    def _look_at_readiness(self) -> str:
        """Return the states so far once the worker is as ready as it should be; empty before."""
        response, outage = self._get("/readyz"), self._outage
        if response is None:
            return "no response" if outage.ready is None else ""
        check = response.json()["checks"].get(outage.check, {"status": "ok"})
        state = f"{response.status_code}, `{outage.check}` {check['status']}"
        if check["status"] != "ok" and is_like(outage.problem, check["problem"]) and state not in self._states:
            self._states.append(state)
        is_expected = bool(self._states) and response.is_success is outage.ready
        return f"{', then '.join(self._states)}: {outage.problem}" if is_expected else ""

    def _look_at_alerts(self) -> str:
        """Return the name and the severity of the alert if it fires; empty before."""
        labels = {"alertname": self._outage.alert, **(self._outage.alert_labels or {"instance": self._instance})}
        firing = self._prometheus.firing_alerts() if self._prometheus else []
        found = [alert["severity"] for alert in firing if labels.items() <= alert.items()]
        return f"`{self._outage.alert}` ({found[0]})" if found else ""

    def _get(self, path: str) -> httpx.Response | None:
        try:
            return httpx.get(self._url + path, trust_env=False)
        except httpx.TransportError:
            return None


def is_like(pattern: str, text: str) -> bool:
    """Whether a text is the pattern with any text in place of each `…`."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split(ANY_TEXT))), text, re.DOTALL) is not None
