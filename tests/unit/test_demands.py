"""What a request asks of Groq's limits, and what it has used in the end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import REPLY, make_answer

from worker.groq.answers import Loss, NoAnswer
from worker.groq.buckets import Dimension
from worker.groq.demands import LEAST, MOST, OUTPUT_MARGIN, Demand, Demands, spent

RPM, TPM, TPD, OTPM = Dimension.RPM, Dimension.TPM, Dimension.TPD, Dimension.OTPM
MODEL = "openai/gpt-oss-120b"
CHAT = {"model": MODEL, "max_tokens": 1000, "messages": [{"role": "user", "content": "How long is it? " * 100}]}


def used(prompt, cached=0, completion=0):
    details = {"prompt_tokens_details": {"cached_tokens": cached}} if cached else {}
    return make_answer(body=REPLY | {"usage": {"prompt_tokens": prompt, "completion_tokens": completion, **details}})


def test_the_prompt_and_the_most_output_are_asked_for():
    demand = Demands().of(CHAT)

    assert demand.output == 1000
    assert demand.amounts == {
        RPM: 1,
        Dimension.RPD: 1,
        TPM: demand.prompt + 1000,
        TPD: demand.prompt + 1000,
        OTPM: 1000 + OUTPUT_MARGIN,
    }


def test_what_is_no_chat_asks_for_a_request_only():
    assert Demands().of({"model": "whisper-large-v3"}).amounts[TPM] == 0


def test_estimates_are_corrected_by_what_groq_counts():
    demands = Demands()
    first = demands.of(CHAT)
    for _ in range(40):
        demands.learn(MODEL, demands.of(CHAT), used(round(first.prompt * 1.5)))

    assert demands.of(CHAT).prompt == pytest.approx(first.prompt * 1.5, rel=0.01)
    assert demands.of(CHAT | {"model": "another"}).prompt <= first.prompt


@given(st.lists(st.integers(1, 10**9), max_size=30))
def test_no_figures_correct_an_estimate_beyond_the_bounds(counted):
    demands = Demands()
    first = demands.of(CHAT).prompt
    for prompt in counted:
        demands.learn(MODEL, demands.of(CHAT), used(prompt))

    assert first * LEAST <= demands.of(CHAT).prompt <= first * MOST + 1


@pytest.mark.parametrize(
    ("demand", "limits", "context", "said"),
    [
        (Demand(100, 8000), {TPM: 8000}, None, "tokens per minute (TPM): Limit 8000, Requested 8100: about 100 in the"),
        (Demand(12_000, 100), {TPM: 8000}, None, "tokens per minute (TPM): Limit 8000, Requested 12100"),
        (Demand(1000, 7100), {TPM: 8000}, None, ""),
        (Demand(10, 1001), {OTPM: 1000}, None, "output tokens per minute (OTPM): Limit 1000, Requested 1001 for the"),
        (Demand(10, 1000), {OTPM: 1000}, None, ""),
        (Demand(200_000, 1000), {}, 131_072, "the model's context: Limit 131072, Requested 201000"),
        (Demand(140_000, 1000), {}, 131_072, ""),
        (Demand(10**6, 10**6), {}, None, ""),
    ],
    ids=["output", "prompt", "may fit", "output limit", "within it", "context", "may fit the context", "nothing known"],
)
def test_what_can_never_fit_is_said_with_the_figures_and_what_may_fit_is_left_to_groq(demand, limits, context, said):
    assert demand.why_never(limits, context).startswith(said)
    assert bool(said) == bool(demand.why_never(limits, context))


TAKEN = Demand(100, 1000).amounts


@pytest.mark.parametrize(
    ("answer", "requests", "tokens", "output"),
    [
        (used(90, cached=40, completion=25), 1, 75, 25),
        (
            make_answer(body={name: part for name, part in REPLY.items() if name != "usage"}),
            1,
            1100,
            1000 + OUTPUT_MARGIN,
        ),
        (make_answer(400, {"error": {"message": "no"}}), 1, 0, 0),
        (make_answer(429, {"error": {"message": "no"}}), 0, 0, 0),
        (make_answer(413, {"error": {"message": "no"}}), 0, 0, 0),
        (NoAnswer(Loss.REFUSED, "", sent=False, seconds=0), 0, 0, 0),
        (NoAnswer(Loss.TIMEOUT, "", sent=True, seconds=9), 1, 1100, 1000 + OUTPUT_MARGIN),
    ],
    ids=["answered", "answered without figures", "refused", "limited", "too large", "not sent", "sent, and lost"],
)
def test_what_was_used_is_known_from_the_answer(answer, requests, tokens, output):
    counted = spent(answer, TAKEN)

    assert (counted[RPM], counted[TPM], counted[OTPM]) == (requests, tokens, output)
