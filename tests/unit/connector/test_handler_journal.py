"""The journal in the flow of a task: a response that was paid for is stored first, and never paid for again."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from catalyst_groq.common.bounded_execution import InterruptedCallError
from catalyst_groq.domain.outcomes import BpmnError, Completion, Failure, Unlocked
from catalyst_groq.errors import JournalError
from catalyst_groq.groq.api.error_kinds import ErrorKind
from catalyst_groq.groq.api.errors import ApiError, classify
from catalyst_groq.groq.api.response_validation import ResponseValidator
from catalyst_groq.journal import NullJournal, SqliteFile, SqliteJournal, make_cipher
from support.factories import REPLY, make_response, make_task
from support.handler_harness import HandlerHarness, InMemoryJournal
from support.inline_executor import InlineExecutor

pytestmark = pytest.mark.anyio

BUSY = make_response(503, "")
WITH_UMLAUTS = {"userMessage": "Grüße aus Köln"}
JSON_PAYLOAD = json.dumps({
    "messages": [{"role": "user", "content": "${userMessage}"}],
    "response_format": {"type": "json_object"},
})  # fmt: skip


class FailingOnce:
    """Raises on its first call; passes further calls on."""

    def __init__(self, function):
        self._function = function
        self.calls = 0

    def __call__(self, *args):
        self.calls += 1
        if self.calls == 1:
            raise RuntimeError("defect")
        return self._function(*args)


class ExecutorInterruptedOnce(InlineExecutor):
    """Its first call is interrupted, as on a host without memory."""

    async def run(self, function, *args):
        if not self.functions:
            self.functions.append(function.__name__)
            raise InterruptedCallError("The process of a bounded call has ended (exit code -9)")
        return await super().run(function, *args)


async def test_interrupted_check_of_a_paid_response_is_made_again_without_paying():
    schema = {"pattern": ".", "not": {"const": 0}}
    payload = {
        "messages": [{"role": "user", "content": "a"}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}},
    }
    content = {"choices": [{"message": {"content": '"b"'}, "finish_reason": "stop"}]}
    executor = ExecutorInterruptedOnce()
    harness = HandlerHarness(make_response(body=content), journal=InMemoryJournal(), executor=executor)
    properties = {"catalyst_payload": json.dumps(payload)}

    failure = await harness.handle(properties=properties)
    assert failure.message.startswith("The process of a bounded call has ended (exit code -9). Check that")
    assert (failure.retries, failure.discard_responses) == (2, False)
    await harness.handler.on_reported(make_task(), failure)
    retried = await harness.handle(properties=properties, retries=2)

    assert isinstance(retried, Completion)
    assert executor.functions == ["check_json"] * 2
    assert len(harness.groq.requests) == 1


@pytest.mark.parametrize(
    ("part", "function"), [("validate", ResponseValidator(InlineExecutor()).validate), ("classify", classify)]
)
async def test_error_after_a_paid_response_does_not_pay_again(part, function):
    harness = HandlerHarness(journal=InMemoryJournal(), router={part: FailingOnce(function)})

    failure = await harness.handle()
    assert isinstance(failure, Failure)
    assert failure.message == "Internal error of the worker, see its log: RuntimeError: defect"
    assert failure.retries == 2
    await harness.handler.on_reported(make_task(), failure)
    retried = await harness.handle(retries=2)

    assert isinstance(retried, Completion)
    assert retried.variables["aiReply"] == "Hello Ada"
    assert (retried.variables["catalyst_meta"]["replayed"], len(harness.groq.requests)) == (True, 1)


async def test_error_while_mapping_a_paid_response_does_not_pay_again(monkeypatch):
    monkeypatch.setattr(
        "catalyst_groq.connector.results.outcome_mapping.standard_variables",
        FailingOnce(lambda *_: {"catalyst_success": True}),
    )
    harness = HandlerHarness(journal=InMemoryJournal())
    failure, retried = [await harness.handle() for _ in range(2)]

    assert failure.message.startswith("Internal error of the worker")
    assert isinstance(retried, Completion)
    assert len(harness.groq.requests) == 1


@pytest.mark.parametrize(
    "mapping",
    ['{"n": "length(usage.total_tokens)"}', '{"n!": "usage.total"}', '{"n": "model.total"}', '{"n:Date": "model"}'],
)
async def test_corrected_response_mapping_does_not_pay_again(mapping):
    harness = HandlerHarness(journal=InMemoryJournal())
    failure = await harness.handle(None, {"catalyst_responseMapping": mapping})
    await harness.handler.on_reported(make_task(), failure)
    corrected = await harness.handle(None, {"catalyst_responseMapping": '{"n": "usage.total_tokens"}'})

    assert isinstance(failure, Failure)
    assert isinstance(corrected, Completion)
    assert corrected.variables["n"] == 23
    assert len(harness.groq.requests) == 1


@pytest.mark.slow
async def test_kill_while_validating_does_not_pay_again(tmp_path):
    """The response is in the file before anything interprets it."""

    def open_journal():
        file = SqliteFile(tmp_path / "journal.sqlite")
        return SqliteJournal(file, cipher=make_cipher(None), max_age=timedelta(days=1), max_bytes=10**6)

    async def never_ends(*_):
        await asyncio.Event().wait()

    first = HandlerHarness(journal=open_journal(), router={"validate": never_ends})
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(first.handle(), 0.5)
    await first.handler.journal.aclose()
    second = HandlerHarness(BUSY, journal=open_journal())
    outcome = await second.handle()
    await second.handler.journal.aclose()

    assert len(first.groq.requests) == 1
    assert isinstance(outcome, Completion)
    assert second.groq.requests == []


async def test_response_after_a_failed_follow_up_is_replayed():
    """The stored response has the key of the task's own payload, also if that is not plain ASCII."""
    prose = make_response()
    in_json = make_response(body={**REPLY, "choices": [{"message": {"content": "{}"}}]})
    properties = {"catalyst_payload": JSON_PAYLOAD, "catalyst_fallbackModels": "openai/gpt-oss-20b"}
    harness = HandlerHarness(prose, BUSY, in_json, journal=InMemoryJournal())
    first, again = [await harness.handle(WITH_UMLAUTS, properties) for _ in range(2)]

    assert isinstance(first, Completion)
    assert isinstance(again, Completion)
    assert len(harness.groq.requests) == 3


