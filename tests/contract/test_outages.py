"""Engine outages: logged once at their begin and end, without lost outcomes and without repeated work."""

import asyncio
import logging

import pytest

from catalyst_groq.camunda import orphaned_tasks, poller
from catalyst_groq.camunda.failed_calls import CHECK_ENGINE
from support.engine_rules import Task
from support.worker_harness import COMPLETED, BlockingHandler, log_messages, wait_until

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def log_level_info(caplog):
    caplog.set_level(logging.INFO, "catalyst_groq.camunda")


def messages_with(caplog, words):
    return [line for line in log_messages(caplog, logging.INFO) if words in line]


@pytest.mark.slow
async def test_outage_delays_reports_until_the_engine_returns(fake_engine, start_worker, topic, caplog):
    handler = BlockingHandler()
    tasks = [fake_engine.create(Task(topic=topic)) for _ in range(3)]
    worker = start_worker(fake_engine.rest_url, handler)
    await wait_until(lambda: len(handler.started) == 3)
    await fake_engine.stop()
    handler.release()
    await wait_until(lambda: messages_with(caplog, "Engine unreachable"))
    await wait_until(lambda: not worker.poller.is_ready)
    await fake_engine.start()
    await wait_until(lambda: len(worker.accepted) == 3)
    await wait_until(lambda: worker.poller.is_ready)

    assert {task.waits_at for task in tasks} == {"Review"}
    assert len(handler.started) == 3
    [message] = log_messages(caplog)
    assert message.startswith(f"Engine unreachable at {fake_engine.rest_url}: ")
    assert message.endswith(". Retrying until it responds.")
    assert len(messages_with(caplog, "responds again")) == 1


@pytest.mark.slow
async def test_outage_at_the_start_is_waited_out(fake_engine, start_worker, topic, caplog):
    await fake_engine.stop()
    worker = start_worker(fake_engine.rest_url)
    await wait_until(lambda: messages_with(caplog, "Engine unreachable"))
    assert not worker.poller.is_ready
    await fake_engine.start()
    await wait_until(lambda: worker.poller.is_ready)
    task = fake_engine.create(Task(topic=topic))
    await wait_until(lambda: worker.accepted)

    assert task.waits_at == "Review"
    assert len(messages_with(caplog, "Engine unreachable")) == len(messages_with(caplog, "responds again")) == 1


@pytest.mark.slow
async def test_outage_behind_a_gateway_is_waited_out(fake_engine, start_worker, topic, caplog):
    fake_engine.refuse(1, 503, "", "no engine behind")
    task = fake_engine.create(Task(topic=topic))
    worker = start_worker(fake_engine.rest_url)
    await wait_until(lambda: worker.accepted)

    assert task.waits_at == "Review"
    problem = f"Engine unreachable at {fake_engine.rest_url}: a gateway responded 503: no engine behind"
    assert log_messages(caplog) == [f"{problem}. {CHECK_ENGINE}. Retrying until it responds."]


@pytest.mark.slow
async def test_outage_behind_a_log_in_page_is_waited_out(fake_engine, start_worker, topic, caplog):
    handler = BlockingHandler(COMPLETED)
    task = fake_engine.create(Task(topic=topic))
    worker = start_worker(fake_engine.rest_url, handler)
    await wait_until(lambda: handler.started)
    fake_engine.refuse(3, 302, "", "<title>Sign in</title>")
    handler.release()
    await wait_until(lambda: worker.accepted)

    assert task.waits_at == "Review"
    assert worker.accepted == {task.id: COMPLETED}
    message = log_messages(caplog)[0]
    assert message.startswith(f"The server at {fake_engine.rest_url} is not a Camunda engine: 302, a redirect. Set ")


@pytest.mark.slow
async def test_outage_longer_than_the_lock_cancels_no_work(fake_engine, start_worker, topic):
    handler = BlockingHandler()
    task = fake_engine.create(Task(topic=topic))
    worker = start_worker(fake_engine.rest_url, handler, concurrency=1, lock_seconds=0.3)
    await wait_until(lambda: handler.started)
    await fake_engine.stop()
    await wait_until(lambda: not task.is_locked)
    await fake_engine.start()
    await wait_until(lambda: task.is_locked)
    handler.release()
    await wait_until(lambda: worker.accepted)

    assert handler.started == [task.id]
    assert handler.cancelled == []


@pytest.mark.slow
async def test_outage_does_not_delay_a_stop(fake_engine, start_worker, topic, caplog):
    handler = BlockingHandler(COMPLETED)
    task = fake_engine.create(Task(topic=topic))
    worker = start_worker(fake_engine.rest_url, handler, shutdown_timeout=0.3)
    await wait_until(lambda: handler.started)
    await fake_engine.stop()
    handler.release()
    await wait_until(lambda: messages_with(caplog, "Engine unreachable"))
    async with asyncio.timeout(2):
        await worker.stop()

    assert worker.accepted == {}
    assert messages_with(caplog, f"Task {task.id} not unlocked, it stays locked until its lock ends: ")


async def test_worker_whose_fetch_hangs_is_not_ready(fake_engine, start_worker, monkeypatch):
    monkeypatch.setattr(poller, "FETCH_STALL_MARGIN_SECONDS", -60.0)
    worker = start_worker(fake_engine.rest_url)
    await wait_until(lambda: worker.poller.has_connected and worker.poller.is_stalled)

    assert not worker.poller.is_ready


async def test_engine_that_hangs_does_not_delay_a_stop(fake_engine, start_worker, topic, monkeypatch, caplog):
    monkeypatch.setattr(orphaned_tasks, "UNLOCK_TIMEOUT_SECONDS", 0.2)
    handler = BlockingHandler()
    tasks = [fake_engine.create(Task(topic=topic)) for _ in range(3)]
    worker = start_worker(fake_engine.rest_url, handler, shutdown_timeout=0.1)
    await wait_until(lambda: len(handler.started) == 3)
    fake_engine.response_delay_seconds = 8.0
    async with asyncio.timeout(5):
        await worker.stop()

    for task in tasks:
        assert messages_with(
            caplog, f"Task {task.id} not unlocked, it stays locked until its lock ends: not done within"
        )


@pytest.mark.slow
async def test_outage_interrupts_before_the_next_task_is_handled(fake_engine, start_worker, topic):
    events = []

    async def handle(task):
        events.append(task.id)
        return COMPLETED

    def interrupt():
        events.append("interrupted")

    worker = start_worker(fake_engine.rest_url, handle, on_interruption=interrupt)
    await wait_until(lambda: worker.poller.is_ready)
    await fake_engine.stop()
    await wait_until(lambda: not worker.poller.is_ready)
    events.clear()
    await fake_engine.start()
    task = fake_engine.create(Task(topic=topic))
    await wait_until(lambda: worker.accepted)

    assert events[-2:] == ["interrupted", task.id]


@pytest.mark.slow
async def test_time_without_a_poll_counts_as_an_interruption(fake_engine, start_worker, topic, monkeypatch):
    monkeypatch.setattr("catalyst_groq.camunda.poller.MAX_UNWATCHED_SECONDS", 0.3)
    interruptions = []
    handler = BlockingHandler()
    fake_engine.create(Task(topic=topic))
    worker = start_worker(fake_engine.rest_url, handler, concurrency=1, on_interruption=lambda: interruptions.append(1))
    await wait_until(lambda: handler.started)
    before = len(interruptions)
    await asyncio.sleep(0.4)
    handler.release()
    fake_engine.create(Task(topic=topic))
    await wait_until(lambda: len(worker.accepted) == 2)

    assert len(interruptions) == before + 1
