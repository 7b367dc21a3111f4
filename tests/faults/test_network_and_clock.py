"""The network between worker and engine is cut, and the worker's clock is wrong."""

import signal
import time

import pytest

from catalyst_groq.sandbox.process_client import wait_for

pytestmark = pytest.mark.engine
DAY = 86_400


def test_a_cut_longer_than_the_lock_costs_no_call(fault_environment):
    fault_environment.emulator.next(1, delay=2)
    instance = fault_environment.instance()
    with fault_environment.worker(lock_duration="PT3S") as worker:
        wait_for("the call", lambda: fault_environment.emulator.calls, timeout=20)
        fault_environment.proxy.cut()
        wait_for("the answer", lambda: fault_environment.journal.answers() == 1, timeout=20)
        time.sleep(3)  # the lock must have ended, whatever happens meanwhile
        fault_environment.proxy.mend()
        assert instance.task() == "Review"
    assert len(fault_environment.emulator.calls) == 1
    assert worker.log.count("cannot be reached") == 1


def test_a_lost_answer_to_complete_costs_no_call_and_no_incident(fault_environment):
    fault_environment.proxy.hold_answer("/complete")
    instance = fault_environment.instance()
    with fault_environment.worker() as worker:
        assert fault_environment.proxy.held.wait(20)
        fault_environment.proxy.cut()
        fault_environment.proxy.mend()
        wait_for("the second report", lambda: "was lost before its outcome was reported" in worker.log, timeout=20)
        assert instance.task() == "Review"
    assert len(fault_environment.emulator.calls) == 1
    assert instance.process_client.incidents(instance.id) == []


@pytest.mark.parametrize("moved", [-DAY, DAY])
def test_a_clock_that_is_moved_between_two_lives_costs_no_call(fault_environment, moved):
    fault_environment.proxy.hold_request("/complete")
    instance = fault_environment.instance()
    with fault_environment.worker() as worker:
        assert fault_environment.proxy.held.wait(20)
        worker.signal(signal.SIGKILL)
        worker.wait()
    fault_environment.proxy.cut()
    fault_environment.proxy.mend()
    with fault_environment.worker({"CLOCK_OFF_BY": str(moved)}):
        assert instance.task() == "Review"
    assert len(fault_environment.emulator.calls) == 1


@pytest.mark.parametrize("moved", [-DAY, DAY])
def test_a_wrong_clock_neither_shortens_nor_lengthens_waits(fault_environment, moved):
    fault_environment.emulator.next(1, status=429, headers={"retry-after": "1"})
    instance = fault_environment.instance(properties={"catalyst_giveUpAfter": "PT1M"})
    with fault_environment.worker({"CLOCK_OFF_BY": str(moved)}):
        assert instance.task() == "Review"
    assert [call.status for call in fault_environment.emulator.calls] == [429, 200]
