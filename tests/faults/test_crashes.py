"""The worker, the engine or both are killed at every moment of a task: each instance ends as if nothing had been."""

import signal
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import pytest

from catalyst_groq.sandbox.engine import EngineProcess
from catalyst_groq.sandbox.process_client import ProcessClient, wait_for
from support.fault_environment import PATIENCE, FaultEnvironment
from support.tcp_proxy import running_proxy

pytestmark = pytest.mark.engine


@contextmanager
def held_request(fault_environment, path):
    fault_environment.proxy.hold_request(path)
    yield fault_environment.proxy.held.is_set


@contextmanager
def held_answer(fault_environment, path):
    fault_environment.proxy.hold_answer(path)
    yield fault_environment.proxy.held.is_set


@contextmanager
def slow_groq(fault_environment):
    fault_environment.emulator.next(1, delay=5)
    yield lambda: fault_environment.emulator.calls


@contextmanager
def held_journal(fault_environment):
    with fault_environment.journal.unwritable():
        yield lambda: fault_environment.emulator.calls and fault_environment.emulator.calls[0].status == 200


@dataclass(frozen=True, slots=True)
class Moment:
    """Where the worker is held; how often Groq is asked, and what the journal keeps, if the worker dies there."""

    hold: Callable[[FaultEnvironment], AbstractContextManager[Callable[[], object]]]
    calls: int
    answers: int


MOMENTS = {
    "before the call": Moment(lambda fault_environment: held_request(fault_environment, "/xml"), 1, 0),
    "during the call": Moment(slow_groq, 2, 0),
    "between the answer and the journal": Moment(held_journal, 2, 0),
    "after the journal": Moment(lambda fault_environment: held_request(fault_environment, "/complete"), 1, 0),
    "after complete": Moment(lambda fault_environment: held_answer(fault_environment, "/complete"), 1, 1),
}


@pytest.fixture(scope="module")
def killable_engine(flavour, tmp_path_factory):
    """An engine that may be killed: it loses no commit."""
    file = tmp_path_factory.mktemp("killable") / "engine"
    with EngineProcess(flavour, database=f"jdbc:h2:file:{file};DB_CLOSE_ON_EXIT=FALSE;WRITE_DELAY=0") as engine:
        yield engine


@pytest.fixture
def killable_environment(killable_engine, emulator, tmp_path):
    with running_proxy(killable_engine.port) as proxy, ProcessClient(killable_engine.rest_url) as process_client:
        yield FaultEnvironment(process_client, emulator, proxy, tmp_path)


def killed(worker):
    worker.signal(signal.SIGKILL)
    worker.wait()


def check_end(fault_environment, instance, calls, answers):
    """What is left when the last life has ended in order."""
    assert instance.process_client.user_task(instance.id) == "Review"
    assert instance.process_client.incidents(instance.id) == []
    assert len(fault_environment.emulator.calls) == calls
    assert fault_environment.journal.answers() == answers


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_worker_that_is_killed_goes_on_in_its_next_life(fault_environment, moment):
    there = MOMENTS[moment]
    with there.hold(fault_environment) as reached:
        instance = fault_environment.instance()
        with fault_environment.worker() as worker:
            wait_for(moment, reached, timeout=PATIENCE)
            killed(worker)
        fault_environment.proxy.cut()
    fault_environment.proxy.mend()
    with fault_environment.worker():
        assert instance.task() == "Review"
    check_end(fault_environment, instance, there.calls, there.answers)


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_engine_that_is_killed_with_the_worker_goes_on_too(killable_environment, killable_engine, moment):
    fault_environment, there = killable_environment, MOMENTS[moment]
    with there.hold(fault_environment) as reached:
        instance = fault_environment.instance()
        with fault_environment.worker() as worker:
            wait_for(moment, reached, timeout=PATIENCE)
            killed(worker)
            killable_engine.kill()
        fault_environment.proxy.cut()
    fault_environment.proxy.mend()
    killable_engine.start()
    with fault_environment.worker():
        assert instance.task() == "Review"
    check_end(fault_environment, instance, there.calls, there.answers)


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_engine_that_is_killed_alone_costs_no_call(killable_environment, killable_engine, moment):
    fault_environment, there = killable_environment, MOMENTS[moment]
    with fault_environment.worker():
        with there.hold(fault_environment) as reached:
            instance = fault_environment.instance()
            wait_for(moment, reached, timeout=PATIENCE)
            killable_engine.kill()
            fault_environment.proxy.cut()
        fault_environment.proxy.mend()
        killable_engine.start()
        assert instance.task() == "Review"
    check_end(fault_environment, instance, 1, there.answers)
