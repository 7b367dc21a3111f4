"""Several workers: with a journal that they share, what one was told another one replays."""

import signal

import pytest
from redis import Redis

from catalyst_groq.sandbox.process_client import wait_for
from support.worker_process import WorkerProcess

pytestmark = pytest.mark.engine


@pytest.fixture
def shared(redis):
    """A journal that replicas share; its URL. It begins empty."""
    with Redis.from_url(redis) as server:
        server.flushall()
    return redis


@pytest.fixture
def replica(fault_environment, engine, shared):
    """Make another worker, which reaches the engine directly, with a lock of its own choice."""

    def make(number, **settings):
        settings = {"worker_id": f"replica-{number}", "topic": fault_environment.topic, "journal": shared, **settings}
        return WorkerProcess(
            fault_environment.folder / str(number), engine.rest_url, fault_environment.emulator.base_url, **settings
        )

    return make


def kept(url):
    with Redis.from_url(url) as server:
        return server.dbsize()


def test_what_a_dead_replica_was_told_another_one_replays(fault_environment, replica, shared):
    fault_environment.proxy.hold_request("/complete")
    instance = fault_environment.instance()
    with fault_environment.worker(journal=shared, lock_duration="PT3S") as first:
        assert fault_environment.proxy.held.wait(20)
        assert kept(shared) == 1
        first.signal(signal.SIGKILL)
        first.wait()
    fault_environment.proxy.cut()
    with replica(2):
        assert instance.task() == "Review"
    assert len(fault_environment.emulator.calls) == 1
    assert instance.variables()["catalyst_meta"]["replayed"] is True
    assert kept(shared) == 0


def test_a_replica_cut_off_from_the_engine_loses_the_task_but_not_the_answer(fault_environment, replica, shared):
    fault_environment.emulator.next(1, delay=2)
    instance = fault_environment.instance()
    with fault_environment.worker(journal=shared, lock_duration="PT4S") as first:
        wait_for("the call", lambda: fault_environment.emulator.calls, timeout=20)
        fault_environment.proxy.cut()
        wait_for("the answer", lambda: kept(shared), timeout=20)
        with replica(2):
            assert instance.task() == "Review"
        fault_environment.proxy.mend()
        wait_for("the end of it", lambda: "was lost before its outcome" in first.log, timeout=40)
    assert len(fault_environment.emulator.calls) == 1
    assert instance.process_client.incidents(instance.id) == []


def test_two_replicas_share_the_work_and_ask_once_for_each_task(fault_environment, replica):
    instances = [fault_environment.instance() for _ in range(20)]
    fault_environment.emulator.set(latency=0.3)
    with replica(1, concurrency="3"), replica(2, concurrency="3"):
        assert [instance.task() for instance in instances] == ["Review"] * 20
    assert len(fault_environment.emulator.calls) == 20


def test_the_same_worker_id_twice_completes_every_task_once(fault_environment, replica):
    """The second one gives the first one's tasks back, the first one takes their locks back: each is asked once."""
    instances = [fault_environment.instance() for _ in range(6)]
    fault_environment.emulator.set(latency=3)
    same = {"worker_id": "twin", "lock_duration": "PT3S"}
    with replica(1, **same):
        wait_for("six calls", lambda: len(fault_environment.emulator.calls) == 6, timeout=20)
        with replica(2, **same):
            assert [instance.task() for instance in instances] == ["Review"] * 6
    assert [instance.process_client.incidents(instance.id) for instance in instances] == [[]] * 6
    assert 6 <= len(fault_environment.emulator.calls) <= 12


def test_without_redis_work_goes_on_and_the_log_says_so(fault_environment):
    instance = fault_environment.instance()
    with fault_environment.worker(journal="redis://127.0.0.1:1/0") as worker:
        assert instance.task() == "Review"
    assert "Going on without the journal" in worker.log
    assert len(fault_environment.emulator.calls) == 1
