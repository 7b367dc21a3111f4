"""What Groq reports about its limits."""

from dataclasses import replace

import pytest

from catalyst_groq.groq.rate_limits.bucket import LimitKind
from catalyst_groq.groq.rate_limits.headers import parse_limit_updates
from catalyst_groq.groq.rate_limits.queue import LimitUpdate
from support.factories import make_response

HEADERS = {
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


@pytest.mark.parametrize("headers", [{"x_ratelimit_limit_tokens": "0"}, {"x_ratelimit_limit_tokens": "many"}])
def test_headers_without_numbers_report_nothing(headers):
    assert list(parse_limit_updates(make_response(**headers))) == []
