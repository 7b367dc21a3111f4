"""Stored responses that the worker cannot read: an incident, nothing is lost, and nothing is paid for unasked."""

import json
import signal
import sqlite3
from contextlib import closing

import pytest
from cryptography.fernet import Fernet
from redis import Redis

from catalyst_groq.journal.redis_store import ENTRY_PREFIX, SET_ASIDE_PREFIX

pytestmark = pytest.mark.engine
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture
def interrupted(fault_environment):
    """Make instances whose task was answered by Groq and killed before its report."""

    def interrupt(count=1, **settings):
        fault_environment.proxy.block_request("/complete")
        instances = [fault_environment.instance() for _ in range(count)]
        with fault_environment.worker(lock_duration="PT3S", concurrency="1", **settings) as worker:
            assert fault_environment.proxy.blocked.wait(20)
            worker.signal(signal.SIGKILL)
            worker.wait()
        fault_environment.proxy.cut()
        fault_environment.proxy.restore()
        return instances

    return interrupt


def raise_retries(instance):
    [task] = instance.process_client.external_tasks(instance.id)
    instance.process_client.http.put(f"/external-task/{task['id']}/retries", json={"retries": 1}).raise_for_status()


def test_entry_with_rotated_key_is_kept_and_replayed(fault_environment, interrupted):
    [instance] = interrupted(journal_key=OLD)
    with fault_environment.worker(journal_key=NEW, journal_required="true") as worker:
        message = instance.incident()
        assert "cannot be read: it was encrypted with another CATALYST_JOURNAL_KEY" in message
        assert "Groq is asked again, and the answer is paid for a second time." in message
    assert len(fault_environment.emulator.calls) == 1
    with fault_environment.worker(journal_key=f"{NEW},{OLD}", journal_required="true"):
        raise_retries(instance)
        assert instance.task() == "Review"
    assert len(fault_environment.emulator.calls) == 1
    assert instance.variables()["catalyst_meta"]["replayed"] is True
    assert "Traceback" not in worker.log


def test_rotated_key_with_the_earlier_one_loses_nothing(fault_environment, interrupted):
    [instance] = interrupted(journal_key=OLD)
    with fault_environment.worker(journal_key=f"{NEW},{OLD}", journal_required="true"):
        assert instance.task() == "Review"
    assert len(fault_environment.emulator.calls) == 1


def change_entry(path, change):
    with closing(sqlite3.connect(path)) as connection:
        [(sealed,)] = connection.execute("SELECT sealed FROM answer").fetchall()
        connection.execute("UPDATE answer SET sealed = ?", (change(sealed),))
        connection.commit()


def to_newer_version(sealed):
    return json.dumps(json.loads(sealed) | {"version": 99}).encode()


@pytest.mark.parametrize(
    ("change", "problem"), [(to_newer_version, "it has version 99; "), (lambda sealed: sealed[:40], "it is damaged")]
)
def test_unreadable_entry_is_asked_anew_only_by_the_operator(fault_environment, interrupted, change, problem):
    [instance] = interrupted()
    change_entry(fault_environment.journal.path, change)
    with fault_environment.worker(journal_required="true"):
        assert f"cannot be read: {problem}" in instance.incident()
        assert len(fault_environment.emulator.calls) == 1
        raise_retries(instance)
        assert instance.task() == "Review"
    assert len(fault_environment.emulator.calls) == 2


def test_truncated_entry_in_redis_is_set_aside(fault_environment, interrupted, redis):
    with Redis.from_url(redis) as server:
        server.flushall()
        settings = {"journal": redis, "journal_key": OLD, "journal_required": "true"}
        [instance] = interrupted(**settings)
        [name] = server.keys(f"{ENTRY_PREFIX}*")
        [(field, entry)] = server.hgetall(name).items()
        server.hset(name, field, entry[:100])
        with fault_environment.worker(**settings):
            assert "or is damaged" in instance.incident()
        assert len(fault_environment.emulator.calls) == 1
        assert server.keys(f"{SET_ASIDE_PREFIX}*")