async def test_changed_payload_is_sent_and_not_replayed():
    harness = HandlerHarness(journal=InMemoryJournal())
    await harness.handle({"userMessage": "one"})
    await harness.handle({"userMessage": "two"})
    assert len(harness.groq.requests) == 2


@pytest.mark.parametrize(
    ("outcome", "is_discarded"),
    [
        (Completion({}), True),
        (BpmnError("CODE", "message"), True),
        (Failure("message", retries=1), False),
        (Failure("incident"), False),
        (Failure("not JSON", discard_responses=True), True),
        (Unlocked(), False),
    ],
    ids=["completion", "BPMN error", "failure", "incident", "unusable response", "unlocked"],
)
async def test_journal_discards_responses_that_no_retry_can_use(outcome, is_discarded):
    journal = InMemoryJournal()
    harness = HandlerHarness(journal=journal)
    await harness.handle()
    await harness.handler.on_reported(make_task(), outcome)

    assert journal.discarded == (["task-1"] if is_discarded else [])
    assert bool(journal.responses) is not is_discarded


async def test_journal_that_cannot_discard_is_logged(caplog):
    class FailingJournal(NullJournal):
        async def discard(self, task_id):
            raise JournalError("broken")

    await HandlerHarness(journal=FailingJournal()).handler.on_reported(make_task(), Completion({}))
    assert "its stored responses stay in the journal until they expire: broken" in caplog.text


async def test_response_that_stays_unusable_is_discarded():
    properties = {"catalyst_payload": JSON_PAYLOAD}
    harness = HandlerHarness(journal=InMemoryJournal())
    outcome = await harness.handle(None, properties)
    assert isinstance(outcome, Failure)
    assert outcome.discard_responses


async def test_error_kind_added_from_outside_has_its_remedy():
    kind = replace(ErrorKind.BAD_REQUEST, name="flagged", remedy="Rephrase the prompt.")

    def classify_flagged(response):
        if response.status == 400:
            return ApiError(kind, ("prompt_flagged",), "400 No.", 400)
        return classify(response)

    flagged = make_response(400, {"error": {"message": "No."}})
    harness = HandlerHarness(flagged, throw_uncaught=True, router={"classify": classify_flagged})
    outcome = await harness.handle(None, {"catalyst_errorMapping": "other: OTHER"})
    assert outcome.message == "Groq: 400 No. Rephrase the prompt."
    outcome = await harness.handle(None, {"catalyst_errorMapping": "prompt_flagged: FLAGGED"})
    assert isinstance(outcome, BpmnError)
    assert outcome.code == "FLAGGED"
