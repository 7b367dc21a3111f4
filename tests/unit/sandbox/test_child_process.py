"""Child processes end with their parent."""

import signal
import subprocess
import sys
import threading

import pytest

from catalyst_groq.sandbox.child_process import ChildProcess
from catalyst_groq.sandbox.process_client import wait_for
from support.processes import is_gone

SLEEPER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)",
]
PARENT = """
import sys, time
from pathlib import Path
from catalyst_groq.sandbox.child_process import ChildProcess
folder = Path(sys.argv[1])
print(ChildProcess(sys.argv[2:], folder=folder, log=folder / "log", environment={}).pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def start(tmp_path):
    children = []

    def start(command):
        children.append(ChildProcess(command, folder=tmp_path, log=tmp_path / "log", environment={}))
        wait_for("the child", lambda: "up" in (tmp_path / "log").read_text(), timeout=10)
        return children[-1]

    yield start
    for child in children:
        child.kill()


def test_child_ends_on_terminate(start):
    child = start(SLEEPER)

    assert child.running
    assert child.terminate(10)
    assert not child.running


def test_child_that_ignores_sigterm_is_killed(start):
    child = start(STUBBORN)

    assert not child.terminate(0.1)
    assert not child.running


@pytest.mark.slow
def test_child_is_killed_when_terminate_is_interrupted(start):
    child = start(STUBBORN)
    main = threading.main_thread().ident
    threading.Timer(0.1, signal.pthread_kill, (main, signal.SIGINT)).start()

    with pytest.raises(KeyboardInterrupt):
        child.terminate(60)

    assert not child.running


def test_child_outlives_the_thread_that_started_it(start):
    children = []
    thread = threading.Thread(target=lambda: children.append(start(SLEEPER)))
    thread.start()
    thread.join()

    with pytest.raises(subprocess.TimeoutExpired):
        children[0]._process.wait(0.2)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent was killed")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.slow
def test_child_ends_with_its_parent(tmp_path, number):
    parent = [sys.executable, "-c", PARENT, str(tmp_path), *STUBBORN]
    with subprocess.Popen(parent, stdout=subprocess.PIPE, text=True) as process:
        pid = int(process.stdout.readline())
        wait_for("the child", lambda: "up" in (tmp_path / "log").read_text(), timeout=10)
        process.send_signal(number)

    wait_for("its end", lambda: is_gone(pid), timeout=10)
