"""The journal has a full disk or a broken file: work goes on without it or stops, as the operator chose."""

import pytest

from catalyst_groq.sandbox.process_client import wait_for

pytestmark = pytest.mark.engine
FULL_DISK = {"LONGEST_FILE": str(64 * 1024), "PYTHONDONTWRITEBYTECODE": "1"}
"""Bytes the worker may write to one file: enough for its log, too few for a long answer in the journal.

Python 3.11 would cut off the bytecode files of modules at that size, for every later process.
"""

LONG_ANSWER = {"answer": "A long answer. " * 10_000}
LONG_PAYLOAD = {
    "catalyst_payload": '{"max_tokens": 60000, "messages": [{"role": "user", "content": "${userMessage}"}]}'
}


def test_with_a_full_disk_work_goes_on_and_the_log_says_so_once(scene):
    scene.groq.next(None, **LONG_ANSWER)
    instances = [scene.instance(fields=LONG_PAYLOAD) for _ in range(3)]
    with scene.worker(FULL_DISK) as worker:
        assert [instance.task() for instance in instances] == ["Review"] * 3
    assert len(scene.groq.calls) == 3
    assert worker.log.count("Continuing without the journal") >= 1
    assert "Traceback" not in worker.log


def test_with_a_full_disk_a_required_journal_loses_no_answer_and_asks_no_more(scene):
    scene.groq.next(1, **LONG_ANSWER)
    first = scene.instance(fields=LONG_PAYLOAD)
    with scene.worker(FULL_DISK, journal_required="true") as worker:
        assert first.task() == "Review"
        second = scene.instance()
        task = second.failed_task()
        assert task["errorMessage"].startswith("The journal ")
        assert task["errorMessage"].endswith("Groq is not asked without it")
        assert task["retries"] == 3
        assert second.people.incidents(second.id) == []
    assert len(scene.groq.calls) == 1
    assert "is not in the journal" in worker.log


@pytest.mark.parametrize("required", ["true", "false"])
def test_a_journal_where_no_file_can_be_is_said_at_the_start(scene, required):
    with scene.worker(journal_required=required, journal="/dev/null/journal.sqlite") as worker:
        assert worker.log.count("ERROR") == 1
        assert "The journal /dev/null/journal.sqlite cannot be used: " in worker.log


@pytest.mark.parametrize("required", ["true", "false"])
def test_a_broken_journal_file_is_said_in_the_log(scene, required):
    scene.journal.path.write_bytes(b"this is no database " * 100)
    instance = scene.instance()
    with scene.worker(journal_required=required) as worker:
        if required == "true":
            task = instance.failed_task()
            assert "file is not a database" in task["errorMessage"]
        else:
            assert instance.task() == "Review"
            assert "Continuing without the journal" in worker.log
    assert len(scene.groq.calls) == (0 if required == "true" else 1)


def test_a_required_journal_that_is_mended_is_used_again(scene):
    instance = scene.instance()
    with scene.worker(journal_required="true"):
        with scene.journal.unwritable():
            wait_for("the answer", lambda: scene.groq.calls and scene.groq.calls[0].status, within=20)
            assert instance.task() == "Review"
        assert scene.instance().task() == "Review"
    assert len(scene.groq.calls) == 2
