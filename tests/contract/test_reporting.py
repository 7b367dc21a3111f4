"""Reports of outcomes: what the engine stores, and what it refuses."""

import time
from datetime import UTC, datetime

import pytest

from catalyst_groq.domain.variables import decode
from catalyst_groq.errors import TaskLost, ValueTooLong
from support.engine_rules import Task
from support.fake_engine import running_fake_engine
from support.worker_harness import expire_lock, lock_as_other_worker, post, renew_lock, seconds, wait_for_state

pytestmark = [pytest.mark.anyio, pytest.mark.every_engine]

REPORTS = {
    "complete": lambda engine, task_id: engine.complete(task_id, {"a": 1}),
    "bpmnError": lambda engine, task_id: engine.bpmn_error(task_id, "CODE", "why", {"a": 1}),
    "failure": lambda engine, task_id: engine.failure(
        task_id, "why", "", retries=1, retry_timeout=seconds(0), variables={}
    ),
    "lock": renew_lock,
}
WITH_VARIABLES = {
    "complete": lambda engine, task_id, variables: engine.complete(task_id, variables),
    "bpmnError": lambda engine, task_id, variables: engine.bpmn_error(task_id, "CODE", "why", variables),
    "failure": lambda engine, task_id, variables: engine.failure(
        task_id, "why", "", retries=1, retry_timeout=seconds(0), variables=variables
    ),
}
VALUES = {
    "text": ("Grüße 😀", "String"),
    "empty": ("", "String"),
    "longest text": ("x" * 4000, "String"),
    "long text": ("“quoted”\n" * 2000, "Object"),
    "long emoji": ("😀" * 2001, "Object"),
    "number": (-(2**31), "Integer"),
    "long number": (2**53 + 1, "Long"),
    "fraction": (0.1, "Double"),
    "yes": (True, "Boolean"),
    "nothing": (None, "Null"),
    "structure": ({"a": [1, {"b": None}], "ü": "“"}, "Json"),
    "list": ([], "Json"),
}


def fail(engine, created, message="why", *, retries=1, retry_timeout=0.0, details="", **variables):
    return engine.failure(
        created.task_id, message, details, retries=retries, retry_timeout=seconds(retry_timeout), variables=variables
    )


async def test_completion_writes_each_kind_of_value(backend, locked_task):
    engine, created = locked_task
    await engine.complete(created.task_id, {name: value for name, (value, _) in VALUES.items()})
    state = await backend.get_state(created)

    assert state.waits_at == "Review"
    assert {name: (decode(state.variables[name]), state.variables[name]["type"]) for name in VALUES} == VALUES


async def test_completion_writes_a_date(backend, locked_task):
    engine, created = locked_task
    moment = datetime(2026, 1, 2, 3, 4, 5, 6000, tzinfo=UTC)
    await engine.complete(created.task_id, {"moment": moment})
    written = (await backend.get_state(created)).variables["moment"]

    assert written["type"] == "Date"
    assert datetime.fromisoformat(written["value"]) == moment


async def test_completion_writes_a_long_text_as_an_object(backend, locked_task):
    engine, created = locked_task
    await engine.complete(created.task_id, {"aiReply": "x" * 100_000})
    written = (await backend.get_state(created)).variables["aiReply"]

    assert written["valueInfo"] == {"objectTypeName": "java.lang.String", "serializationDataFormat": "application/json"}


async def test_bpmn_error_sets_the_variables_of_the_boundary_event(backend, locked_task):
    engine, created = locked_task
    await engine.bpmn_error(created.task_id, "RATE_LIMITED", "Groq: slow down", {"catalyst_statusCode": 429})
    state = await backend.get_state(created)

    assert state.waits_at == "Caught"
    assert {name: decode(typed) for name, typed in state.variables.items()} == {
        "errorCode": "RATE_LIMITED",
        "errorMessage": "Groq: slow down",
        "catalyst_statusCode": 429,
    }


@pytest.mark.slow
async def test_failure_delays_the_task_for_its_retry_timeout(backend, make_client, topic, locked_task):
    engine, created = locked_task
    await fail(engine, created, retries=2, retry_timeout=0.4, catalyst_error="busy")
    reported = time.monotonic()
    state = await backend.get_state(created)
    other = make_client(backend.rest_url, "other", poll_seconds=0)
    [task] = await wait_for_state(lambda: other.fetch_and_lock([topic], 1), bool)

    assert time.monotonic() - reported > 0.3
    assert (state.retries, state.error_message, state.incident) == (2, "why", None)
    assert decode(state.variables["catalyst_error"]) == "busy"
    assert (task.id, task.retries) == (created.task_id, 2)


