"""`catalyst-groq demo`, as a newcomer runs it: beside settings of other workers, interrupted, with a broken setting."""

import os
import re
import signal
import subprocess
import sys

import psutil
import pytest
from filelock import FileLock

from catalyst_groq.sandbox.engine import Flavour
from catalyst_groq.sandbox.engine.startup_cache import prepare_in_background
from catalyst_groq.sandbox.process_client import wait_for

DEMO = [sys.executable, "-m", "catalyst_groq", "demo"]
FOREIGN_SETTINGS = {"CATALYST_CONCURENCY": "5", "CATALYST_TOPIC": "other"}

pytestmark = [pytest.mark.engine, pytest.mark.slow]


def run_demo(folder, *options, **environ):
    cleared = {name: value for name, value in os.environ.items() if name != "GROQ_API_KEY"}
    command = [*DEMO, *options]
    return subprocess.run(
        command, cwd=folder, env={**cleared, **environ}, capture_output=True, text=True, timeout=180, check=False
    )


def test_demo_ignores_settings_of_other_workers(tmp_path):
    (tmp_path / ".env").write_text("CATALYST_LOG_LEVEL=wrong\n")
    result = run_demo(tmp_path, **FOREIGN_SETTINGS)

    assert result.returncode == 0, result.stdout + result.stderr
    lines = result.stdout.splitlines()
    assert lines[0].startswith("The example groq-example runs on a real engine, and an emulator of Groq answers")
    assert "Calling the emulator … " in result.stdout
    positions = [result.stdout.index(text) for text in ("The instance has ended: COMPLETED.", "\naiReply ", "next:")]
    assert positions == sorted(positions)
    assert lines[-1] == "Engine and worker stop now." or lines[-2] == "Engine and worker stop now."
    assert "make" not in result.stdout
    assert "Tasklist   " not in result.stdout, "the engine has stopped"


def test_demo_of_an_example_completes_its_user_tasks(tmp_path):
    result = run_demo(tmp_path, "--example", "groq-tools-example")

    assert result.returncode == 0, result.stdout + result.stderr
    steps = [line.partition(" … ")[0] for line in result.stdout.splitlines() if " … " in line][-3:]
    assert steps == ["Calling the emulator", "Completing the user task Look up order", "Calling the emulator"]
    assert re.search(r"aiReply +String +Order 4711 is in Bremen, since this morning\.\n", result.stdout)
    assert "The instance has ended: COMPLETED." in result.stdout


def test_demo_shows_the_variables_of_the_process_alone(tmp_path):
    result = run_demo(tmp_path, "--example", "groq-translate-example")

    assert result.returncode == 0, result.stdout + result.stderr
    rows = result.stdout.partition("Its process variables:\n")[2].partition("\n\n")[0].splitlines()[1:]
    names = {row.split()[0] for row in rows if not row.startswith(" ")}
    assert "translations" in names
    assert not {name for name in names if name.startswith(("loopCounter", "nrOf", "catalyst_collected_"))}
    assert "translation" not in names


def test_demo_whose_engine_ends_shows_its_log(tmp_path):
    with subprocess.Popen(
        [*DEMO, "--keep"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as demo:
        assert demo.stdout is not None
        shown = "".join(iter(demo.stdout.readline, "Press Ctrl-C to stop.\n"))
        [java] = [child for child in psutil.Process(demo.pid).children() if "java" in child.name()]
        java.kill()
        _, errors = demo.communicate(timeout=30)

    assert "The instance waits at the user task 'Review': complete it in Tasklist." in shown
    assert all(name in shown for name in ("Cockpit", "Tasklist", "REST API", "Metrics", "Worker's log"))
    assert demo.returncode == 1
    assert "The engine ended unexpectedly. The end of its log:" in errors


def test_demo_of_an_example_without_a_question_refuses_one(tmp_path):
    result = run_demo(tmp_path, "--example", "groq-batch-example", "--ask", "Why?")

    assert result.returncode == 2
    assert "groq-batch-example asks no question." in result.stderr


def test_demo_with_a_worker_that_ends_shows_its_log(tmp_path):
    result = run_demo(tmp_path, GROQ_API_KEY="gsk_" + "x" * 20, GROQ_API_URL="ftp://wrong")

    assert result.returncode == 1
    assert "The worker has ended unexpectedly" in result.stderr
    assert "GROQ_API_URL=ftp://wrong" in result.stderr


def test_demo_that_is_interrupted_exits_with_its_own_code(tmp_path):
    with subprocess.Popen(DEMO, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as demo:
        assert demo.stdout is not None
        assert demo.stdout.read(1), "it has begun"
        demo.send_signal(signal.SIGINT)
        demo.stdout.read()
    assert demo.returncode == 130


def test_startup_cache_is_recorded_in_the_background(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    prepare_in_background(Flavour.CAMUNDA)
    wait_for("the startup cache", lambda: list(tmp_path.rglob("camunda-*.aot")), timeout=270)

    with FileLock(tmp_path / "catalyst-groq" / "camunda.recording.lock", timeout=30):
        assert not list(tmp_path.rglob("*.recording")), "the process ends by itself"
