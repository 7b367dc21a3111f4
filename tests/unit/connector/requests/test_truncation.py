"""Truncation of requests that are too large."""

from dataclasses import replace

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
from support.factories import make_answer
from support.groq_clients import FakeEndpoints, FakeGroqClient

pytestmark = pytest.mark.anyio
CATALOG = shipped_catalog()
MODEL = CATALOG[CATALOG.default]
WORDS = "The quick brown fox jumps over the lazy dog. "


def chat(*contents, roles=None):
    roles = roles or ["system", *["user", "assistant"] * len(contents)]
    messages = [{"role": role, "content": content} for role, content in zip(roles, contents, strict=False)]
    return {"model": MODEL.id, "max_tokens": 100, "messages": messages}


TALK = chat("Be kind.", WORDS * 50, WORDS * 50, WORDS * 10, WORDS * 10, "And now?")


@pytest.mark.parametrize(("most", "kept"), [(700, 4), (100, 2)], ids=["the oldest", "all but the last question"])
def test_truncation_drops_a_question_with_its_answer(most, kept):
    shorter = drop_oldest_turns(TALK, most, MODEL)

    assert shorter.payload["messages"] == [TALK["messages"][0], *TALK["messages"][-kept + 1 :]]
    assert shorter.omitted == f"the oldest {6 - kept} of 6 messages"
    assert estimate_prompt(shorter.payload, MODEL) <= most


def test_truncation_keeps_system_messages_and_last_question():
    assert drop_oldest_turns(TALK, 50, MODEL) is None
    assert drop_oldest_turns(chat("s", WORDS * 100), 200, MODEL) is None


def test_truncation_estimates_each_turn_twice_at_most(monkeypatch):
    estimated = []
    monkeypatch.setattr(token_estimate, "estimate_tokens", lambda text: estimated.append(text) or 100)
    talk = chat("Be kind.", *map(str, range(200)))
    shorter = truncate(talk, 0.3, OverflowStrategy.DROP_TURNS, {}, CATALOG)

    assert len(shorter.payload["messages"]) < 70
    assert max(map(estimated.count, estimated)) == 2, "once in the whole request, once in the shorter one"


def test_truncation_cuts_the_longest_variable_in_its_middle():
    document = f"BEGIN {WORDS * 100}END"
    payload = chat("Summarize.", f"For Ada:\n{document}")
    shorter = cut_longest_variable(payload, 400, MODEL, {"name": "Ada", "document": document, "number": 7})
    text = shorter.payload["messages"][1]["content"]

    assert text.startswith("For Ada:\nBEGIN The quick")
    assert text.endswith("END")
    assert OMISSION_MARK in text
    assert 300 < estimate_prompt(shorter.payload, MODEL) <= 400
    assert shorter.omitted.endswith(f"of {len(document)} characters of the variable 'document'")
    assert payload == chat("Summarize.", f"For Ada:\n{document}"), "the request itself stays as it is"


def test_truncation_cuts_a_variable_in_a_message_part():
    document = WORDS * 100
    payload = chat("s", [{"type": "text", "text": document}, {"type": "image_url", "image_url": {"url": "x"}}])
    shorter = cut_longest_variable(payload, 400, MODEL, {"document": document})

    assert OMISSION_MARK in shorter.payload["messages"][1]["content"][0]["text"]
    assert shorter.payload["messages"][1]["content"][1] == payload["messages"][1]["content"][1]


@pytest.mark.parametrize("variables", [{}, {"other": WORDS * 300}, {"short": "quick"}], ids=["none", "unused", "short"])
def test_truncation_without_a_long_variable_cuts_nothing(variables):
    assert cut_longest_variable(chat("s", WORDS * 100), 400, MODEL, variables) is None


@given(st.text(min_size=1, max_size=3000), st.integers(1, 200))
def test_cut_text_keeps_its_beginning_and_its_end(text, tokens):
    head, _, tail = cut_middle(text, tokens).partition(OMISSION_MARK)

    assert text.startswith(head)
    assert text.endswith(tail)
    assert len(head) + len(tail) <= len(text)
    assert estimate_tokens(head) + estimate_tokens(tail) <= tokens + 1


class LimitedClient(FakeGroqClient):
    """Refuses requests that are estimated at more tokens than the limit."""

    def __init__(self, limit, refusal):
        super().__init__()
        self.limit = limit
        self.refusal = refusal

    async def send(self, request):
        response = await super().send(request)
        return self.refusal if estimate_prompt(request.payload, MODEL) > self.limit else response


async def call(client, payload, strategy, **variables):
    """Call through a router, as a task with this overflow strategy does."""
    endpoints = FakeEndpoints(groq=[make_answer()])
    endpoints.router = replace(endpoints.router, client=client)

    def truncate_payload(payload, fraction):
        return truncate(payload, fraction, strategy, variables, CATALOG)

    parameters = {name: value for name, value in payload.items() if name != "model"}
    return await endpoints.call(payload["model"], truncate=truncate_payload, **parameters)


LIMIT, REQUESTED = 600, estimate_prompt(TALK, MODEL) + 100
FIGURES = f"on tokens per minute (TPM): Limit {LIMIT}, Requested {REQUESTED}"
REFUSALS = {
    "groq": make_answer(413, {"error": {"message": f"Request too large for model `m` {FIGURES}, please reduce"}}),
    "the worker": NoResponse(NoResponseReason.EXCEEDS_LIMIT, f"{FIGURES}: about", sent=False, seconds=0),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
async def test_truncation_sends_a_shorter_request_once(refusal):
    client = LimitedClient(LIMIT - 100, refusal)
    result = await call(client, TALK, OverflowStrategy.DROP_TURNS)

    assert (result.error, result.omitted) == (None, "the oldest 2 of 6 messages")
    assert len(client.requests) == 2


@pytest.mark.slow
async def test_truncation_without_figures_fits_the_models_context():
    question = WORDS * 15_000
    refusal = make_answer(400, {"error": {"message": "…", "code": "context_length_exceeded"}})
    client = LimitedClient(131_072, refusal)
    result = await call(client, chat("s", question), OverflowStrategy.CUT_VARIABLE, question=question)

    assert result.error is None
    assert result.omitted.endswith("characters of the variable 'question'")


@pytest.mark.parametrize(
    ("strategy", "refusal"),
    [
        (OverflowStrategy.FAIL, REFUSALS["groq"]),
        (OverflowStrategy.CUT_VARIABLE, REFUSALS["groq"]),
        (
            OverflowStrategy.DROP_TURNS,
            make_answer(429, {"error": {"message": "Request too large … (OTPM): Limit 1000, Requested 1962."}}),
        ),
    ],
    ids=["not wanted", "nothing to cut", "output limit"],
)
async def test_truncation_that_cannot_help_sends_nothing_more(strategy, refusal):
    client = LimitedClient(0, refusal)
    result = await call(client, TALK, strategy)

    assert (result.response, result.omitted, len(client.requests)) == (refusal, "", 1)
