"""What Groq reports about its limits."""

from dataclasses import replace

import pytest

from catalyst_groq.groq.api.errors import classify
from catalyst_groq.groq.models.catalog import shipped_catalog
from catalyst_groq.groq.rate_limits.bucket import LimitKind
from catalyst_groq.groq.rate_limits.headers import fraction_that_fits, parse_limit_updates
from catalyst_groq.groq.rate_limits.queue import LimitUpdate
from support.factories import make_response

HEADERS = {
    "x_groq_region": "us-west-1",
    "x_ratelimit_limit_requests": "1000",
    "x_ratelimit_remaining_requests": "999",
    "x_ratelimit_reset_requests": "1m26.4s",
    "x_ratelimit_limit_tokens": "8000",
    "x_ratelimit_remaining_tokens": "7922",
    "x_ratelimit_reset_tokens": "585ms",
}


def refused(figures, status=429):
    message = f"Rate limit reached for model `m` in organization `o` service tier `on_demand` on {figures} Need more?"
    return make_response(status, {"error": {"message": message, "code": "rate_limit_exceeded"}})


def test_headers_report_requests_per_day_and_tokens_per_minute():
    assert list(parse_limit_updates(make_response(**HEADERS))) == [
        LimitUpdate(LimitKind.RPD, 1000, 999),
        LimitUpdate(LimitKind.TPM, 8000, 7922),
    ]


def test_headers_of_a_stream_report_no_remainder():
    stream = replace(make_response(**HEADERS), first_token=0.1)

    assert list(parse_limit_updates(stream)) == [LimitUpdate(LimitKind.RPD, 1000), LimitUpdate(LimitKind.TPM, 8000)]


@pytest.mark.parametrize(
    ("figures", "updates"),
    [
        (
            "tokens per day (TPD): Limit 100000, Used 99996, Requested 484. Please try again in 6m54.72s.",
            [LimitUpdate(LimitKind.TPD, 100_000, 4)],
        ),
        (
            "requests per minute (RPM): Limit 30, Used 30, Requested 1. Please try again in 2s.",
            [LimitUpdate(LimitKind.RPM, 30, 0)],
        ),
        (
            "output tokens per minute (OTPM): Limit 1000, Requested 1962. The request's",
            [LimitUpdate(LimitKind.OTPM, 1000)],
        ),
        ("audio seconds per hour (ASH): Limit 7200, Used 7190, Requested 180. Please", []),
        ("something else.", []),
    ],
    ids=["TPD", "RPM", "too large", "not counted here", "no figures"],
)
def test_refusal_reports_the_limit_that_caused_it(figures, updates):
    assert list(parse_limit_updates(refused(figures))) == updates


@pytest.mark.parametrize("limit", ["0", "many", "-1", "9" * 100])
@pytest.mark.parametrize("server", [{"x_groq_region": "us-west-1"}, {}], ids=["Groq", "another server"])
def test_headers_without_numbers_report_nothing(limit, server):
    figures = {"x_ratelimit_limit_tokens": limit, "x_ratelimit_remaining_tokens": "1", "x_ratelimit_reset_tokens": "1s"}
    assert list(parse_limit_updates(make_response(**server, **figures))) == []


def test_headers_of_other_servers_report_limits_with_a_reset():
    headers = {name: value for name, value in HEADERS.items() if name != "x_groq_region"}
    assert list(parse_limit_updates(make_response(**headers))) == [
        LimitUpdate(LimitKind.REQUESTS, 1000, 999, 86.4),
        LimitUpdate(LimitKind.TOKENS, 8000, 7922, 0.585),
    ]


@pytest.mark.parametrize("name", ["REQUESTS", "TOKENS", "XYZ"])
def test_refusal_with_a_limit_of_another_name_reports_nothing(name):
    assert list(parse_limit_updates(refused(f"something ({name}): Limit 10, Used 10, Requested 1."))) == []


VLLM = (
    "This model's maximum context length is 4096 tokens. However, you requested 8100 tokens (8000 in the messages, "
    "100 in the completion). Please reduce the length of the messages or completion."
)
OPENROUTER = (
    "This endpoint's maximum context length is 4096 tokens. However, you requested about 8100 tokens (8000 of "
    "text input, 100 in the output)."
)
TOO_SMALL = "maximum context length is 50 tokens. However, you requested 150 tokens (50 in the messages, …)"


@pytest.mark.parametrize(
    ("message", "fraction"),
    [(VLLM, 3996 / 8000 * 0.95), (OPENROUTER, 3996 / 8000 * 0.95), (TOO_SMALL, None)],
    ids=["vLLM", "OpenRouter", "too small for the output"],
)
def test_truncation_takes_the_figures_of_other_servers(message, fraction):
    error = classify(make_response(400, {"error": {"message": message, "code": 400}}))
    payload = {"model": "own", "max_tokens": 100, "messages": []}
    fits = fraction_that_fits(error, payload, shipped_catalog().assume("own"))
    assert fits == (None if fraction is None else pytest.approx(fraction))
