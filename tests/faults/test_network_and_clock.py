"""The network between worker and engine is cut, and the worker's clock is wrong."""

import signal
import time

import pytest

from catalyst_groq.sandbox.process_client import wait_for

pytestmark = pytest.mark.engine
DAY = 86_400


def test_network_cut_beyond_lock_duration_costs_no_request(fault_environment):
    fault_environment.emulator.next(1, delay=2)
    instance = fault_environment.instance()
    with fault_environment.worker(lock_duration="PT3S") as worker:
        wait_for("the call", lambda: fault_environment.emulator.calls, timeout=20)
        fault_environment.proxy.cut()
        wait_for("the answer", lambda: fault_environment.journal.answers() == 1, timeout=20)
        time.sleep(3)  # the lock must have ended, whatever happens meanwhile
        fault_environment.proxy.restore()
        assert instance.task() == "Review"
    assert len(fault_environment.emulator.calls) == 1
    assert worker.log.count("Engine unreachable") == 1


def test_lost_response_to_complete_costs_no_request(fault_environment):
    fault_environment.proxy.block_response("/complete")
    instance = fault_environment.instance()
    with fault_environment.worker() as worker:
        assert fault_environment.proxy.blocked.wait(20)
        fault_environment.proxy.cut()
        fault_environment.proxy.restore()
        wait_for("the second report", lambda: "before its outcome was reported" in worker.log, timeout=20)
        assert instance.task() == "Review"
    assert len(fault_environment.emulator.calls) == 1
    assert instance.process_client.incidents(instance.id) == []


@pytest.mark.parametrize("offset", [-DAY, DAY])
def test_clock_change_between_restarts_costs_no_request(fault_environment, offset):
    fault_environment.proxy.block_request("/complete")
    instance = fault_environment.instance()
    with fault_environment.worker() as worker:
        assert fault_environment.proxy.blocked.wait(20)
        worker.signal(signal.SIGKILL)
        worker.wait()
    fault_environment.proxy.cut()
    fault_environment.proxy.restore()
    with fault_environment.worker({"CLOCK_OFFSET_SECONDS": str(offset)}):
        assert instance.task() == "Review"
    assert len(fault_environment.emulator.calls) == 1


@pytest.mark.parametrize("offset", [-DAY, DAY])
def test_wrong_clock_does_not_change_waits(fault_environment, offset):
    fault_environment.emulator.next(1, status=429, headers={"retry-after": "1"})
    instance = fault_environment.instance(properties={"catalyst_giveUpAfter": "PT1M"})
    with fault_environment.worker({"CLOCK_OFFSET_SECONDS": str(offset)}):
        assert instance.task() == "Review"
    assert [call.status for call in fault_environment.emulator.calls] == [429, 200]
