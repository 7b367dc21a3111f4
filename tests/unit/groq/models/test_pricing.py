"""The price of responses."""

from decimal import Decimal

import pytest

from catalyst_groq.groq.api.operations import CHAT_COMPLETION, TRANSCRIPTION
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason
from catalyst_groq.groq.models.catalog import apply_overrides, shipped_catalog
from catalyst_groq.groq.models.pricing import cost_usd
from support.factories import make_response

CATALOG = shipped_catalog()


@pytest.mark.parametrize(
    ("model", "usage", "cost"),
    [
        ("openai/gpt-oss-120b", {"prompt_tokens": 1_000_000, "completion_tokens": 1_000_000}, "0.75"),
        (
            "openai/gpt-oss-120b",
            {"prompt_tokens": 1_000_000, "prompt_tokens_details": {"cached_tokens": 1_000_000}},
            "0.075",
        ),
        ("groq/openai/gpt-oss-120b", {"prompt_tokens": 1_000_000, "completion_tokens": 1_000_000}, "0.75"),
        ("openai/gpt-oss-120b:free", {"prompt_tokens": 1_000_000, "completion_tokens": 1_000_000}, "0"),
        ("nobody/knows", {"prompt_tokens": 1}, None),
        ("openai/gpt-oss-120b", None, None),
        ("minimaxai/minimax-m2.7", {"prompt_tokens": 1}, None),
    ],
)
def test_cost_is_that_of_the_tokens(model, usage, cost):
    response = make_response(body={"model": model, "usage": usage, "choices": [{}]})
    assert cost_usd(response, CHAT_COMPLETION, CATALOG) == (Decimal(cost) if cost else None)


def test_cost_of_cached_tokens_without_a_price_is_that_of_others():
    catalog = apply_overrides(CATALOG, "models: [{id: mine, status: preview, price: {input: 2, output: 4}}]")
    usage = {"prompt_tokens": 1_000_000, "prompt_tokens_details": {"cached_tokens": 500_000}}
    response = make_response(body={"model": "mine", "usage": usage, "choices": [{}]})
    assert cost_usd(response, CHAT_COMPLETION, catalog) == 2


@pytest.mark.parametrize(
    "response", [make_response(429, {}), NoResponse(NoResponseReason.TIMEOUT, "", sent=True, seconds=1)]
)
def test_cost_of_an_error_is_unknown(response):
    assert cost_usd(response, CHAT_COMPLETION, CATALOG) is None


@pytest.mark.parametrize(
    ("model", "seconds", "cost"),
    [("whisper-large-v3-turbo", 3600, 0.04), ("whisper-large-v3", 1800, 0.0555), ("whisper-large-v3", 3, 0.111 / 360)],
)
def test_cost_of_audio_is_by_length_and_at_least_ten_seconds(model, seconds, cost):
    response = make_response(200, {"text": "Hi", "model": model, "duration": seconds})
    assert float(cost_usd(response, TRANSCRIPTION, CATALOG)) == pytest.approx(cost)


@pytest.mark.parametrize("duration", [None, "long", -1, float("inf"), float("nan"), True])
def test_cost_of_audio_without_length_is_unknown(duration):
    body = {"text": "Hi", "model": "whisper-large-v3", "duration": duration}
    assert cost_usd(make_response(200, body), TRANSCRIPTION, CATALOG) is None
