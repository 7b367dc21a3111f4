"""Truncation of requests that are too large, and when a request is truncated."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.connector.requests.truncation import (
    OMISSION_MARK,
    OverflowStrategy,
    cut_longest_variable,
    cut_middle,
    drop_oldest_turns,
    truncate,
)
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason
from catalyst_groq.groq.models import token_estimate
from catalyst_groq.groq.models.catalog import shipped_catalog
from catalyst_groq.groq.models.token_estimate import estimate_prompt, estimate_tokens
from support.factories import make_response
from support.groq_clients import FakeEndpoints

pytestmark = pytest.mark.anyio
CATALOG = shipped_catalog()
MODEL = CATALOG[CATALOG.default]
WORDS = "The quick brown fox jumps over the lazy dog. "


def chat(*contents, roles=None):
    roles = roles or ["system", *["user", "assistant"] * len(contents)]
    messages = [{"role": role, "content": content} for role, content in zip(roles, contents, strict=False)]
    return {"model": MODEL.id, "max_tokens": 100, "messages": messages}


TALK = chat("Be kind.", WORDS * 50, WORDS * 50, WORDS * 10, WORDS * 10, "And now?")


@pytest.mark.parametrize(
    ("max_tokens", "remaining"), [(700, 4), (100, 2)], ids=["the oldest", "all but the last question"]
)
def test_turns_are_dropped_from_the_oldest_question_on(max_tokens, remaining):
    truncated = drop_oldest_turns(TALK, max_tokens, MODEL)

    assert truncated.payload["messages"] == [TALK["messages"][0], *TALK["messages"][-remaining + 1 :]]
    assert truncated.omitted == f"the oldest {6 - remaining} of 6 messages"
    assert estimate_prompt(truncated.payload, MODEL) <= max_tokens


def test_turns_cannot_be_dropped_if_the_rest_is_too_long():
    assert drop_oldest_turns(TALK, 50, MODEL) is None
    assert drop_oldest_turns(chat("s", WORDS * 100), 200, MODEL) is None


def test_turns_are_estimated_once_when_many_are_dropped(monkeypatch):
    estimated = []
    monkeypatch.setattr(token_estimate, "estimate_tokens", lambda text: estimated.append(text) or 100)
    talk = chat("Be kind.", *map(str, range(200)))
    truncated = truncate(talk, 0.3, OverflowStrategy.DROP_TURNS, {}, CATALOG)

    assert len(truncated.payload["messages"]) < 70
    assert max(map(estimated.count, estimated)) == 2, "once in the complete request, once in the truncated one"


def test_variable_that_is_longest_is_cut_in_its_middle():
    document = f"BEGIN {WORDS * 100}END"
    payload = chat("Summarize.", f"For Ada:\n{document}")
    truncated = cut_longest_variable(payload, 400, MODEL, {"name": "Ada", "document": document, "number": 7})
    text = truncated.payload["messages"][1]["content"]

    assert text.startswith("For Ada:\nBEGIN The quick")
    assert text.endswith("END")
    assert OMISSION_MARK in text
    assert 300 < estimate_prompt(truncated.payload, MODEL) <= 400
    assert truncated.omitted.endswith(f"of {len(document)} characters of the variable 'document'")
    assert payload == chat("Summarize.", f"For Ada:\n{document}"), "the request itself is not changed"


def test_variable_in_a_part_of_a_message_is_cut():
    document = WORDS * 100
    payload = chat("s", [{"type": "text", "text": document}, {"type": "image_url", "image_url": {"url": "x"}}])
    truncated = cut_longest_variable(payload, 400, MODEL, {"document": document})

    assert OMISSION_MARK in truncated.payload["messages"][1]["content"][0]["text"]
    assert truncated.payload["messages"][1]["content"][1] == payload["messages"][1]["content"][1]


@pytest.mark.parametrize("variables", [{}, {"other": WORDS * 300}, {"short": "quick"}], ids=["none", "unused", "short"])
def test_variable_that_is_too_short_is_not_cut(variables):
    assert cut_longest_variable(chat("s", WORDS * 100), 400, MODEL, variables) is None


@given(st.text(min_size=1, max_size=3000), st.integers(1, 200))
def test_text_that_is_cut_has_its_beginning_and_its_end(text, tokens):
    head, _, tail = cut_middle(text, tokens).partition(OMISSION_MARK)

    assert text.startswith(head)
    assert text.endswith(tail)
    assert len(head) + len(tail) <= len(text)
    assert estimate_tokens(head) + estimate_tokens(tail) <= tokens + 1


class LimitedClient:
    """Refuses requests that are estimated at more tokens than `max_tokens`."""

    def __init__(self, max_tokens, refusal):
        self.max_tokens = max_tokens
        self.refusal = refusal

    async def send(self, request):
        return self.refusal if estimate_prompt(request.payload, MODEL) > self.max_tokens else make_response()


async def call(client, strategy, *fallback_models, payload=TALK, **variables):
    """Call Groq with a payload that may be truncated; return the result and what was sent."""
    endpoints = FakeEndpoints(a=[])
    endpoints.clients["a"] = client
    strategy = partial(truncate, strategy=strategy, variables=variables, catalog=CATALOG)
    models = payload["model"], *fallback_models
    parameters = {name: value for name, value in payload.items() if name != "model"}
    result = await endpoints.call(*models, max_wait=0, truncate=strategy, **parameters)
    return result, endpoints.payloads


LIMIT, REQUESTED = 600, estimate_prompt(TALK, MODEL) + 100
FIGURES = f"on tokens per minute (TPM): Limit {LIMIT}, Requested {REQUESTED}"
REFUSALS = {
    "groq": make_response(413, {"error": {"message": f"Request too large for model `m` {FIGURES}, please reduce"}}),
    "the worker": NoResponse(NoResponseReason.EXCEEDS_LIMIT, f"{FIGURES}: about", sent=False, seconds=0),
}


@pytest.mark.parametrize("source", REFUSALS)
async def test_request_that_is_too_large_is_truncated_once(source):
    client = LimitedClient(LIMIT - 100, REFUSALS[source])

    result, payloads = await call(client, OverflowStrategy.DROP_TURNS)

    assert result.error is None
    assert result.omitted == "the oldest 2 of 6 messages"
    assert [len(payload["messages"]) for payload in payloads] == [6, 4]


async def test_truncation_starts_again_for_a_fallback_model():
    class LargerFallback(LimitedClient):
        async def send(self, request):
            if request.payload["model"] != MODEL.id:
                return make_response()
            return self.refusal if len(request.payload["messages"]) == len(TALK["messages"]) else make_response(503, "")

    client = LargerFallback(0, REFUSALS["groq"])
    result, payloads = await call(client, OverflowStrategy.DROP_TURNS, "qwen/qwen3.8-27b")

    assert (result.error, result.omitted) == (None, "")
    assert [len(payload["messages"]) for payload in payloads] == [6, 4, 6]


@pytest.mark.slow
async def test_truncation_without_figures_uses_the_models_context():
    question = WORDS * 15_000
    refusal = make_response(400, {"error": {"message": "…", "code": "context_length_exceeded"}})
    client = LimitedClient(131_072, refusal)

    result, _ = await call(client, OverflowStrategy.CUT_VARIABLE, payload=chat("s", question), question=question)

    assert result.error is None
    assert result.omitted.endswith("characters of the variable 'question'")


@pytest.mark.parametrize(
    ("strategy", "refusal"),
    [
        (OverflowStrategy.FAIL, REFUSALS["groq"]),
        (OverflowStrategy.CUT_VARIABLE, REFUSALS["groq"]),
        (OverflowStrategy.DROP_TURNS, make_response(429, {"error": {"message": "Rate limit. Try again in 9m."}})),
        (
            OverflowStrategy.DROP_TURNS,
            make_response(429, {"error": {"message": "Request too large … (OTPM): Limit 1000, Requested 1962."}}),
        ),
    ],
    ids=["strategy fails", "nothing to cut", "rate limit", "output limit"],
)
async def test_request_that_truncation_cannot_help_is_sent_once(strategy, refusal):
    result, payloads = await call(LimitedClient(0, refusal), strategy)

    assert result.response is refusal
    assert (len(payloads), result.omitted) == (1, "")
