"""Usage estimates, their correction, and actual usage."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.groq.api.operations import CHAT_COMPLETION, TRANSCRIPTION
from catalyst_groq.groq.api.requests import Account, GroqRequest
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason
from catalyst_groq.groq.models.catalog import shipped_catalog
from catalyst_groq.groq.rate_limits.bucket import LimitKind
from catalyst_groq.groq.rate_limits.usage_estimate import (
    MAX_CORRECTED_MODELS,
    MAX_CORRECTION,
    MIN_CORRECTION,
    OUTPUT_MARGIN_TOKENS,
    UsageEstimate,
    UsageEstimator,
    actual_usage,
)
from support.factories import REPLY, make_response

RPM, TPM, TPD, OTPM = LimitKind.RPM, LimitKind.TPM, LimitKind.TPD, LimitKind.OTPM
MODEL = "openai/gpt-oss-120b"
MESSAGES = [{"role": "user", "content": "How long is it? " * 100}]
PAYLOAD = {"model": MODEL, "max_tokens": 1000, "messages": MESSAGES}
CHAT = GroqRequest(CHAT_COMPLETION, Account("http://groq", "key"), PAYLOAD, 1, "task-1")


def estimator():
    return UsageEstimator(shipped_catalog())


def used(prompt, cached=0, completion=0):
    details = {"prompt_tokens_details": {"cached_tokens": cached}} if cached else {}
    return make_response(body=REPLY | {"usage": {"prompt_tokens": prompt, "completion_tokens": completion, **details}})


def test_estimate_is_the_prompt_and_the_maximum_output():
    estimate = estimator().estimate(CHAT)

    assert estimate.output == 1000
    assert estimate.amounts == {
        RPM: 1,
        LimitKind.RPD: 1,
        TPM: estimate.prompt + 1000,
        TPD: estimate.prompt + 1000,
        OTPM: 1000 + OUTPUT_MARGIN_TOKENS,
        LimitKind.REQUESTS: 1,
        LimitKind.TOKENS: estimate.prompt + 1000,
    }


def test_estimate_without_tokens_is_one_request():
    assert (
        estimator().estimate(replace(CHAT, operation=TRANSCRIPTION, payload={"model": "whisper-large-v3"})).amounts[TPM]
        == 0
    )


def test_estimates_are_corrected_by_groqs_counts():
    learning = estimator()
    first = learning.estimate(CHAT)
    for _ in range(40):
        learning.update(MODEL, learning.estimate(CHAT), used(round(first.prompt * 1.5)))

    assert learning.estimate(CHAT).prompt == pytest.approx(first.prompt * 1.5, rel=0.01)
    assert learning.estimate(replace(CHAT, payload=PAYLOAD | {"model": "another"})).prompt <= first.prompt


@given(st.lists(st.integers(1, 10**9), max_size=30))
def test_estimate_correction_is_bounded(counted):
    learning = estimator()
    first = learning.estimate(CHAT).prompt
    for prompt in counted:
        learning.update(MODEL, learning.estimate(CHAT), used(prompt))

    assert first * MIN_CORRECTION <= learning.estimate(CHAT).prompt <= first * MAX_CORRECTION + 1


@pytest.mark.parametrize(
    ("estimate", "limits", "context", "problem"),
    [
        (
            UsageEstimate(100, 8000),
            {TPM: 8000},
            None,
            "tokens per minute (TPM): Limit 8000, Requested 8100: about 100 in the",
        ),
        (UsageEstimate(12_000, 100), {TPM: 8000}, None, "tokens per minute (TPM): Limit 8000, Requested 12100"),
        (UsageEstimate(1000, 7100), {TPM: 8000}, None, ""),
        (
            UsageEstimate(10, 1001),
            {OTPM: 1000},
            None,
            "output tokens per minute (OTPM): Limit 1000, Requested 1001 for the",
        ),
        (UsageEstimate(10, 1000), {OTPM: 1000}, None, ""),
        (UsageEstimate(200_000, 1000), {}, 131_072, "the model's context: Limit 131072, Requested 201000"),
        (UsageEstimate(140_000, 1000), {}, 131_072, ""),
        (UsageEstimate(10**6, 10**6), {}, None, ""),
    ],
    ids=["output", "prompt", "may fit", "output limit", "within it", "context", "may fit the context", "nothing known"],
)
def test_estimate_that_never_fits_names_the_figures(estimate, limits, context, problem):
    assert estimate.check_fits(limits, context).startswith(problem)
    assert bool(problem) == bool(estimate.check_fits(limits, context))


RESERVED = UsageEstimate(100, 1000).amounts


@pytest.mark.parametrize(
    ("answer", "requests", "tokens", "output"),
    [
        (used(90, cached=40, completion=25), 1, 75, 25),
        (
            make_response(body={name: part for name, part in REPLY.items() if name != "usage"}),
            1,
            1100,
            1000 + OUTPUT_MARGIN_TOKENS,
        ),
        (make_response(400, {"error": {"message": "no"}}), 1, 0, 0),
        (make_response(429, {"error": {"message": "no"}}), 0, 0, 0),
        (make_response(413, {"error": {"message": "no"}}), 0, 0, 0),
        (NoResponse(NoResponseReason.CONNECTION_REFUSED, "", sent=False, seconds=0), 0, 0, 0),
        (NoResponse(NoResponseReason.TIMEOUT, "", sent=True, seconds=9), 1, 1100, 1000 + OUTPUT_MARGIN_TOKENS),
    ],
    ids=["answered", "answered without figures", "refused", "limited", "too large", "not sent", "sent, and lost"],
)
def test_actual_usage_comes_from_the_response(answer, requests, tokens, output):
    counted = actual_usage(answer, RESERVED)

    assert (counted[RPM], counted[TPM], counted[OTPM]) == (requests, tokens, output)


def test_corrections_are_bounded():
    learning, estimate = estimator(), UsageEstimate(100, 0, 100)
    for number in range(MAX_CORRECTED_MODELS + 9):
        learning.update(MODEL, estimate, used(150))
        learning.update(f"model-{number}", estimate, used(150))
    assert len(learning._corrections) == MAX_CORRECTED_MODELS
    assert learning._corrections[MODEL] == pytest.approx(1.5)
