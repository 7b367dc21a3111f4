"""Requests that are too large, made shorter the way the modeller chose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.connector.requests.truncation import (
    OMISSION_MARK,
    OverflowStrategy,
    Truncator,
    cut_in_the_middle,
    truncate,
    with_variable_cut,
    without_oldest_turns,
)
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason
from catalyst_groq.groq.models import token_estimate
from catalyst_groq.groq.models.catalog import shipped_catalog
from catalyst_groq.groq.models.token_estimate import estimate_prompt, estimate_tokens
from support.factories import make_answer

pytestmark = pytest.mark.anyio
MODEL = shipped_catalog()[shipped_catalog().default]
ACCOUNT = Account("http://groq", "gsk_a")
WORDS = "The quick brown fox jumps over the lazy dog. "


def chat(*contents, roles=None):
    roles = roles or ["system", *["user", "assistant"] * len(contents)]
    messages = [{"role": role, "content": content} for role, content in zip(roles, contents, strict=False)]
    return {"model": MODEL.id, "max_tokens": 100, "messages": messages}


TALK = chat("Be kind.", WORDS * 50, WORDS * 50, WORDS * 10, WORDS * 10, "And now?")


@pytest.mark.parametrize(("most", "kept"), [(700, 4), (100, 2)], ids=["the oldest", "all but the last question"])
def test_the_oldest_turns_are_left_out_a_question_and_its_answer_at_a_time(most, kept):
    shorter = without_oldest_turns(TALK, most, MODEL)

    assert shorter.payload["messages"] == [TALK["messages"][0], *TALK["messages"][-kept + 1 :]]
    assert shorter.omitted == f"the oldest {6 - kept} of 6 messages"
    assert estimate_prompt(shorter.payload, MODEL) <= most


def test_where_system_messages_and_the_last_question_are_too_long_nothing_helps():
    assert without_oldest_turns(TALK, 50, MODEL) is None
    assert without_oldest_turns(chat("s", WORDS * 100), 200, MODEL) is None


def test_no_turn_is_estimated_again_for_each_that_is_left_out(monkeypatch):
    estimated = []
    monkeypatch.setattr(token_estimate, "estimate_tokens", lambda text: estimated.append(text) or 100)
    talk = chat("Be kind.", *map(str, range(200)))
    shorter = truncate(talk, 0.3, OverflowStrategy.DROP_TURNS, {})

    assert len(shorter.payload["messages"]) < 70
    assert max(map(estimated.count, estimated)) == 2, "once in the whole request, once in the shorter one"


def test_the_longest_variable_is_cut_in_its_middle():
    document = f"BEGIN {WORDS * 100}END"
    payload = chat("Summarize.", f"For Ada:\n{document}")
    shorter = with_variable_cut(payload, 400, MODEL, {"name": "Ada", "document": document, "number": 7})
    text = shorter.payload["messages"][1]["content"]

    assert text.startswith("For Ada:\nBEGIN The quick")
    assert text.endswith("END")
    assert OMISSION_MARK in text
    assert 300 < estimate_prompt(shorter.payload, MODEL) <= 400
    assert shorter.omitted.endswith(f"of {len(document)} characters of the variable 'document'")
    assert payload == chat("Summarize.", f"For Ada:\n{document}"), "the request itself stays as it is"


def test_a_variable_in_a_part_of_a_message_is_cut_too():
    document = WORDS * 100
    payload = chat("s", [{"type": "text", "text": document}, {"type": "image_url", "image_url": {"url": "x"}}])
    shorter = with_variable_cut(payload, 400, MODEL, {"document": document})

    assert OMISSION_MARK in shorter.payload["messages"][1]["content"][0]["text"]
    assert shorter.payload["messages"][1]["content"][1] == payload["messages"][1]["content"][1]


@pytest.mark.parametrize("variables", [{}, {"other": WORDS * 300}, {"short": "quick"}], ids=["none", "unused", "short"])
def test_without_a_variable_that_is_long_enough_nothing_is_cut(variables):
    assert with_variable_cut(chat("s", WORDS * 100), 400, MODEL, variables) is None


@given(st.text(min_size=1, max_size=3000), st.integers(1, 200))
def test_a_text_that_is_cut_keeps_its_beginning_and_its_end(text, tokens):
    head, _, tail = cut_in_the_middle(text, tokens).partition(OMISSION_MARK)

    assert text.startswith(head)
    assert text.endswith(tail)
    assert len(head) + len(tail) <= len(text)
    assert estimate_tokens(head) + estimate_tokens(tail) <= tokens + 1


class Sending:
    """Refuses what is estimated at more tokens than fit."""

    def __init__(self, most, refused):
        self.most = most
        self.refused = refused
        self.sent = []

    async def __call__(self, account, payload):
        self.sent.append((account, payload))
        return self.refused if estimate_prompt(payload, MODEL) > self.most else make_answer()


def shortener_of(how, **variables):
    return Truncator(lambda payload, share: truncate(payload, share, how, variables))


LIMIT, REQUESTED = 600, estimate_prompt(TALK, MODEL) + 100
FIGURES = f"on tokens per minute (TPM): Limit {LIMIT}, Requested {REQUESTED}"
REFUSALS = {
    "groq": make_answer(413, {"error": {"message": f"Request too large for model `m` {FIGURES}, please reduce"}}),
    "the worker": NoResponse(NoResponseReason.EXCEEDS_LIMIT, f"{FIGURES}: about", sent=False, seconds=0),
}


@pytest.mark.parametrize("who", REFUSALS)
async def test_what_is_too_large_is_asked_once_more_shorter(who):
    sending = Sending(LIMIT - 100, REFUSALS[who])
    shortener = shortener_of(OverflowStrategy.DROP_TURNS)

    answer = await shortener.around(sending)(ACCOUNT, TALK)

    assert answer.ok
    assert shortener.omitted == "the oldest 2 of 6 messages"
    assert len(sending.sent) == 2


async def test_what_was_made_shorter_is_not_made_again_while_it_waits():
    sending = Sending(LIMIT - 100, REFUSALS["groq"])
    send = shortener_of(OverflowStrategy.DROP_TURNS).around(sending)

    await send(ACCOUNT, TALK)
    await send(ACCOUNT, TALK)

    (_, whole), (_, shorter), (_, again) = sending.sent
    assert whole is TALK
    assert again is shorter


async def test_nothing_was_left_out_where_another_model_answers_the_whole_request():
    sending = Sending(LIMIT - 100, REFUSALS["groq"])
    shortener = shortener_of(OverflowStrategy.DROP_TURNS)
    await shortener.around(sending)(ACCOUNT, TALK)

    sending.most = REQUESTED
    other = {**TALK, "model": "qwen/qwen3.8-27b"}
    await shortener.around(sending)(ACCOUNT, other)

    assert sending.sent[-1] == (ACCOUNT, other)
    assert shortener.omitted == ""


@pytest.mark.slow
async def test_without_figures_the_models_context_decides():
    question = WORDS * 15_000
    sending = Sending(131_072, make_answer(400, {"error": {"message": "…", "code": "context_length_exceeded"}}))
    shortener = shortener_of(OverflowStrategy.CUT_VARIABLE, question=question)

    assert (await shortener.around(sending)(ACCOUNT, chat("s", question))).ok
    assert shortener.omitted.endswith("characters of the variable 'question'")


@pytest.mark.parametrize(
    ("how", "refused"),
    [
        (OverflowStrategy.FAIL, REFUSALS["groq"]),
        (OverflowStrategy.CUT_VARIABLE, REFUSALS["groq"]),
        (OverflowStrategy.DROP_TURNS, make_answer(429, {"error": {"message": "Rate limit reached"}})),
        (
            OverflowStrategy.DROP_TURNS,
            make_answer(429, {"error": {"message": "Request too large … (OTPM): Limit 1000, Requested 1962."}}),
        ),
    ],
    ids=["not wanted", "nothing to cut", "busy", "output"],
)
async def test_what_shortening_does_not_help_is_asked_once(how, refused):
    sending = Sending(0, refused)
    shortener = shortener_of(how)

    assert await shortener.around(sending)(ACCOUNT, TALK) is refused
    assert (len(sending.sent), shortener.omitted) == (1, "")
