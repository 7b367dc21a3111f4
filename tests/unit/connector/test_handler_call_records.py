"""The record of its call that an outcome carries for the observers."""

import pytest

from catalyst_groq.domain.outcomes import BpmnError, Failure, FailureCause
from catalyst_groq.errors import EngineUnreachable, JournalError
from support.factories import RATE_LIMITED, REPLY, make_response
from support.handler_harness import CATCHING_TASK, HandlerHarness, InMemoryJournal

pytestmark = pytest.mark.anyio

MODEL = "openai/gpt-oss-120b"
CACHED = {"usage": {**REPLY["usage"], "prompt_tokens_details": {"cached_tokens": 8}}}


async def test_outcome_carries_the_record_of_its_call():
    call = (await HandlerHarness(make_response(body=REPLY | CACHED)).handle()).call
    [attempt] = call.attempts

    assert (call.model_asked, call.model_used, call.error_kind, call.replayed) == (MODEL, MODEL, "", False)
    assert (call.operation, attempt.endpoint, attempt.provider) == ("chat", "api.groq.com", "groq")
    assert (call.request_id, call.finish_reason) == ("req_1", "stop")
    assert (attempt.model, attempt.status, attempt.result, attempt.sent) == (MODEL, 200, "answered", True)
    assert (attempt.prompt_tokens, attempt.cached_tokens, attempt.completion_tokens) == (18, 8, 5)
    assert call.cost == attempt.cost > 0


async def test_outcome_carries_the_record_of_a_call_that_failed():
    outcome = await HandlerHarness(make_response(429, RATE_LIMITED), process=CATCHING_TASK).handle(
        properties={"catalyst_giveUpAfter": "PT0S"}
    )
    [attempt] = outcome.call.attempts

    assert isinstance(outcome, BpmnError)
    assert (outcome.call.error_kind, attempt.status, attempt.cost) == ("rate_limited", 429, None)


async def test_replayed_response_is_no_attempt_of_the_record():
    journal = InMemoryJournal()
    await HandlerHarness(make_response(), journal=journal).handle()
    call = (await HandlerHarness(journal=journal).handle()).call

    assert (call.replayed, call.attempts, call.cost, call.model_used) == (True, (), None, MODEL)


class BrokenJournal(InMemoryJournal):
    async def load(self, key):
        raise JournalError("The disk is full")


@pytest.mark.parametrize(
    ("parts", "properties", "cause"),
    [
        ({}, {"catalyst_payload": "${nothing}"}, FailureCause.FIELD),
        ({}, {"catalyst_responseMapping": '{"total!": "choices[7]"}'}, FailureCause.FIELD),
        ({"engine_error": EngineUnreachable("away")}, {}, FailureCause.ENGINE),
        ({"process": '<userTask id="Other"/>'}, {}, FailureCause.DEFINITION),
        ({"journal": BrokenJournal()}, {}, FailureCause.JOURNAL),
    ],
)
async def test_failure_without_a_failed_call_names_its_cause(parts, properties, cause):
    outcome = await HandlerHarness(make_response(), **parts).handle(properties=properties)

    assert isinstance(outcome, Failure)
    assert outcome.cause is cause
