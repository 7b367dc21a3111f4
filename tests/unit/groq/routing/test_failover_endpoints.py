"""Asking on one route after the other: when the next is asked, when it is waited, and what counts in the end."""

import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

from catalyst_groq.groq.api.errors import ErrorKind
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason
from catalyst_groq.groq.models.catalog import known_models
from catalyst_groq.groq.models.pricing import cost_usd
from catalyst_groq.groq.routing.call_result import spent_on
from catalyst_groq.groq.routing.circuit_breaker import CircuitBreakers
from catalyst_groq.groq.routing.endpoints import Endpoint
from catalyst_groq.groq.routing.failover import ask_models
from catalyst_groq.groq.routing.latency import LatencyTracker
from catalyst_groq.groq.routing.retired_models import RetiredModels
from catalyst_groq.groq.routing.router import Succession
from catalyst_groq.groq.routing.failover import RoutingState
from support.factories import REPLY, make_answer

pytestmark = pytest.mark.anyio

QUESTION = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
GONE = make_answer(404, {"error": {"message": "gone", "code": "model_not_found"}})
BUSY = make_answer(503, "")
DENIED = make_answer(401, {"error": {"message": "Invalid API Key"}})
SENSELESS = make_answer(400, {"error": {"message": "no"}})
SPENT = make_answer(400, {"error": {"message": "no", "code": "spend_limit_reached"}})
FLEX = make_answer(498, "")
MOVED = make_answer(302, "", location="https://portal.test/login")
NOWHERE = make_answer(404, "<html>Not Found</html>")
SILENT = NoResponse(NoResponseReason.TIMEOUT, "nothing", sent=True, seconds=1)
HELLO = make_answer()
IN_JSON = make_answer(body={**REPLY, "choices": [{"message": {"content": "{}"}, "finish_reason": "stop"}]})


def limited(wait):
    return make_answer(429, {"error": {"message": f"Please try again in {wait}."}})


class Providers:
    """Endpoints that answer in turn, the last answer for ever; keeps who was asked for what."""

    def __init__(self, circuits=None, names=None, paces=None, **answers):
        self.answers = {name: list(given) for name, given in answers.items()}
        self.endpoints = [
            Endpoint(name, Account(f"http://{name}", "key"), (names or {}).get(name)) for name in self.answers
        ]
        self.asked = []
        self.payloads = []
        self.experience = RoutingState(RetiredModels(known_models()), circuits or CircuitBreakers(), paces)

    async def send(self, account, payload):
        name = account.url.removeprefix("http://")
        self.asked.append(f"{name}:{payload['model']}")
        self.payloads.append(payload)
        waiting = self.answers[name]
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    async def ask(self, *models, patience=60, **more):
        models = models or ("m",)
        succession = Succession(self.experience, self.endpoints, models[0], models[1:])
        return await ask_models(self.send, QUESTION | {"model": models[0]} | more, patience, succession)


def way(exchange):
    return [(step.endpoint, step.result) for step in exchange.way]


@pytest.mark.parametrize(
    "first", [BUSY, SILENT, FLEX, GONE, DENIED, SPENT, MOVED, NOWHERE, limited("2m"), limited("20s")]
)
async def test_what_another_endpoint_can_do_it_is_asked_for_at_once(first):
    providers = Providers(a=[first], b=[HELLO])
    exchange = await providers.ask()
    assert (exchange.error, exchange.attempts, exchange.waited) == (None, 2, 0)
    assert providers.asked == ["a:m", "b:m"]


async def test_what_no_endpoint_could_do_is_asked_of_no_other():
    providers = Providers(a=[SENSELESS], b=[HELLO])
    assert (await providers.ask("m", "n")).error.status == 400
    assert providers.asked == ["a:m"]


async def test_the_model_is_asked_for_everywhere_before_another_takes_its_place():
    providers = Providers(a=[BUSY], b=[BUSY])
    await providers.ask("m", "n")
    assert providers.asked == ["a:m", "b:m", "a:n", "b:n"]


async def test_with_all_throttled_the_shortest_wait_is_waited():
    providers = Providers(a=[limited("9s")], b=[limited("30ms"), HELLO])
    started = time.monotonic()
    exchange = await providers.ask()

    assert 0.03 <= time.monotonic() - started < 5
    assert providers.asked == ["a:m", "b:m", "b:m"]
    assert (exchange.error, exchange.attempts) == (None, 3)
    assert exchange.waited == pytest.approx(0.03)
    assert way(exchange) == [("a", "429"), ("b", "answered")]


async def test_with_all_throttled_for_long_the_task_goes_back_for_the_shortest_wait():
    exchange = await Providers(a=[limited("9m")], b=[limited("3m")]).ask(patience=900)
    assert exchange.wait_more == 180
    assert exchange.attempts == 2


async def test_what_passes_counts_more_than_what_stays():
    exchange = await Providers(a=[BUSY], b=[DENIED]).ask()
    assert exchange.error.status == 503


async def test_a_limit_that_the_worker_keeps_counts_like_one_of_groqs():
    kept_back = NoResponse(NoResponseReason.RATE_LIMITED_LOCALLY, "requests per day", sent=False, seconds=0, wait=900)
    exchange = await Providers(a=[kept_back], b=[BUSY]).ask(patience=3600)
    assert exchange.error.kind is ErrorKind.RATE_LIMITED
    assert exchange.wait_more == 900