async def test_failure_without_retries_left_is_an_incident(backend, make_client, topic, locked_task):
    engine, created = locked_task
    await fail(engine, created, "Groq: invalid key", retries=0)
    state = await backend.get_state(created)

    assert (state.incident, state.retries) == ("Groq: invalid key", 0)
    assert await make_client(backend.rest_url, "other").fetch_and_lock([topic], 1) == []


async def test_failure_message_is_truncated_to_666_characters(backend, locked_task):
    engine, created = locked_task
    await fail(engine, created, "m" * 700, details="d" * 100_000)
    state = await backend.get_state(created)

    assert state.error_message == "m" * 666
    assert state.error_details == "d" * 100_000


@pytest.mark.parametrize("report", REPORTS)
async def test_report_of_a_task_locked_by_another_worker_is_refused(backend, locked_task, report):
    engine, created = locked_task
    await lock_as_other_worker(backend.rest_url, created.task_id)
    with pytest.raises(TaskLost, match="locked by worker"):
        await REPORTS[report](engine, created.task_id)

    state = await backend.get_state(created)
    assert (state.waits_at, state.worker_id, state.retries) == ("Ask", "another worker", None)


@pytest.mark.parametrize("report", REPORTS)
async def test_report_of_a_task_of_a_deleted_instance_is_refused(backend, locked_task, report):
    engine, created = locked_task
    await backend.cancel_instance(created)
    with pytest.raises(TaskLost, match="does not exist"):
        await REPORTS[report](engine, created.task_id)


@pytest.mark.parametrize("report", ["complete", "bpmnError", "failure", "lock"])
async def test_report_after_the_end_of_the_lock_is_accepted(backend, locked_task, report):
    engine, created = locked_task
    await expire_lock(backend.rest_url, created.task_id, engine.worker_id)
    await REPORTS[report](engine, created.task_id)


@pytest.mark.parametrize("report", ["complete", "bpmnError"])
async def test_report_with_a_name_too_long_leaves_the_task_locked(backend, make_client, topic, report):
    engine = make_client(backend.rest_url)
    created = await backend.create_task(topic)
    await engine.fetch_and_lock([topic], 1)
    error = () if report == "complete" else ("CODE", "why")
    send_report = engine.complete if report == "complete" else engine.bpmn_error
    with pytest.raises(ValueTooLong) as refused:
        await send_report(created.task_id, *error, {"n" * 256: "text"})

    assert (refused.value.status, refused.value.kind) == (500, "ProcessEnginePersistenceException")
    state = await backend.get_state(created)
    assert (state.waits_at, state.worker_id, state.retries) == ("Ask", engine.worker_id, None)
    assert dict(state.variables) == {}


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ({"type": "Json", "value": {}}, 400),
        ({"type": "Integer", "value": 2**31}, 400),
        ({"type": "Unknown", "value": 1}, 400),
        ({"type": "String", "value": "x" * 4001}, 500),
    ],
)
async def test_report_with_invalid_values_is_refused(backend, locked_task, value, status):
    engine, created = locked_task
    body = {"workerId": engine.worker_id, "variables": {"a": value}}
    answer = await post(f"{backend.rest_url}/external-task/{created.task_id}/complete", body)

    assert answer.status == status
    assert (await backend.get_state(created)).waits_at == "Ask"


@pytest.mark.parametrize("report", WITH_VARIABLES)
async def test_text_too_long_for_the_database_is_sent_as_an_object(backend, make_client, topic, report, caplog):
    engine = make_client(backend.rest_url, string_limit=10_000)
    created = await backend.create_task(topic)
    await engine.fetch_and_lock([topic], 1)
    await WITH_VARIABLES[report](engine, created.task_id, {"long": "x" * 4001, "short": "x" * 1000})
    written = (await backend.get_state(created)).variables

    assert (written["long"]["type"], decode(written["long"])) == ("Object", "x" * 4001)
    assert written["short"]["type"] == "String"
    assert "lower CATALYST_STRING_LIMIT" in caplog.text


async def test_engine_without_json_format_gets_files(make_client, topic, caplog):
    async with running_fake_engine(json_format=False) as fake_engine:
        engine = make_client(fake_engine.rest_url)
        values = [{"structure": {"a": 1}}, {"long": "x" * 5000}, {"short": "x"}]
        made = [fake_engine.create(Task(topic=topic)) for _ in values]
        await engine.fetch_and_lock([topic], 3)
        for task, variables in zip(made, values, strict=True):
            await engine.complete(task.id, variables)

    assert [{name: typed["type"] for name, typed in task.variables.items()} for task in made] == [
        {"structure": "File"},
        {"long": "File"},
        {"short": "String"},
    ]
    assert made[1].variables["long"]["valueInfo"]["filename"] == "long.txt"
    assert [message for message in caplog.messages if "no JSON data format" in message] == caplog.messages
    assert len(caplog.messages) == 1
