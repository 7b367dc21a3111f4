"""What Groq tells of its limits."""

import pytest

from catalyst_groq.groq.rate_limits.bucket import LimitKind
from catalyst_groq.groq.rate_limits.headers import parse_limit_updates
from catalyst_groq.groq.rate_limits.queue import LimitUpdate
from support.factories import make_answer

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
    return make_answer(status, {"error": {"message": message, "code": "rate_limit_exceeded"}})


def test_headers_tell_requests_per_day_and_tokens_per_minute():
    assert list(parse_limit_updates(make_answer(**HEADERS))) == [
        LimitUpdate(LimitKind.RPD, 1000, 999),
        LimitUpdate(LimitKind.TPM, 8000, 7922),
    ]


def test_a_streams_headers_do_not_tell_what_remains_after_it():
    stream = make_answer(**HEADERS)
    object.__setattr__(stream, "first_token", 0.1)

    assert list(parse_limit_updates(stream)) == [LimitUpdate(LimitKind.RPD, 1000), LimitUpdate(LimitKind.TPM, 8000)]


@pytest.mark.parametrize(
    ("figures", "told"),
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
def test_a_refusal_tells_the_limit_that_caused_it(figures, told):
    assert list(parse_limit_updates(refused(figures))) == told


@pytest.mark.parametrize("headers", [{"x_ratelimit_limit_tokens": "0"}, {"x_ratelimit_limit_tokens": "many"}])
def test_headers_that_make_no_sense_tell_nothing(headers):
    assert list(parse_limit_updates(make_answer(**headers))) == []