async def test_a_correction_of_what_is_paid_is_waited_for_where_the_first_answer_came_from():
    providers = Providers(a=[HELLO, limited("30ms"), IN_JSON], b=[IN_JSON])
    exchange = await providers.ask(response_format={"type": "json_object"})
    assert (exchange.error, providers.asked) == (None, ["a:m"] * 3)


async def test_answers_that_do_not_count_are_paid_all_the_same():
    providers = Providers(a=[HELLO, BUSY], b=[IN_JSON])
    exchange = await providers.ask(response_format={"type": "json_object"})
    assert providers.asked == ["a:m", "a:m", "b:m"]
    assert spent_on(exchange) == cost_usd(HELLO) + cost_usd(IN_JSON) > cost_usd(IN_JSON) > 0


async def test_what_was_paid_is_told_also_when_nothing_came_of_it():
    providers = Providers(a=[HELLO, BUSY])
    exchange = await providers.ask(response_format={"type": "json_object"})
    assert (exchange.error.status, spent_on(exchange)) == (503, cost_usd(HELLO))


async def test_an_endpoint_is_asked_by_its_own_name_for_a_model_and_only_if_it_has_it():
    providers = Providers(names={"a": {"other": "other"}, "b": {"m": "local-m"}}, a=[HELLO], b=[HELLO])
    exchange = await providers.ask()
    assert providers.asked == ["b:local-m"]
    assert [step.model for step in exchange.way] == ["m"]


async def test_a_model_that_no_endpoint_has_is_said():
    exchange = await Providers(names={"a": {"other": "other"}}, a=[HELLO]).ask()
    assert exchange.error.kind is ErrorKind.MODEL_NOT_FOUND
    assert exchange.error.message == "No endpoint has the model 'm' (there are a)"
    assert exchange.attempts == 0


async def test_a_retired_model_that_no_endpoint_has_is_replaced():
    new = "openai/gpt-oss-120b"
    providers = Providers(names={"a": {new: new}}, a=[HELLO])
    await providers.ask("llama-3.3-70b-versatile")
    assert providers.asked == [f"a:{new}"]


async def test_an_open_circuit_is_passed_over_and_said():
    providers = Providers(CircuitBreakers(threshold=1), a=[BUSY], b=[HELLO])
    await providers.ask()
    exchange = await providers.ask()
    assert providers.asked == ["a:m", "b:m", "b:m"]
    assert way(exchange) == [("a", "not asked: circuit open"), ("b", "answered")]


async def test_an_open_circuit_with_nobody_else_hands_the_task_back_without_asking():
    providers = Providers(CircuitBreakers(threshold=1, reset_timeout=30), a=[BUSY])
    first, exchange = await providers.ask(), await providers.ask()

    assert first.wait_more is None
    assert providers.asked == ["a:m"]
    assert 20 < exchange.wait_more < 40
    assert exchange.attempts == 0
    assert exchange.error.causes == ("circuit_open", "503", "5xx")


async def test_an_open_circuit_that_lasts_longer_than_the_patience_is_a_passing_fault():
    providers = Providers(CircuitBreakers(threshold=1, reset_timeout=30), a=[BUSY])
    await providers.ask()
    exchange = await providers.ask(patience=5)
    assert (exchange.wait_more, exchange.error.kind) == (None, ErrorKind.TRANSIENT)


async def test_whoever_was_asked_and_failed_counts_more_than_who_was_not_asked():
    providers = Providers(CircuitBreakers(threshold=2), a=[BUSY], b=[BUSY])
    await providers.ask()
    providers.experience.circuit_breakers.record_success(SimpleNamespace(id=(providers.endpoints[1].account.id, "m")))
    await providers.ask()
    exchange = await providers.ask()
    assert way(exchange) == [("a", "not asked: circuit open"), ("b", "503")]
    assert exchange.wait_more is None


async def test_a_fallback_gets_a_request_that_it_takes_and_the_change_is_told():
    providers = Providers(a=[BUSY, HELLO])
    exchange = await providers.ask("m", "openai/gpt-oss-20b", reasoning_effort="none")
    assert [payload["reasoning_effort"] for payload in providers.payloads] == ["none", "low"]
    assert [step.changes for step in exchange.way] == [(), ("reasoning_effort: none became low",)]


async def test_a_fallback_that_could_not_answer_is_passed_over_with_the_reason():
    providers = Providers(a=[BUSY])
    exchange = await providers.ask("m", "whisper-large-v3")
    assert providers.asked == ["a:m"]
    assert way(exchange) == [("a", "503"), ("a", "not asked: no model for chat")]
    assert exchange.error.status == 503


async def test_an_answer_in_between_keeps_the_circuit_closed():
    providers = Providers(CircuitBreakers(threshold=2), a=[BUSY, HELLO, BUSY, SENSELESS, BUSY, HELLO])
    said = [await providers.ask() for _ in range(6)]
    assert [way(exchange)[0][1] for exchange in said] == ["503", "answered", "503", "400", "503", "answered"]


async def test_with_least_latency_the_endpoint_that_was_faster_is_asked_first():
    slow, fast = (replace(HELLO, seconds=seconds) for seconds in (5.0, 1.0))
    providers = Providers(paces=LatencyTracker(), a=[slow], b=[fast])
    for _ in range(4):
        await providers.ask()
    assert providers.asked == ["a:m", "b:m", "b:m", "b:m"]
