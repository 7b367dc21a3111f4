"""Traces: one span for each task, with a child for each request and each stage, as a collector receives them."""

import asyncio
import logging
import time
from datetime import timedelta

import pytest

from catalyst_groq.domain.outcomes import Completion, Failure
from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.domain.task_observation import TaskRecord, TaskTimes
from catalyst_groq.groq.api.operations import CHAT_COMPLETION
from catalyst_groq.groq.api.requests import Account, GroqRequest
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason
from catalyst_groq.groq.api.server_kinds import ServerKind
from catalyst_groq.observability.log_context import current_trace_id
from catalyst_groq.observability.traces import current_trace
from catalyst_groq.observability.tracing import open_tracing
from support.factories import REPLY, make_attempt_record, make_call_record, make_response, make_task
from support.groq_clients import FakeGroqClient
from support.otlp_receiver import attributes_of, running_receiver

pytestmark = pytest.mark.anyio

MODEL = "openai/gpt-oss-120b"
KEY = "the-key-of-a-task"
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
PAUSE_SECONDS = 0.01
"""In each stage: long enough for a span."""

PARENT_ID = "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE_ID}-{PARENT_ID}-01"
PAYLOAD = {"model": MODEL, "messages": [{"role": "user", "content": "the prompt"}], "temperature": 0.5, "max_tokens": 9}
GROQ = Account("https://api.groq.com/openai/v1", KEY, ServerKind.GROQ)
OTHER = Account("http://localhost:8000/v1", KEY, ServerKind.OTHER, headers=(("x-own", "1"),))


@pytest.fixture(autouse=True)
def _no_trace(monkeypatch):
    """A test that begins in the context of no task, and without a collector of the machine's."""
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    trace, trace_id = current_trace.set(None), current_trace_id.set("")
    yield
    current_trace.reset(trace)
    current_trace_id.reset(trace_id)


@pytest.fixture
def receiver():
    with running_receiver() as receiver:
        yield receiver


async def work(
    receiver, *responses, variables=None, account=GROQ, outcome=None, call=True, environ=(), payload=PAYLOAD
):
    """Process a task with these responses of Groq, as the worker does; return the requests that were sent."""
    client = FakeGroqClient(*responses)
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, **dict(environ)}
    async with open_tracing(settings, "worker-1", Redactor(), is_on=True) as tracing:
        if tracing is None:
            return client.requests
        task, started = make_task(variables, businessKey="order-7"), time.monotonic()
        tracing.observer.on_start(task)
        await asyncio.sleep(PAUSE_SECONDS)
        called = time.monotonic()
        for _ in responses:
            request = GroqRequest(CHAT_COMPLETION, account, payload, 60.0, task.id)
            await tracing.wrap(client).send(request)
            await asyncio.sleep(PAUSE_SECONDS)
        handled = time.monotonic()
        record = make_call_record(make_attempt_record(waited=0.5 if len(responses) > 1 else 0.0), started=called)
        outcome = outcome or Completion({"aiReply": "the answer"}, call=record if call else None)
        times = TaskTimes(started, handled, handled + PAUSE_SECONDS, timedelta(minutes=1))
        tracing.observer.on_end(TaskRecord(task, outcome, outcome, times))
    return client.requests


async def test_trace_of_a_task_has_a_span_for_each_request_and_stage(receiver):
    await work(receiver, make_response())
    spans = receiver.by_name()

    assert set(spans) == {"ask/AskGroq", f"chat {MODEL}", "prepare", "judge", "report"}
    root = spans.pop("ask/AskGroq")
    assert (root.kind, root.parent_span_id, root.status.code) == (5, b"", 0)
    assert {span.parent_span_id for span in spans.values()} == {root.span_id}
    assert {span.trace_id for span in spans.values()} == {root.trace_id}
    assert all(root.start_time_unix_nano <= span.start_time_unix_nano for span in spans.values())
    assert all(
        span.start_time_unix_nano < span.end_time_unix_nano <= root.end_time_unix_nano for span in spans.values()
    )
    attributes = attributes_of(root)
    assert attributes["catalyst.outcome"] == "completed"
    assert attributes["catalyst.business_key"] == "order-7"
    assert attributes["catalyst.cost_usd"] == 0.25
    assert attributes["catalyst.attempts"] == 1
    assert receiver.resource["service.name"] == "catalyst-groq-worker"
    assert receiver.resource["service.instance.id"] == "worker-1"


async def test_span_of_a_request_has_the_attributes_of_generative_ai(receiver):
    await work(receiver, make_response(body=REPLY))
    span = receiver.by_name()[f"chat {MODEL}"]

    assert span.kind == 3
    assert attributes_of(span) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "groq",
        "gen_ai.request.model": MODEL,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 9,
        "server.address": "api.groq.com",
        "server.port": 443,
        "http.response.status_code": 200,
        "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.response.model": MODEL,
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 18,
        "gen_ai.usage.output_tokens": 5,
        "gen_ai.usage.cache_read.input_tokens": 0,
        "catalyst.request_id": "req_1",
    }


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (make_response(429, {"error": {"message": "slow down"}}), "429"),
        (NoResponse(NoResponseReason.TIMEOUT, "nothing", sent=True, seconds=1), "timed out"),
    ],
)
async def test_span_of_a_request_that_failed_says_why(receiver, response, error):
    await work(receiver, response, outcome=Failure("m"))
    span = receiver.by_name()[f"chat {MODEL}"]

    assert (span.status.code, attributes_of(span)["error.type"]) == (2, error)
    assert receiver.by_name()["ask/AskGroq"].status.code == 2


