"""Any response is parsed or raises an `EngineError`; none is mistaken for success."""

import asyncio
import json
import threading
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.camunda import rest_client
from catalyst_groq.camunda.client import EngineClient
from catalyst_groq.camunda.failed_calls import Answer
from catalyst_groq.camunda.rest_client import RestClient
from catalyst_groq.common.transport import make_transport
from catalyst_groq.domain.variables import Encoder
from catalyst_groq.errors import EngineConflict, EngineError
from support.worker_harness import renew_lock

MINUTE = timedelta(minutes=1)
ANY_NETWORK = make_transport()
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "type", "message", "code", "definitionId", "x"]), inside, max_size=3)
    ),
    max_leaves=8,
)
needed = dict.fromkeys(["id", "activityId", "processInstanceId", "executionId", "processDefinitionId"], anything)
more = dict.fromkeys(["variables", "extensionProperties", "retries", "createTime", "lockExpirationTime"], anything)
tasks = st.lists(st.fixed_dictionaries(needed, optional=more), max_size=2).map(lambda value: json.dumps(value).encode())
bodies = st.binary(max_size=40) | anything.map(lambda value: json.dumps(value).encode()) | st.just(b"[" * 100_000)
statuses = st.sampled_from([200, 204, 302, 400, 401, 404, 500, 503])
QUERIES = {
    "fetch": lambda engine: engine.fetch_and_lock(["topic"], 1),
    "locked": lambda engine: engine.locked_tasks(),
    "locks": lambda engine: engine.locks(),
    "xml": lambda engine: engine.definition_xml("ask:1:d1"),
    "definitions": lambda engine: engine.latest_definitions(),
    "file": lambda engine: engine.file("execution-1", "photo"),
    "caller": lambda engine: engine.calling_process("instance-1"),
}
REPORTS = {
    "complete": lambda engine: engine.complete("task-1", {}),
    "bpmnError": lambda engine: engine.bpmn_error("task-1", "CODE", "why", {}),
    "lock": lambda engine: renew_lock(engine, "task-1"),
    "unlock": lambda engine: engine.unlock("task-1"),
}


@pytest.fixture
def send(monkeypatch):
    """Make a call whose response is given; returns its result or its `EngineError`."""
    responses: list[Answer] = []

    async def respond(*_, **__):
        return responses[-1]

    async def make_client():
        return EngineClient(
            "http://engine.test",
            "worker",
            lock_duration=MINUTE,
            async_response_timeout=MINUTE,
            encoder=Encoder(),
            transport=ANY_NETWORK,
        )

    async def call(make_call, status, body):
        responses.append(Answer(status, body))
        try:
            return await make_call(engine)
        except EngineError as error:
            return error

    monkeypatch.setattr(RestClient, "_send", respond)
    with asyncio.Runner() as runner:
        engine = runner.run(make_client())
        yield lambda make_call, status, body: runner.run(call(make_call, status, body))
        runner.run(engine.aclose())


@pytest.mark.slow
@pytest.mark.parametrize("query", QUERIES)
def test_query_accepts_any_response_or_raises_engine_error(query, send):
    @given(statuses, bodies | tasks)
    def law(status, body):
        send(QUERIES[query], status, body)

    law()


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("body", [b"{}", b"[]", b"<html>Please log in</html>", b"null ", b'{"id": "task-1"}'])
def test_report_is_accepted_only_by_an_empty_response(report, body, send):
    result = send(REPORTS[report], 200, body)

    assert isinstance(result, EngineError) is (body.strip() != b"null")
    assert send(REPORTS[report], 204, b"") is None


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize(("length", "is_beside"), [(1, False), (100_000, True)])
def test_large_response_is_parsed_beside_the_loop(length, is_beside, status, send, monkeypatch):
    threads = []
    monkeypatch.setattr(rest_client, "_parse", lambda _: threads.append(threading.get_ident()))

    send(QUERIES["xml"], status, b"x" * length)

    assert [thread != threading.get_ident() for thread in threads] == [is_beside]


@pytest.mark.parametrize(
    ("problem", "code", "is_conflict"),
    [
        ("ENGINE-03005 Execution of 'UPDATE VariableInstanceEntity[1]' failed.", 1, True),
        ("ENGINE-03083 Unique index or primary key violation", 0, True),
        ("ENGINE-03004 Exception while executing Database Operation. Deadlock detected", 10_000, True),
        ("execution x doesn't exist", 0, False),
    ],
)
def test_variable_that_another_worker_writes_is_a_conflict(problem, code, is_conflict, send):
    message = f"Cannot modify variables for process instance 1: {problem}"
    body = json.dumps({"type": "RestException", "message": message, "code": code}).encode()
    result = send(lambda engine: engine.scope_variables().write("1", {}), 500, body)

    assert isinstance(result, EngineError)
    assert isinstance(result, EngineConflict) is is_conflict
