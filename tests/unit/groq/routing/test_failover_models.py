"""Asking for an answer that can be used: another model, another try, and what it all took."""

import time
from decimal import Decimal

import pytest

from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.models.catalog import known_models
from catalyst_groq.groq.models.pricing import cost_usd
from catalyst_groq.groq.routing.endpoints import Endpoint
from catalyst_groq.groq.routing.failover import ask_model, ask_models
from catalyst_groq.groq.routing.retired_models import RetiredModels
from catalyst_groq.groq.routing.router import Succession
from catalyst_groq.groq.routing.failover import RoutingState
from support.factories import REPLY, make_answer

pytestmark = pytest.mark.anyio

QUESTION = {"model": "a", "messages": [{"role": "user", "content": "Hi"}]}
JSON = QUESTION | {"response_format": {"type": "json_object"}}
GONE = make_answer(404, {"error": {"message": "gone", "code": "model_not_found"}})
BUSY = make_answer(503, "")


def saying(content):
    return make_answer(body={**REPLY, "choices": [{"message": {"content": content}, "finish_reason": "stop"}]})


def in_turn(*answers):
    """What sends requests, and what it was asked."""
    asked, waiting = [], list(answers)

    async def send(*request):
        asked.append(request[-1])
        return waiting.pop(0)

    return send, asked


async def of_models(send, *models, payload=QUESTION):
    endpoints = [Endpoint("groq", Account("http://groq", "key"))]
    succession = Succession(RoutingState(RetiredModels(known_models())), endpoints, models[0], models[1:])
    return await ask_models(send, payload, 60, succession)


async def test_the_first_model_that_answers_is_the_last_that_is_asked():
    send, asked = in_turn(GONE, BUSY, saying("Hello"))
    exchange = await of_models(send, "a", "b", "c", "d")

    assert [payload["model"] for payload in asked] == ["a", "b", "c"]
    assert (exchange.attempts, exchange.error) == (3, None)
    assert [(step.model, step.result) for step in exchange.way] == [
        ("a", "404 model_not_found"),
        ("b", "503"),
        ("c", "answered"),
    ]


@pytest.mark.parametrize("status", [400, 401, 413])
async def test_another_model_is_not_asked_what_no_model_can_answer(status):
    send, asked = in_turn(make_answer(status, {"error": {"message": "no"}}))
    exchange = await of_models(send, "a", "b")

    assert len(asked) == 1
    assert exchange.error.status == status


async def test_json_that_cannot_be_read_is_asked_for_once_more_and_paid_twice():
    send, asked = in_turn(saying("Sorry."), saying('{"a": 1}'))
    exchange = await ask_model(send, JSON, 60, time.monotonic() + 60)

    assert exchange.error is None
    assert exchange.attempts == 2
    assert exchange.spent_before == cost_usd(saying("Sorry."))
    assert len(asked[1]["messages"]) == 3


async def test_json_that_stays_wrong_is_refused_by_groqs_own_name_for_it():
    send, asked = in_turn(saying("Sorry."), saying("Still sorry."))
    exchange = await ask_model(send, JSON, 60, time.monotonic() + 60)

    assert len(asked) == 2
    assert exchange.error.causes == ("json_validate_failed",)
    assert exchange.error.message == "The answer is not what was asked for: the answer is no JSON"


async def test_an_answer_that_ends_too_early_is_not_asked_for_again():
    cut = make_answer(body={"choices": [{"message": {"content": "{"}, "finish_reason": "length"}]})
    send, asked = in_turn(cut)
    await ask_model(send, JSON, 60, time.monotonic() + 60)

    assert len(asked) == 1


async def test_careless_json_is_mended_and_said_to_be():
    exchange = await ask_model(in_turn(saying("```json\n{}\n```"))[0], JSON, 60, time.monotonic() + 60)
    assert exchange.mended


async def test_json_that_groq_refused_is_mended_and_no_refusal_any_more():
    said = {"message": "Failed.", "code": "json_validate_failed", "failed_generation": "{'a': 1}"}
    exchange = await ask_model(in_turn(make_answer(400, {"error": said}))[0], JSON, 60, time.monotonic() + 60)

    assert exchange.error is None
    assert exchange.response.body["choices"][0]["message"]["content"] == '{"a": 1}'


async def test_a_refusal_that_has_nothing_to_do_with_json_stays():
    exchange = await ask_model(in_turn(BUSY)[0], JSON, 60, time.monotonic() + 60)
    assert exchange.error.status == 503


async def test_thoughts_are_kept_apart_before_the_json_is_read():
    exchange = await ask_model(in_turn(saying("<think>{</think>[1]"))[0], JSON, 60, time.monotonic() + 60)

    assert exchange.error is None
    assert exchange.response.body["choices"][0]["message"] == {"content": "[1]", "reasoning": "{"}


@pytest.mark.parametrize(
    ("model", "usage", "cost"),
    [
        ("openai/gpt-oss-120b", {"prompt_tokens": 1_000_000, "completion_tokens": 1_000_000}, "0.75"),
        (
            "openai/gpt-oss-120b",
            {"prompt_tokens": 1_000_000, "prompt_tokens_details": {"cached_tokens": 1_000_000}},
            "0.075",
        ),
        ("nobody/knows", {"prompt_tokens": 1}, None),
        ("openai/gpt-oss-120b", None, None),
        ("minimaxai/minimax-m2.7", {"prompt_tokens": 1}, None),
    ],
)
def test_the_cost_is_that_of_the_tokens_with_cached_ones_at_their_own_price(model, usage, cost):
    answer = make_answer(body={"model": model, "usage": usage, "choices": [{}]})
    assert cost_usd(answer) == (Decimal(cost) if cost else None)


def test_a_refusal_costs_nothing_that_is_known():
    assert cost_usd(BUSY) is None
