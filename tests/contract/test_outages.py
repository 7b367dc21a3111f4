"""An engine that goes away and returns: said once each way, nothing lost, nothing asked twice."""

import asyncio
import logging

import pytest

from support.engine_rules import Task
from support.worker_harness import DONE, Held, messages, until

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def every_line(caplog):
    caplog.set_level(logging.INFO, "catalyst_groq.camunda")


def lines(caplog, words):
    return [message for message in messages(caplog, logging.INFO) if words in message]


async def test_an_outcome_is_reported_when_the_engine_is_back(fake, work, topic, caplog):
    held = Held()
    tasks = [fake.create(Task(topic=topic)) for _ in range(3)]
    worker = work(fake.rest_url, held)
    await until(lambda: len(held.begun) == 3)
    await fake.go_away()
    held.release()
    await until(lambda: worker.poller._outage.is_active)
    await until(lambda: not worker.poller.is_ready)
    await fake.come_up()
    await until(lambda: len(worker.taken) == 3)
    await until(lambda: worker.poller.is_ready)

    assert {task.waits_at for task in tasks} == {"Review"}
    assert len(held.begun) == 3
    [gone] = messages(caplog)
    assert gone.startswith(f"Engine unreachable at {fake.rest_url}: ")
    assert gone.endswith(". Retrying until it responds.")
    assert len(lines(caplog, "responds again")) == 1


async def test_a_worker_that_starts_before_its_engine_waits_for_it(fake, work, topic, caplog):
    await fake.go_away()
    worker = work(fake.rest_url)
    await until(lambda: lines(caplog, "Engine unreachable"))
    assert not worker.poller.is_ready
    await fake.come_up()
    await until(lambda: worker.poller.is_ready)
    task = fake.create(Task(topic=topic))
    await until(lambda: worker.taken)

    assert task.waits_at == "Review"
    assert len(lines(caplog, "Engine unreachable")) == len(lines(caplog, "responds again")) == 1


async def test_a_gateway_that_answers_for_the_engine_is_an_outage(fake, work, topic, caplog):
    fake.refuse(1, 503, "", "no engine behind")
    task = fake.create(Task(topic=topic))
    worker = work(fake.rest_url)
    await until(lambda: worker.taken)

    assert task.waits_at == "Review"
    assert messages(caplog) == [
        f"Engine unreachable at {fake.rest_url}: a gateway responded 503: no engine behind. Retrying until it responds."
    ]


async def test_an_outage_that_outlasts_a_lock_cancels_no_call(fake, work, topic):
    held = Held()
    task = fake.create(Task(topic=topic))
    worker = work(fake.rest_url, held, concurrency=1, lock=0.3)
    await until(lambda: held.begun)
    await fake.go_away()
    await until(lambda: not task.is_locked)
    await fake.come_up()
    await until(lambda: task.is_locked)
    held.release()
    await until(lambda: worker.taken)

    assert held.begun == [task.id]
    assert held.cancelled == []


async def test_a_stop_during_an_outage_ends_within_the_grace_time(fake, work, topic, caplog):
    held = Held(DONE)
    task = fake.create(Task(topic=topic))
    worker = work(fake.rest_url, held, grace=0.3)
    await until(lambda: held.begun)
    await fake.go_away()
    held.release()
    await until(lambda: lines(caplog, "Engine unreachable"))
    async with asyncio.timeout(2):
        await worker.stop()

    assert worker.taken == {}
    assert lines(caplog, f"Task {task.id} not unlocked, it stays locked until its lock ends: ")
