"""How a task ends: what the engine keeps of a report, and what it refuses."""

import time
from datetime import UTC, datetime

import pytest

from catalyst_groq.domain.variables import decode
from catalyst_groq.errors import TaskLost, ValueTooLong
from support.engine_rules import Task
from support.fake_engine import running_fake_engine
from support.worker_harness import end_lock, post, renew_lock, seconds, take_away, until_seen

pytestmark = pytest.mark.anyio

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


async def test_a_completion_writes_each_kind_of_value(stage, held):
    engine, created = held
    await engine.complete(created.task_id, {name: value for name, (value, _) in VALUES.items()})
    seen = await stage.look(created)

    assert seen.waits_at == "Review"
    assert {name: (decode(seen.variables[name]), seen.variables[name]["type"]) for name in VALUES} == VALUES


async def test_a_moment_is_written_as_a_date(stage, held):
    engine, created = held
    moment = datetime(2026, 1, 2, 3, 4, 5, 6000, tzinfo=UTC)
    await engine.complete(created.task_id, {"moment": moment})
    written = (await stage.look(created)).variables["moment"]

    assert written["type"] == "Date"
    assert datetime.fromisoformat(written["value"]) == moment


async def test_what_is_too_long_for_a_string_is_still_one_text(stage, held):
    engine, created = held
    await engine.complete(created.task_id, {"aiReply": "x" * 100_000})
    written = (await stage.look(created)).variables["aiReply"]

    assert written["valueInfo"] == {"objectTypeName": "java.lang.String", "serializationDataFormat": "application/json"}


async def test_a_bpmn_error_leaves_through_the_boundary_event_with_its_variables(stage, held):
    engine, created = held
    await engine.bpmn_error(created.task_id, "RATE_LIMITED", "Groq: slow down", {"catalyst_statusCode": 429})
    seen = await stage.look(created)

    assert seen.waits_at == "Caught"
    assert {name: decode(typed) for name, typed in seen.variables.items()} == {
        "errorCode": "RATE_LIMITED",
        "errorMessage": "Groq: slow down",
        "catalyst_statusCode": 429,
    }


async def test_a_failure_keeps_the_task_back_for_its_retry_timeout(stage, client, topic, held):
    engine, created = held
    await fail(engine, created, retries=2, retry_timeout=0.4, catalyst_error="busy")
    reported = time.monotonic()
    seen = await stage.look(created)
    other = client(stage.rest_url, "other", poll=0)
    [task] = await until_seen(lambda: other.fetch_and_lock([topic], 1), bool)

    assert time.monotonic() - reported > 0.3
    assert (seen.retries, seen.error_message, seen.incident) == (2, "why", None)
    assert decode(seen.variables["catalyst_error"]) == "busy"
    assert (task.id, task.retries) == (created.task_id, 2)


async def test_a_failure_without_retries_left_is_an_incident_and_the_end_of_offers(stage, client, topic, held):
    engine, created = held
    await fail(engine, created, "Groq: invalid key", retries=0)
    seen = await stage.look(created)

    assert (seen.incident, seen.retries) == ("Groq: invalid key", 0)
    assert await client(stage.rest_url, "other").fetch_and_lock([topic], 1) == []


async def test_of_a_message_666_characters_are_kept_and_of_the_details_all(stage, held):
    engine, created = held
    await fail(engine, created, "m" * 700, details="d" * 100_000)
    seen = await stage.look(created)

    assert seen.error_message == "m" * 666
    assert seen.error_details == "d" * 100_000


@pytest.mark.parametrize("report", REPORTS)
async def test_a_task_that_another_worker_holds_is_lost(stage, held, report):
    engine, created = held
    await take_away(stage.rest_url, created.task_id)
    with pytest.raises(TaskLost, match="locked by worker"):
        await REPORTS[report](engine, created.task_id)

    seen = await stage.look(created)
    assert (seen.waits_at, seen.worker_id, seen.retries) == ("Ask", "another worker", None)


@pytest.mark.parametrize("report", REPORTS)
async def test_a_task_whose_instance_was_deleted_is_lost(stage, held, report):
    engine, created = held
    await stage.cancel(created)
    with pytest.raises(TaskLost, match="does not exist"):
        await REPORTS[report](engine, created.task_id)


@pytest.mark.parametrize("report", ["complete", "bpmnError", "failure", "lock"])
async def test_a_lock_that_has_ended_counts_as_held_while_nobody_took_the_task(stage, held, report):
    engine, created = held
    await end_lock(stage.rest_url, created.task_id, engine.worker_id)
    await REPORTS[report](engine, created.task_id)


@pytest.mark.parametrize("report", ["complete", "bpmnError"])
async def test_a_name_too_long_for_the_database_is_refused_but_the_task_is_not_lost(stage, client, topic, report):
    engine = client(stage.rest_url)
    created = await stage.create(topic)
    await engine.fetch_and_lock([topic], 1)
    said = () if report == "complete" else ("CODE", "why")
    tell = engine.complete if report == "complete" else engine.bpmn_error
    with pytest.raises(ValueTooLong) as refused:
        await tell(created.task_id, *said, {"n" * 256: "text"})

    assert (refused.value.status, refused.value.kind) == (500, "ProcessEnginePersistenceException")
    seen = await stage.look(created)
    assert (seen.waits_at, seen.worker_id, seen.retries) == ("Ask", engine.worker_id, None)
    assert dict(seen.variables) == {}


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ({"type": "Json", "value": {}}, 400),
        ({"type": "Integer", "value": 2**31}, 400),
        ({"type": "Unknown", "value": 1}, 400),
        ({"type": "String", "value": "x" * 4001}, 500),
    ],
)
async def test_the_fake_refuses_the_values_that_the_real_engine_refuses(stage, held, value, status):
    engine, created = held
    body = {"workerId": engine.worker_id, "variables": {"a": value}}
    answer = await post(f"{stage.rest_url}/external-task/{created.task_id}/complete", body)

    assert answer.status == status
    assert (await stage.look(created)).waits_at == "Ask"


@pytest.mark.parametrize("report", WITH_VARIABLES)
async def test_a_text_too_long_for_the_database_is_written_once_more_as_an_object(stage, client, topic, report, caplog):
    engine = client(stage.rest_url, string_limit=10_000)
    created = await stage.create(topic)
    await engine.fetch_and_lock([topic], 1)
    await WITH_VARIABLES[report](engine, created.task_id, {"long": "x" * 4001, "short": "x" * 1000})
    written = (await stage.look(created)).variables

    assert (written["long"]["type"], decode(written["long"])) == ("Object", "x" * 4001)
    assert written["short"]["type"] == "String"
    assert "lower CATALYST_STRING_LIMIT" in caplog.text


async def test_without_the_json_format_structures_and_long_texts_become_files(client, topic, caplog):
    async with running_fake_engine(json_format=False) as fake:
        engine = client(fake.rest_url)
        values = [{"structure": {"a": 1}}, {"long": "x" * 5000}, {"short": "x"}]
        made = [fake.create(Task(topic=topic)) for _ in values]
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