async def test_wait_between_requests_is_a_span(receiver):
    await work(receiver, make_response(429, {}), make_response())
    assert [span.name for span in receiver.spans].count(f"chat {MODEL}") == 2
    assert "limit" in receiver.by_name()


async def test_trace_goes_on_from_the_variable_of_the_process(receiver):
    await work(receiver, make_response(), variables={"traceparent": TRACEPARENT})
    root = receiver.by_name()["ask/AskGroq"]

    assert (root.trace_id.hex(), root.parent_span_id.hex()) == (TRACE_ID, PARENT_ID)
    assert current_trace_id.get() == TRACE_ID


async def test_trace_that_its_process_does_not_sample_is_not_recorded(receiver):
    requests = await work(receiver, make_response(), variables={"traceparent": TRACEPARENT[:-1] + "0"}, account=OTHER)
    assert receiver.spans == []
    assert dict(requests[0].account.headers)["traceparent"].endswith("-00")


@pytest.mark.parametrize("value", ["nonsense", 7, ["a"], ""])
async def test_variable_that_is_no_trace_context_is_named_in_the_log(receiver, caplog, value):
    await work(receiver, make_response(), variables={"traceparent": value})
    assert receiver.by_name()["ask/AskGroq"].parent_span_id == b""
    assert "The variable traceparent of instance instance-1 is no W3C trace context" in caplog.text


async def test_other_servers_get_the_context_and_groq_does_not(receiver):
    [to_groq] = await work(receiver, make_response())
    [to_other] = await work(receiver, make_response(), account=OTHER)
    span = receiver.by_name()[f"chat {MODEL}"]

    assert to_groq.account is GROQ
    assert dict(to_other.account.headers) == {
        "x-own": "1",
        "traceparent": f"00-{span.trace_id.hex()}-{span.span_id.hex()}-01",
    }
    assert attributes_of(span)["gen_ai.provider.name"] == "localhost"


async def test_traces_have_no_content_and_no_key(receiver):
    payload = PAYLOAD | {"model": KEY}
    await work(receiver, make_response(), payload=payload)
    text = str(receiver.requests)

    assert KEY not in text
    assert "the prompt" not in text
    assert "the answer" not in text
    assert "Hello Ada" not in text


async def test_task_without_a_call_has_a_span(receiver):
    await work(receiver, call=False)
    assert set(receiver.by_name()) == {"ask/AskGroq", "prepare", "report"}


async def test_request_outside_of_a_task_has_no_span(receiver):
    async with open_tracing({"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}, "w", Redactor(), is_on=True) as tracing:
        client = FakeGroqClient(make_response())
        await tracing.wrap(client).send(GroqRequest(CHAT_COMPLETION, GROQ, PAYLOAD, 60.0, "models"))
    assert receiver.spans == []


async def test_request_that_is_cancelled_has_a_span(receiver):
    class Hanging:
        async def send(self, request):
            await asyncio.Event().wait()

    async with open_tracing({"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}, "w", Redactor(), is_on=True) as tracing:
        tracing.observer.on_start(make_task())
        sending = asyncio.ensure_future(
            tracing.wrap(Hanging()).send(GroqRequest(CHAT_COMPLETION, GROQ, PAYLOAD, 60.0, "task-1"))
        )
        await asyncio.sleep(0)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
    [span] = receiver.spans
    assert attributes_of(span)["error.type"] == "cancelled"


async def test_sampler_and_name_are_those_of_the_standard_variables(receiver, monkeypatch):
    monkeypatch.setenv("OTEL_SERVICE_NAME", "my-worker")
    await work(receiver, make_response())
    assert receiver.resource["service.name"] == "my-worker"
    count = len(receiver.spans)
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    await work(receiver, make_response())
    assert len(receiver.spans) == count


@pytest.mark.parametrize("environ", [{"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}])
async def test_traces_are_off_if_the_standard_variables_say_so(receiver, environ, caplog):
    assert await work(receiver, make_response(), environ=environ.items()) == []
    assert receiver.requests == []
    assert "CATALYST_TRACING has no effect" in caplog.text


async def test_place_of_the_traces_is_logged_at_the_start(caplog):
    caplog.set_level(logging.INFO)
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}
    async with open_tracing(environ, "w", Redactor(), is_on=True):
        assert caplog.messages == ["Traces are sent to http://127.0.0.1:1/v1/traces"]


async def test_traces_are_off_by_default():
    async with open_tracing({}, "w", Redactor(), is_on=False) as tracing:
        assert tracing is None


async def test_collector_that_is_away_harms_no_task(receiver, caplog):
    caplog.set_level(logging.INFO)
    receiver.statuses = [503]
    await work(receiver, make_response())
    assert f"Traces are lost: {receiver.url}/v1/traces does not take them: 503" in caplog.text
