"""What observers see of a task, and that none of them can harm it."""

import asyncio
from datetime import timedelta

import pytest

from catalyst_groq.domain.outcomes import BpmnError, Completion, Failure, FailureCause, Unlocked
from catalyst_groq.domain.task_observation import TaskObserver, TaskObservers, TaskRecord, TaskTimes
from support.factories import make_attempt_record, make_call_record, make_record, make_task

CREATED = {"createTime": "2026-11-28T10:00:00.000+0000", "lockExpirationTime": "2026-11-28T10:01:07.000+0000"}
"""Fetched seven seconds after its creation, with a lock of a minute."""


class Recording(TaskObserver):
    def __init__(self):
        self.seen = []

    def on_start(self, task):
        self.seen.append(task.id)

    def on_end(self, record):
        self.seen.append(record.seconds)


class Broken(TaskObserver):
    def __init__(self, error):
        self._error = error

    def on_start(self, task):
        raise self._error

    def on_end(self, record):
        raise self._error


def stages_of(outcome, *, handled=103.0, call=None, **context):
    times = TaskTimes(100.0, handled, 104.0, timedelta(minutes=1))
    return dict(TaskRecord(make_task(**context), outcome, outcome, times).stages)


def test_observers_do_nothing_unless_they_override_it():
    observers = TaskObservers([TaskObserver()])
    observers.on_start(make_task())
    observers.on_end(make_record(Completion({})))


@pytest.mark.parametrize("error", [RuntimeError("broken"), asyncio.CancelledError()])
def test_observers_survive_a_broken_one_and_log_it_once(caplog, error):
    recording = Recording()
    observers = TaskObservers([Broken(error), recording])
    for _ in range(3):
        observers.on_start(make_task())
        observers.on_end(make_record(Completion({}), seconds=2.0))

    assert recording.seen == ["task-1", 2.0] * 3
    [record] = caplog.records
    assert record.getMessage().startswith("The observer Broken.on_start failed with an internal error. No task is conc")


@pytest.mark.parametrize("name", ["on_start", "on_end"])
def test_observers_refuse_coroutine_functions(name):
    async def watch(self, seen):
        """Nobody would await it."""

    observer = type("Late", (TaskObserver,), {name: watch})()
    with pytest.raises(TypeError, match=r"is a coroutine function\. Write a plain function\."):
        TaskObservers([observer])


def test_stages_of_a_task_with_a_call_add_up_to_its_time():
    call = make_call_record(make_attempt_record(waited=0.5, seconds=1.0), started=100.25)
    stages = stages_of(Completion({}, call=call), **CREATED)

    assert stages == {"queue": 7.0, "prepare": 0.25, "limit": 0.5, "groq": 1.0, "judge": 1.25, "report": 1.0}


def test_stages_of_a_task_without_a_call():
    assert stages_of(Failure("x")) == {"prepare": 3.0, "report": 1.0}
    assert stages_of(None, handled=None) == {"prepare": 4.0}


def test_stage_queue_is_unknown_after_the_first_attempt():
    assert "queue" not in stages_of(Unlocked(), retries=2, **CREATED)


def test_error_kind_names_the_call_or_what_failed_around_it():
    call = make_call_record(error_kind="rate_limited")
    refused = Failure("The engine refused it", cause=FailureCause.REPORT)
    field = Failure("catalyst_payload: …", cause=FailureCause.FIELD)

    assert make_record(Completion({}, call=make_call_record())).error_kind == ""
    assert make_record(BpmnError("X", "m", call=call)).error_kind == "rate_limited"
    assert make_record(field).error_kind == "field"
    assert make_record(refused, handled=Completion({}, call=call)).error_kind == "report_refused"
    assert make_record(None, handled=Failure("m", call=call)).error_kind == "rate_limited"
    assert make_record(None).error_kind == ""


def test_record_has_the_call_of_an_outcome_that_was_refused():
    call = make_call_record()
    assert make_record(Failure("refused"), handled=Completion({}, call=call)).call is call
    assert make_record(Unlocked()).call is None
