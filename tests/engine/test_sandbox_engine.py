"""The engine on a laptop is a real one, and does not outlive whoever started it."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from catalyst_groq.errors import SandboxError
from catalyst_groq.sandbox.engine import PASSWORD, USER, EngineProcess, Flavour
from catalyst_groq.sandbox.process_client import wait_for
from support.processes import is_gone

pytestmark = pytest.mark.engine

LONG_POLL = {"workerId": "waiting", "maxTasks": 1, "asyncResponseTimeout": 60_000}
LONG_POLL["topics"] = [{"topicName": "nothing", "lockDuration": 1000}]
BPMN = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
    targetNamespace="sandbox">
  <process id="sandbox" isExecutable="true" camunda:historyTimeToLive="P1D"><startEvent id="start"/></process>
</definitions>"""
SERVE = """
import sys
from catalyst_groq.sandbox.engine import Flavour, serve
serve(Flavour(sys.argv[1]), port=0, database=None)
"""


@pytest.fixture
def rest(engine):
    with httpx.Client(base_url=engine.rest_url) as client:
        yield client


@pytest.fixture
def serving(flavour, tmp_path):
    """Serve an engine from a process of its own, as `catalyst-groq engine` does; returns it and the REST address."""
    processes = []

    def begin():
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE, flavour],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "TMPDIR": str(tmp_path)},
        )
        processes.append(process)
        address = next(line.split()[-1] for line in process.stdout if line.startswith("REST API"))
        return process, address

    yield begin
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


def deploy(engine):
    answer = httpx.post(
        f"{engine.rest_url}/deployment/create",
        data={"deployment-name": "sandbox"},
        files={"process": ("sandbox.bpmn", BPMN)},
    )
    answer.raise_for_status()


def deployments(engine):
    return httpx.get(f"{engine.rest_url}/process-definition/count").json()["count"]


def test_sandbox_engine_has_the_expected_flavour(rest, flavour):
    versions = {Flavour.CAMUNDA: "7.24.0", Flavour.OPERATON: "1.0.3"}

    assert rest.get("/version").json() == {"version": versions[flavour]}
    assert rest.get("/history/process-instance/count").json() == {"count": pytest.approx(0, abs=1_000_000)}


def test_sandbox_engine_accepts_demo_user(engine, rest, flavour):
    verdict = rest.post("/identity/verify", json={"username": USER, "password": PASSWORD}).json()
    assert verdict["authenticated"]

    with httpx.Client(base_url=engine.base_url, follow_redirects=True) as browser:
        for page in (engine.cockpit_url, engine.tasklist_url):
            assert browser.get(page).status_code == 200
        answer = browser.post(
            f"/{flavour}/api/admin/auth/user/default/login/tasklist",
            data={"username": USER, "password": PASSWORD},
            headers={"X-XSRF-TOKEN": browser.cookies["XSRF-TOKEN"]},
        )
        assert answer.json()["userId"] == USER


def test_sandbox_engine_reads_json_variables(engine, rest):
    deploy(engine)
    value = {"type": "Json", "value": json.dumps({"a": 1})}

    answer = rest.post("/process-definition/key/sandbox/start", json={"variables": {"structure": value}})

    assert answer.status_code == 200


def test_sandbox_engine_without_spin_rejects_json(flavour):
    with EngineProcess(flavour, spin=False) as engine:
        deploy(engine)
        answer = httpx.post(
            f"{engine.rest_url}/process-definition/key/sandbox/start",
            json={"variables": {"structure": {"type": "Json", "value": "{}"}}},
        )

    assert answer.status_code == 400


def test_sandbox_database_file_survives_stop_and_kill(flavour, tmp_path):
    with EngineProcess(flavour, database=str(tmp_path / "engine")) as engine:
        port, pid = engine.port, engine.pid
        deploy(engine)
        engine.stop()
        assert not engine.running
        assert is_gone(pid)

        engine.start()
        assert (engine.port, deployments(engine)) == (port, 1)
        engine.kill()
        engine.start()
        assert (engine.port, deployments(engine)) == (port, 1)


def test_sandbox_engines_share_a_postgresql_database(flavour, postgresql):
    url = postgresql.create_database(f"shared_{flavour}")
    with EngineProcess(flavour, database=url) as one, EngineProcess(flavour, database=url) as other:
        deploy(one)

        assert deployments(other) == 1


def test_sandbox_engine_starts_the_other_flavour(flavour):
    (other,) = set(Flavour) - {flavour}
    with EngineProcess(other) as engine:
        verdict = httpx.post(f"{engine.rest_url}/identity/verify", json={"username": USER, "password": PASSWORD})

    assert verdict.json()["authenticated"]


def test_sandbox_engine_stops_during_a_long_poll(flavour):
    sent = threading.Event()

    def poll(url):
        def trace(event, _info):
            if event == "http11.receive_response_headers.started":
                sent.set()

        with suppress(httpx.TransportError), httpx.Client(timeout=90) as client:
            client.post(url, json=LONG_POLL, extensions={"trace": trace})

    # Without Spin nothing is recorded at the end, which would take time of its own.
    with EngineProcess(flavour, spin=False) as engine:
        poller = threading.Thread(target=poll, args=[f"{engine.rest_url}/external-task/fetchAndLock"])
        poller.start()
        assert sent.wait(10)
        began = time.monotonic()
        engine.stop()
        took = time.monotonic() - began
    poller.join()

    assert took < 8


def test_sandbox_engine_names_busy_port(flavour):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SandboxError, match=rf"Port {port} cannot be used: Address already in use.*--port"):
            EngineProcess(flavour, port=port).start()


def test_sandbox_engine_failed_start_shows_end_of_log(flavour):
    engine = EngineProcess(flavour, database="postgresql://127.0.0.1:1/nowhere")

    with pytest.raises(SandboxError, match=r"(?s)did not start.*Connection to 127\.0\.0\.1:1 refused"):
        engine.start()

    assert not engine.running


def test_sandbox_engine_reports_unexpected_exit(flavour):
    with EngineProcess(flavour) as engine:
        os.kill(engine.pid, signal.SIGKILL)

        with pytest.raises(SandboxError, match="ended unexpectedly"):
            engine.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_sandbox_engine_command_stops_on_signal(serving, number):
    process, address = serving()

    process.send_signal(number)

    assert process.wait(60) == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(address)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent was killed")
def test_sandbox_engine_ends_with_killed_parent(serving):
    process, address = serving()
    (engine,) = _children(process.pid)

    process.kill()

    wait_for("the engine's end", lambda: is_gone(engine), timeout=10)
    with pytest.raises(httpx.ConnectError):
        httpx.get(address)


def _children(pid):
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]
