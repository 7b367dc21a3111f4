"""The worker id of each worker on a host."""

import socket
import subprocess
import sys

from catalyst_groq.camunda.worker_id import WorkerIdClaim

NAME = f"catalyst-groq@{socket.gethostname()}"
WORKER = """
import sys
from pathlib import Path
from catalyst_groq.camunda.worker_id import WorkerIdClaim
identity = WorkerIdClaim(Path(sys.argv[1]))
print(identity.worker_id, flush=True)
sys.stdin.read()
"""


def test_worker_ids_on_one_host_are_numbered(tmp_path):
    first, second, third = (WorkerIdClaim(tmp_path / "claims") for _ in range(3))
    assert [first.worker_id, second.worker_id, third.worker_id] == [NAME, f"{NAME}-2", f"{NAME}-3"]


def test_worker_id_of_a_killed_worker_is_claimed_again(tmp_path):
    command = [sys.executable, "-c", WORKER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as killed:
        try:
            assert killed.stdout is not None
            assert killed.stdout.readline() == f"{NAME}\n"
            assert WorkerIdClaim(tmp_path).worker_id == f"{NAME}-2"
        finally:
            killed.kill()
    assert WorkerIdClaim(tmp_path).worker_id == NAME


def test_worker_id_can_be_configured(tmp_path):
    assert [WorkerIdClaim(tmp_path, "mine/own").worker_id for _ in range(2)] == ["mine/own", "mine/own"]


def test_worker_id_configured_twice_on_a_host_is_warned_about(tmp_path, caplog):
    first = WorkerIdClaim(tmp_path, "mine")
    assert caplog.text == ""
    second = WorkerIdClaim(tmp_path, "mine")

    assert second.worker_id == first.worker_id
    assert "has the worker id mine too" in caplog.text


def test_worker_id_without_lock_files_is_the_host_name(tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert [WorkerIdClaim(tmp_path / "file").worker_id for _ in range(2)] == [NAME, NAME]
