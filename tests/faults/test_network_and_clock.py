"""The network between worker and engine is cut, and the worker's clock is wrong."""

import signal
import time

import pytest

from catalyst_groq.sandbox.process_client import wait_for

pytestmark = pytest.mark.engine
DAY = 86_400


def test_a_cut_longer_than_the_lock_costs_no_call(scene):
    scene.groq.next(1, delay=2)
    instance = scene.instance()
    with scene.worker(lock_duration="PT3S") as worker:
        wait_for("the call", lambda: scene.groq.calls, within=20)
        scene.proxy.cut()
        wait_for("the answer", lambda: scene.journal.answers() == 1, within=20)
        time.sleep(3)  # the lock must have ended, whatever happens meanwhile
        scene.proxy.mend()
        assert instance.task() == "Review"
    assert len(scene.groq.calls) == 1
    assert worker.log.count("cannot be reached") == 1


def test_a_lost_answer_to_complete_costs_no_call_and_no_incident(scene):
    scene.proxy.hold_answer("/complete")
    instance = scene.instance()
    with scene.worker() as worker:
        assert scene.proxy.held.wait(20)
        scene.proxy.cut()
        scene.proxy.mend()
        wait_for("the second report", lambda: "was lost before its outcome was reported" in worker.log, within=20)
        assert instance.task() == "Review"
    assert len(scene.groq.calls) == 1
    assert instance.people.incidents(instance.id) == []


@pytest.mark.parametrize("moved", [-DAY, DAY])
def test_a_clock_that_is_moved_between_two_lives_costs_no_call(scene, moved):
    scene.proxy.hold_request("/complete")
    instance = scene.instance()
    with scene.worker() as worker:
        assert scene.proxy.held.wait(20)
        worker.signal(signal.SIGKILL)
        worker.wait()
    scene.proxy.cut()
    scene.proxy.mend()
    with scene.worker({"CLOCK_OFF_BY": str(moved)}):
        assert instance.task() == "Review"
    assert len(scene.groq.calls) == 1


@pytest.mark.parametrize("moved", [-DAY, DAY])
def test_a_wrong_clock_neither_shortens_nor_lengthens_waits(scene, moved):
    scene.groq.next(1, status=429, headers={"retry-after": "1"})
    instance = scene.instance(properties={"catalyst_giveUpAfter": "PT1M"})
    with scene.worker({"CLOCK_OFF_BY": str(moved)}):
        assert instance.task() == "Review"
    assert [call.status for call in scene.groq.calls] == [429, 200]
