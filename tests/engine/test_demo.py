"""`catalyst-groq demo`, as a newcomer runs it: beside settings of other workers, interrupted, with a broken setting."""

import os
import signal
import subprocess
import sys

import pytest

DEMO = [sys.executable, "-m", "catalyst_groq", "demo"]
FOREIGN_SETTINGS = {"CATALYST_CONCURENCY": "5", "CATALYST_TOPIC": "other"}

pytestmark = [pytest.mark.engine, pytest.mark.slow]


def run_demo(folder, **environ):
    cleared = {name: value for name, value in os.environ.items() if name != "GROQ_API_KEY"}
    return subprocess.run(
        DEMO, cwd=folder, env={**cleared, **environ}, capture_output=True, text=True, timeout=180, check=False
    )


def test_demo_ignores_settings_of_other_workers(tmp_path):
    (tmp_path / ".env").write_text("CATALYST_LOG_LEVEL=wrong\n")
    result = run_demo(tmp_path, **FOREIGN_SETTINGS)

    assert result.returncode == 0, result.stdout + result.stderr
    assert "The process instance is COMPLETED." in result.stdout
    assert "Calling Groq … " in result.stdout
    assert "Cockpit" not in result.stdout, "the engine has stopped"


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
