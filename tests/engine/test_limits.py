"""Groq's limits on a real engine: kept by one worker and by several, and what happens without."""

from contextlib import ExitStack
from datetime import UTC, datetime
from typing import NamedTuple

import pytest
from redis import Redis

from catalyst_groq.connector.fields.names import CHAT_DEFAULTS
from catalyst_groq.groq.models.catalog import shipped_catalog
from catalyst_groq.sandbox.process_client import wait_for
from support.diagrams import diagram
from support.process_instance import start
from support.worker_process import WorkerProcess

pytestmark = pytest.mark.engine

TASKS = 100
FREE = shipped_catalog()[shipped_catalog().default].limits["free"]
RPM = 84
TPM = RPM * FREE.tpm // FREE.rpm
"""The free plan's limits, larger by as much as makes a hundred tasks last seconds instead of minutes."""

ALLOWED_SECONDS = (TASKS - RPM) / RPM * 60
"""What the plan needs for all tasks: a full bucket at once, the rest as it refills."""

PAYLOAD = CHAT_DEFAULTS["catalyst_payload"]
PLAN = {"limits": "free", "model_limits": f"* rpm={RPM} rpd={FREE.rpd} tpm={TPM} tpd={FREE.tpd}"}


class Run(NamedTuple):
    """How a hundred tasks went."""

    seconds: float
    """Between Groq's first request and its last."""
    locked: int
    """The fewest tasks that the workers held at a time while many waited for the limit."""


