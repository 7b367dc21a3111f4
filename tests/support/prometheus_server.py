"""A Prometheus server with the shipped rules, in a folder, on a free port."""

import json
import shutil
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

import httpx
import pytest
import yaml

from catalyst_groq.sandbox.process_client import wait_for

PROGRAM = shutil.which("prometheus")
needs_prometheus = pytest.mark.skipif(not PROGRAM, reason="needs prometheus (Debian: apt-get install prometheus)")
SHIPPED = Path(__file__).parents[2] / "deploy" / "prometheus"
JOB = "catalyst-groq"
INTERVAL = "1s"
"""Between two scrapes, and between two evaluations of the rules."""


def shipped_interval_seconds():
    """Return by how much later than here an alert comes with the shipped intervals, at most."""
    intervals = yaml.safe_load((SHIPPED / "prometheus.yml").read_text(encoding="utf-8"))["global"]
    return sum(int(intervals[name].removesuffix("s")) for name in ("scrape_interval", "evaluation_interval"))


class PrometheusServer:
    """A running server. Thread-safe."""

    def __init__(self, folder, url):
        self._targets_file = folder / "targets.json"
        self._targets = []
        self._lock = Lock()
        self.url = url

    def add_target(self, port):
        """Scrape this port of the machine from now on; returns the name of the instance."""
        with self._lock:
            self._targets.append(f"127.0.0.1:{port}")
            written = self._targets_file.with_suffix(".new")
            written.write_text(json.dumps([{"targets": self._targets}]))
            written.replace(self._targets_file)
        return f"127.0.0.1:{port}"

    def is_ready(self):
        """Whether it answers queries."""
        try:
            return self._get("/-/ready").is_success
        except httpx.TransportError:
            return False

    def firing_alerts(self):
        """Return the labels of the alerts that fire."""
        alerts = self._get("/api/v1/alerts").raise_for_status().json()["data"]["alerts"]
        return [alert["labels"] for alert in alerts if alert["state"] == "firing"]

    def query(self, expression):
        """Return the figures of an instant query, by their labels."""
        found = self._get("/api/v1/query", query=expression).raise_for_status().json()
        return [(series["metric"], float(series["value"][1])) for series in found["data"]["result"]]

    def _get(self, path, **parameters):
        return httpx.get(self.url + path, params=parameters, trust_env=False)


@contextmanager
def running_prometheus(folder):
    """Run a server without targets, with the rules as they are shipped; yields it."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
    targets = [{"files": [str(folder / "targets.json")], "refresh_interval": INTERVAL}]
    config = {
        "global": {"scrape_interval": INTERVAL, "evaluation_interval": INTERVAL},
        "rule_files": [str(SHIPPED / "rules.yml")],
        "scrape_configs": [{"job_name": JOB, "file_sd_configs": targets}],
    }
    (folder / "targets.json").write_text("[]")
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    options = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    command = [PROGRAM, *options, f"--web.listen-address={address}"]
    with (folder / "prometheus.log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            server = PrometheusServer(folder, f"http://{address}")
            wait_for("Prometheus", lambda: server.is_ready() or process.poll() is not None, timeout=20)
            assert process.poll() is None, (folder / "prometheus.log").read_text()
            yield server
        finally:
            process.terminate()
