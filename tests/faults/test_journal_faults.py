"""The journal has a full disk or a broken file: the worker continues without it or stops, as configured."""

import pytest

from catalyst_groq.sandbox.process_client import wait_for
from support.full_disk import FULL_DISK, LONG_ANSWER, LONG_PAYLOAD

pytestmark = pytest.mark.engine


def test_full_disk_is_logged_and_work_continues(fault_environment):
    fault_environment.emulator.next(None, **LONG_ANSWER)
    instances = [fault_environment.instance(fields=LONG_PAYLOAD) for _ in range(3)]
    with fault_environment.worker(FULL_DISK) as worker:
        assert [instance.task() for instance in instances] == ["Review"] * 3
    assert len(fault_environment.emulator.calls) == 3
    assert worker.log.count("Continuing without the journal") >= 1
    assert "Traceback" not in worker.log


def test_full_disk_with_required_journal_stops_requests(fault_environment):
    fault_environment.emulator.next(1, **LONG_ANSWER)
    first = fault_environment.instance(fields=LONG_PAYLOAD)
    with fault_environment.worker(FULL_DISK, journal_required="true") as worker:
        assert first.task() == "Review"
        second = fault_environment.instance()
        task = second.failed_task()
        assert task["errorMessage"].startswith("The journal ")
        assert task["errorMessage"].endswith("No request is sent until the journal is available")
        assert task["retries"] == 3
        assert second.process_client.incidents(second.id) == []
    assert len(fault_environment.emulator.calls) == 1
    assert "is not in the journal" in worker.log


@pytest.mark.parametrize("required", ["true", "false"])
def test_journal_path_error_is_logged_at_start(fault_environment, required):
    with fault_environment.worker(journal_required=required, journal="/dev/null/journal.sqlite") as worker:
        assert worker.log.count("ERROR") == 1
        assert "The journal /dev/null/journal.sqlite cannot be used: " in worker.log


@pytest.mark.parametrize("required", ["true", "false"])
def test_broken_journal_file_is_reported(fault_environment, required):
    fault_environment.journal.path.write_bytes(b"this is no database " * 100)
    instance = fault_environment.instance()
    with fault_environment.worker(journal_required=required) as worker:
        if required == "true":
            task = instance.failed_task()
            assert "file is not a database" in task["errorMessage"]
        else:
            assert instance.task() == "Review"
            assert "Continuing without the journal" in worker.log
    assert len(fault_environment.emulator.calls) == (0 if required == "true" else 1)


def test_required_journal_is_used_again_after_repair(fault_environment):
    instance = fault_environment.instance()
    with fault_environment.worker(journal_required="true"):
        with fault_environment.journal.unwritable():
            wait_for(
                "the answer",
                lambda: fault_environment.emulator.calls and fault_environment.emulator.calls[0].status,
                timeout=20,
            )
            assert instance.task() == "Review"
        assert fault_environment.instance().task() == "Review"
    assert len(fault_environment.emulator.calls) == 2
