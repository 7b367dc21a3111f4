"""What a worker asks of the engine's REST API, and what it is answered."""

import asyncio
import time
from datetime import UTC, datetime

import httpx
import pytest
from at_work import end_lock, seconds, take_away, until_seen, within
from engine_rules import Task
from fake_engine import running_fake_engine
from stages import typed

from worker.camunda.definitions import parse
from worker.camunda.variables import Unreadable, decode
from worker.errors import EngineRefused, EngineUnreachable, TaskLost

pytestmark = pytest.mark.anyio

FILE = {"type": "File", "value": "eA==", "valueInfo": {"filename": "a.txt", "mimetype": "text/plain"}}
REPORTS = {
    "complete": lambda engine, task_id: engine.complete(task_id, {"a": 1}),
    "bpmnError": lambda engine, task_id: engine.bpmn_error(task_id, "CODE", "why", {"a": 1}),
    "failure": lambda engine, task_id: failure(engine, task_id),
    "lock": lambda engine, task_id: engine.lock(task_id),
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


def failure(engine, task_id, message="why", *, retries=1, retry_timeout=0.0, details="", **variables):
    return engine.failure(
        task_id, message, details, retries=retries, retry_timeout=seconds(retry_timeout), variables=variables
    )


@pytest.fixture
async def held(stage, client, topic):
    """A client and a task that it has locked."""
    engine = client(stage.rest_url)
    created = await stage.create(topic)
    [task] = await engine.fetch_and_lock([topic], 1)
    assert task.id == created.task_id
    return engine, created


async def test_tasks_come_by_priority_and_then_by_age(stage, client, topic):
    priorities = [0, 5, 0, 5, 10]
    created = [(await stage.create(topic, priority=priority)).task_id for priority in priorities]
    engine = client(stage.rest_url)
    first = [task.id for task in await engine.fetch_and_lock([topic], 2)]
    rest = [task.id for task in await engine.fetch_and_lock([topic], 10)]

    assert first + rest == [created[index] for index in (4, 1, 3, 0, 2)]


async def test_a_fetched_task_brings_its_variables_and_extension_properties(stage, client, topic):
    given = typed(userMessage="hi", count=3, history=[{"role": "user"}], long="x" * 5000, none=None) | {"file": FILE}
    properties = {"catalyst_apiKey": "groq_api_key", "text": "${a}\n'\"<&>"}
    created = await stage.create(topic, variables=given, properties=properties)
    [task] = await client(stage.rest_url).fetch_and_lock([topic], 1)

    assert task.variables == {
        "userMessage": "hi",
        "count": 3,
        "history": [{"role": "user"}],
        "long": "x" * 5000,
        "none": None,
        "file": Unreadable("File"),
    }
    assert task.extension_properties == properties
    assert task.retries is None
    assert task.activity_id == "Ask"
    assert (task.process_instance_id, task.process_definition_id) == (created.instance_id, created.definition_id)
    assert seconds(0) <= task.age(seconds(60)) < seconds(30)


async def test_an_empty_poll_is_held_for_its_duration(stage, client, topic):
    engine, began = client(stage.rest_url, poll=0.3), time.monotonic()

    assert await engine.fetch_and_lock([topic], 1) == []
    assert time.monotonic() - began > 0.25


async def test_a_waiting_poll_is_woken_by_a_new_task_and_by_one_given_back(stage, client, topic):
    one, other = client(stage.rest_url, "one", poll=20), client(stage.rest_url, "other", poll=20)
    polling = asyncio.create_task(one.fetch_and_lock([topic], 1))
    await stage.poll_arrives()
    created = await stage.create(topic)
    [task] = await within(polling, 5)
    polling = asyncio.create_task(other.fetch_and_lock([topic], 1))
    await stage.poll_arrives()
    await one.unlock(task.id)
    [again] = await within(polling, 5)

    assert created.task_id == task.id == again.id


async def test_a_task_in_hand_is_offered_to_nobody(stage, client, topic, held):
    _, created = held

    assert await client(stage.rest_url, "other").fetch_and_lock([topic], 1) == []
    assert (await stage.look(created)).worker_id != "other"


async def test_a_task_whose_lock_has_ended_is_offered_again_with_its_retries(stage, client, topic):
    created = await stage.create(topic, retries=2)
    await client(stage.rest_url, lock=0.05).fetch_and_lock([topic], 1)
    other = client(stage.rest_url, "other")
    [task] = await until_seen(lambda: other.fetch_and_lock([topic], 1), bool)

    assert task.id == created.task_id
    assert task.retries == 2


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

    assert written["valueInfo"] == {
        "objectTypeName": "java.lang.String",
        "serializationDataFormat": "application/json",
    }


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
    await failure(engine, created.task_id, retries=2, retry_timeout=0.4, catalyst_error="busy")
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
    await failure(engine, created.task_id, "Groq: invalid key", retries=0)
    seen = await stage.look(created)

    assert (seen.incident, seen.retries) == ("Groq: invalid key", 0)
    assert await client(stage.rest_url, "other").fetch_and_lock([topic], 1) == []


async def test_of_a_message_666_characters_are_kept_and_of_the_details_all(stage, held):
    engine, created = held
    await failure(engine, created.task_id, "m" * 700, details="d" * 100_000)
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


async def test_a_lock_that_has_ended_can_be_taken_back_but_not_extended(stage, held):
    engine, created = held
    await end_lock(stage.rest_url, created.task_id, engine.worker_id)
    async with httpx.AsyncClient(base_url=f"{stage.rest_url}/external-task/{created.task_id}") as task:
        asked = {"workerId": engine.worker_id, "newDuration": 60_000}
        refused = await task.post("/extendLock", json=asked)
        await engine.lock(created.task_id)
        extended = await task.post("/extendLock", json=asked)

    assert (refused.status_code, extended.status_code) == (400, 204)
    assert refused.json()["message"].startswith("Cannot extend a lock that expired")


@pytest.mark.parametrize("report", ["complete", "bpmnError"])
async def test_a_text_too_long_for_the_database_is_refused_but_the_task_is_not_lost(stage, client, topic, report):
    engine = client(stage.rest_url, string_limit=10_000)
    created = await stage.create(topic)
    await engine.fetch_and_lock([topic], 1)
    said = () if report == "complete" else ("CODE", "why")
    tell = engine.complete if report == "complete" else engine.bpmn_error
    with pytest.raises(EngineRefused) as refused:
        await tell(created.task_id, *said, {"text": "x" * 4001})

    assert type(refused.value) is EngineRefused
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
    async with httpx.AsyncClient(base_url=stage.rest_url) as rest:
        answer = await rest.post(f"/external-task/{created.task_id}/complete", json=body)

    assert answer.status_code == status
    assert (await stage.look(created)).waits_at == "Ask"


async def test_locked_tasks_are_the_own_ones_that_wait_for_no_second_try(stage, client, topic):
    mine, other = client(stage.rest_url), client(stage.rest_url, f"other-{topic}")
    for _ in range(3):
        await stage.create(topic)
    [held, failed] = await mine.fetch_and_lock([topic], 2)
    await other.fetch_and_lock([topic], 1)
    await failure(mine, failed.id, retry_timeout=60)

    assert await mine.locked_tasks() == [held.id]


async def test_a_definition_shows_the_fields_that_no_fetch_brings(stage, client, topic):
    created = await stage.create(topic)
    definition = parse(await client(stage.rest_url).definition_xml(created.definition_id))

    assert definition.fields_of("Ask") == {"catalyst_payload": "{}"}
    assert definition.catches("Ask", "ANY")


async def test_an_unknown_definition_is_refused(stage, client):
    with pytest.raises(EngineRefused, match="No matching definition"):
        await client(stage.rest_url).definition_xml("unknown")


@pytest.mark.parametrize("called", [True, False])
async def test_an_instance_tells_whether_another_process_called_it(stage, client, topic, called):
    created = await stage.create(topic, called=called)

    assert await client(stage.rest_url).has_calling_process(created.instance_id) is called


async def test_an_engine_that_refuses_connections_is_unreachable(fake, client, topic):
    engine = client(fake.rest_url)
    await engine.fetch_and_lock([topic], 1)
    await fake.go_away()

    with pytest.raises(EngineUnreachable, match=f"The engine at {fake.rest_url} cannot be reached: "):
        await engine.fetch_and_lock([topic], 1)


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_gateway_that_answers_for_the_engine_makes_it_unreachable(fake, client, status):
    fake.refuse(1, status, "", "no engine behind")

    with pytest.raises(EngineUnreachable, match=f"The engine answered {status}: no engine behind"):
        await client(fake.rest_url).complete("any", {})


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