@pytest.fixture
def limited(emulator):
    """Groq as it is to one organization with little money.

    It allows two requests more: on a busy machine, the first ones arrive later than they were sent.
    """
    figures = {"rpm": RPM + 2, "rpd": FREE.rpd, "tpm": TPM + 2 * TPM // RPM, "tpd": FREE.tpd}
    emulator.set(plan="free", limits={"*": figures}, latency=0.1)
    return emulator


@pytest.fixture
def run_workers(engine, limited, process_client, tmp_path):
    """Run workers until they have completed a hundred tasks."""

    def work(topic, workers, **settings):
        key, xml = diagram(topic=topic, properties={"catalyst_retries": "R1/PT0S"})
        process_client.deploy_texts({f"{key}.bpmn": xml})
        for _ in range(TASKS):
            process_client.start(key, {"userMessage": "hello"})
        with ExitStack() as running:
            for number in range(workers):
                folder, own = (
                    tmp_path / str(number),
                    {"topic": topic, "worker_id": f"{topic}-{number}", "async_response_timeout": "PT0.5S"},
                )
                running.enter_context(WorkerProcess(folder, engine.rest_url, limited.base_url, **own, **settings))
            wait_for("more than a burst", lambda: answered(limited) > RPM + 3, timeout=60)
            locked = TASKS
            while answered(limited) < TASKS - 5:
                count = process_client.get("/external-task/count", topicName=topic, locked="true")["count"]
                locked = min(locked, count)
            wait_for("all answers", lambda: answered(limited) == TASKS, timeout=60)
            wait_for(
                "the last report",
                lambda: not process_client.get("/external-task/count", topicName=topic)["count"],
                timeout=20,
            )
        assert process_client.get("/task/count", processDefinitionKey=key, taskDefinitionKey="Review")["count"] == TASKS
        times = [call.at.timestamp() for call in limited.calls]
        return Run(max(times) - min(times), locked)

    return work


def answered(emulator):
    return sum(call.status == 200 for call in emulator.calls)


def refused(emulator):
    return sum(call.status == 429 for call in emulator.calls)


def test_rate_limits_shared_by_three_workers_cause_no_429(run_workers, limited, redis):
    with Redis.from_url(redis) as server:
        server.flushall()
    run = run_workers("limits-shared", 3, limits_redis_url=redis, **PLAN)

    assert refused(limited) == 0
    assert run.seconds <= 2 * ALLOWED_SECONDS


def test_rate_limits_of_one_worker_need_no_redis(run_workers, limited):
    run = run_workers("limits-alone", 1, **PLAN)

    assert refused(limited) == 0
    assert run.seconds <= 2 * ALLOWED_SECONDS
    assert run.locked <= 2, "tasks that have to wait are free for other workers"


def test_rate_limits_off_completes_every_task_after_429(run_workers, limited):
    run_workers("limits-off", 1, limits="off")

    assert refused(limited) > 0


DAY_IS_OVER = {
    "error": {
        "message": "Rate limit reached for model `openai/gpt-oss-120b` in organization `org_0` service tier "
        "`on_demand` on tokens per day (TPD): Limit 72000, Used 72000, Requested 1000. Please try again in 20m.",
        "type": "tokens",
        "code": "rate_limit_exceeded",
    }
}


def test_rate_limit_of_a_day_costs_no_lock_and_no_retry(engine, emulator, process_client, tmp_path):
    """Twenty minutes are too long for a test: an operator unlocks the tasks, and another worker knows no limit yet."""
    emulator.next(1, status=429, body=DAY_IS_OVER)
    topic, properties = "limits-day", {"catalyst_retries": "R1/PT0S", "catalyst_giveUpAfter": "PT1H"}
    settings = {"topic": topic, "concurrency": "1", "limits": "auto"}

    def start_one(**more):
        return start(process_client, diagram(topic=topic, properties=properties | more), userMessage="hello")

    with WorkerProcess(tmp_path / "1", engine.rest_url, emulator.base_url, worker_id="day-1", **settings):
        refused = start_one()
        first = refused.failed_task()
        held = start_one()
        second = held.failed_task()
        assert start_one(catalyst_model="openai/gpt-oss-20b").task() == "Review", "there is a place for other models"
    assert [call.status for call in emulator.calls] == [429, 200], "no request was sent for the second one"
    held_back = "held back by the worker's rate limiter: tokens per day (TPD): Limit 72000"
    assert held_back in second["errorMessage"]
    for task in (first, second):
        assert task["retries"] == 1
        assert 1200 - 60 < locked_for(task) < 1200 + 300

    for task in (first, second):
        process_client._post(f"/external-task/{task['id']}/unlock")
    with WorkerProcess(tmp_path / "2", engine.rest_url, emulator.base_url, worker_id="day-2", **settings):
        assert (refused.task(), held.task()) == ("Review", "Review")


def locked_for(task):
    return (datetime.fromisoformat(task["lockExpirationTime"]) - datetime.now(UTC)).total_seconds()


def test_rate_limit_below_request_size_is_incident_at_once(engine, emulator, process_client, tmp_path):
    """The first is refused by Groq, which teaches the limit; no request is sent for the second."""
    emulator.set(limits={"*": {"tpm": 8000}})
    topic = "limits-too-large"
    settings = {"topic": topic, "worker_id": topic, "limits": "auto"}
    large = {"catalyst_payload": PAYLOAD.replace("1024", "9000")}
    with WorkerProcess(tmp_path, engine.rest_url, emulator.base_url, **settings):
        messages = [
            start(process_client, diagram(topic=topic, fields=large), userMessage="hello").incident() for _ in range(2)
        ]

    assert "413 Request too large" in messages[0]
    assert "(TPM): Limit 8000, Requested 9" in messages[0]
    assert "exceeds a rate limit: tokens per minute (TPM): Limit 8000, Requested 9" in messages[1]
    assert "9000 for the response (max_tokens)" in messages[1]
    assert [call.status for call in emulator.calls] == [413]


def test_output_limit_below_request_is_not_waited_for(engine, emulator, process_client, tmp_path):
    emulator.set(plan="free")
    settings = {"topic": "limits-output", "worker_id": "limits-output", "limits": "auto"}
    with WorkerProcess(tmp_path, engine.rest_url, emulator.base_url, **settings):
        model = {"catalyst_model": "qwen/qwen3.8-27b"}
        instance = start(process_client, diagram(topic="limits-output", properties=model), userMessage="hello")
        message = instance.incident()

    assert "(OTPM): Limit 1000, Requested 1040" in message
    assert [call.status for call in emulator.calls] == [429]


def test_truncation_shortens_too_large_request(engine, emulator, process_client, tmp_path):
    emulator.set(limits={"*": {"tpm": 4000}})
    settings = {"topic": "limits-shorter", "worker_id": "limits-shorter", "limits": "auto"}
    made = diagram(topic=settings["topic"], properties={"catalyst_whenTooLong": "cutVariable"})
    text = "It was a dark and stormy night. " * 1000
    with WorkerProcess(tmp_path, engine.rest_url, emulator.base_url, **settings):
        instance = start(process_client, made, userMessage=text)
        assert instance.task() == "Review"

    assert instance.variables()["catalyst_meta"]["truncated"].endswith(
        "of 32000 characters of the variable 'userMessage'"
    )
    assert instance.variables()["userMessage"] == text
    assert [call.status for call in emulator.calls] == [413, 200]
