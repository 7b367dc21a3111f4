"""Several workers with one journal: one replays the result that another one has stored."""

import signal

import pytest
from redis import Redis

from catalyst_groq.sandbox.process_client import wait_for
from support.worker_process import WorkerProcess

pytestmark = pytest.mark.engine


@pytest.fixture
def shared_journal(redis):
    """The URL of an empty journal that replicas share."""
    with Redis.from_url(redis) as server:
        server.flushall()
    return redis


@pytest.fixture
def replica(fault_environment, engine, shared_journal):
    """Make another worker, which reaches the engine without the proxy."""

    def make(number, **settings):
        defaults = {"worker_id": f"replica-{number}", "topic": fault_environment.topic, "journal": shared_journal}
        folder, groq_url = fault_environment.folder / str(number), fault_environment.emulator.base_url
        return WorkerProcess(folder, engine.rest_url, groq_url, **(defaults | settings))

    return make


def count_entries(url):
    with Redis.from_url(url) as server:
        return server.dbsize()


def test_journal_in_redis_replays_result_of_dead_replica(fault_environment, replica, shared_journal):
    fault_environment.proxy.block_request("/complete")
    instance = fault_environment.instance()
    with fault_environment.worker(journal=shared_journal, lock_duration="PT3S") as first:
        assert fault_environment.proxy.blocked.wait(20)
        assert count_entries(shared_journal) == 1
        first.signal(signal.SIGKILL)
        first.wait()
    fault_environment.proxy.cut()
    with replica(2):
        assert instance.task() == "Review"
    assert len(fault_environment.emulator.calls) == 1
    assert instance.variables()["catalyst_meta"]["replayed"] is True
    assert count_entries(shared_journal) == 0


def test_lock_lost_by_cut_off_replica_keeps_the_result(fault_environment, replica, shared_journal):
    fault_environment.emulator.next(1, delay=2)
    instance = fault_environment.instance()
    with fault_environment.worker(journal=shared_journal, lock_duration="PT4S") as first:
        wait_for("the call", lambda: fault_environment.emulator.calls, timeout=20)
        fault_environment.proxy.cut()
        wait_for("the answer", lambda: count_entries(shared_journal), timeout=20)
        with replica(2):
            assert instance.task() == "Review"
        fault_environment.proxy.restore()
        wait_for("the end of it", lambda: "before its outcome was reported" in first.log, timeout=40)
    assert len(fault_environment.emulator.calls) == 1
    assert instance.process_client.incidents(instance.id) == []


def test_replicas_share_tasks_one_request_each(fault_environment, replica):
    instances = [fault_environment.instance() for _ in range(20)]
    fault_environment.emulator.set(latency=0.3)
    with replica(1, concurrency="3"), replica(2, concurrency="3"):
        assert [instance.task() for instance in instances] == ["Review"] * 20
    assert len(fault_environment.emulator.calls) == 20


def test_replicas_with_same_worker_id_complete_each_task_once(fault_environment, replica):
    """The second worker unlocks the first one's tasks, the first one locks them again: each completes once."""
    instances = [fault_environment.instance() for _ in range(6)]
    fault_environment.emulator.set(latency=3)
    same = {"worker_id": "twin", "lock_duration": "PT3S"}
    with replica(1, **same):
        wait_for("six calls", lambda: len(fault_environment.emulator.calls) == 6, timeout=20)
        with replica(2, **same):
            assert [instance.task() for instance in instances] == ["Review"] * 6
    assert [instance.process_client.incidents(instance.id) for instance in instances] == [[]] * 6
    assert 6 <= len(fault_environment.emulator.calls) <= 12


def test_redis_outage_is_logged_and_work_continues(fault_environment):
    instance = fault_environment.instance()
    with fault_environment.worker(journal="redis://127.0.0.1:1/0") as worker:
        assert instance.task() == "Review"
    assert "Continuing without the journal" in worker.log
    assert len(fault_environment.emulator.calls) == 1
