"""The worker, the engine or both are killed at every stage of a task: each instance still ends in order."""

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
def blocked_request(fault_environment, path):
    fault_environment.proxy.block_request(path)
    yield fault_environment.proxy.blocked.is_set


@contextmanager
def blocked_response(fault_environment, path):
    fault_environment.proxy.block_response(path)
    yield fault_environment.proxy.blocked.is_set


@contextmanager
def slow_groq(fault_environment):
    fault_environment.emulator.next(1, delay=5)
    yield lambda: fault_environment.emulator.calls


@contextmanager
def blocked_journal(fault_environment):
    with fault_environment.journal.unwritable():
        yield lambda: fault_environment.emulator.calls and fault_environment.emulator.calls[0].status == 200


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a task: how to block the worker there, and the requests and journal entries after a kill there."""

    block: Callable[[FaultEnvironment], AbstractContextManager[Callable[[], object]]]
    requests: int
    journal_entries: int


STAGES = {
    "before the request": Stage(lambda environment: blocked_request(environment, "/xml"), 1, 0),
    "during the request": Stage(slow_groq, 2, 0),
    "between the response and the journal": Stage(blocked_journal, 2, 0),
    "after the journal": Stage(lambda environment: blocked_request(environment, "/complete"), 1, 0),
    "after complete": Stage(lambda environment: blocked_response(environment, "/complete"), 1, 1),
}


@pytest.fixture(scope="module")
def killable_engine(flavour, tmp_path_factory):
    """An engine that tests kill: its database loses no commit."""
    file = tmp_path_factory.mktemp("killable") / "engine"
    with EngineProcess(flavour, database=f"jdbc:h2:file:{file};DB_CLOSE_ON_EXIT=FALSE;WRITE_DELAY=0") as engine:
        yield engine


@pytest.fixture
def killable_environment(killable_engine, emulator, tmp_path):
    with running_proxy(killable_engine.port) as proxy, ProcessClient(killable_engine.rest_url) as process_client:
        yield FaultEnvironment(process_client, emulator, proxy, tmp_path)


def kill(worker):
    worker.signal(signal.SIGKILL)
    worker.wait()


def check_end(fault_environment, instance, requests, journal_entries):
    """Check the instance, the requests and the journal after the last worker has stopped."""
    assert instance.process_client.user_task(instance.id) == "Review"
    assert instance.process_client.incidents(instance.id) == []
    assert len(fault_environment.emulator.calls) == requests
    assert fault_environment.journal.answers() == journal_entries


@pytest.mark.parametrize("stage", STAGES)
def test_killed_worker_continues_after_restart(fault_environment, stage):
    expected = STAGES[stage]
    with expected.block(fault_environment) as reached:
        instance = fault_environment.instance()
        with fault_environment.worker() as worker:
            wait_for(stage, reached, timeout=PATIENCE)
            kill(worker)
        fault_environment.proxy.cut()
    fault_environment.proxy.restore()
    with fault_environment.worker():
        assert instance.task() == "Review"
    check_end(fault_environment, instance, expected.requests, expected.journal_entries)


@pytest.mark.parametrize("stage", STAGES)
def test_killed_engine_and_worker_continue_after_restart(killable_environment, killable_engine, stage):
    fault_environment, expected = killable_environment, STAGES[stage]
    with expected.block(fault_environment) as reached:
        instance = fault_environment.instance()
        with fault_environment.worker() as worker:
            wait_for(stage, reached, timeout=PATIENCE)
            kill(worker)
            killable_engine.kill()
        fault_environment.proxy.cut()
    fault_environment.proxy.restore()
    killable_engine.start()
    with fault_environment.worker():
        assert instance.task() == "Review"
    check_end(fault_environment, instance, expected.requests, expected.journal_entries)


@pytest.mark.parametrize("stage", STAGES)
def test_killed_engine_costs_no_request(killable_environment, killable_engine, stage):
    fault_environment, expected = killable_environment, STAGES[stage]
    with fault_environment.worker():
        with expected.block(fault_environment) as reached:
            instance = fault_environment.instance()
            wait_for(stage, reached, timeout=PATIENCE)
            killable_engine.kill()
            fault_environment.proxy.cut()
        fault_environment.proxy.restore()
        killable_engine.start()
        assert instance.task() == "Review"
    check_end(fault_environment, instance, 1, expected.journal_entries)
