"""The rate limit buckets: figures of real responses, and properties."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.groq.api.go_duration import format_go_duration
from catalyst_groq.groq.models.catalog import ModelLimits
from catalyst_groq.sandbox.emulator.limits import OTPM, RPD, RPM, TPD, TPM, LimitBucket, RateLimiter, RequestUsage
from catalyst_groq.sandbox.emulator.messages import CompletionReply
from support.emulator_requests import chat_body, completion_of, error_object, error_of, make_service, reply_to

MINUTE, DAY = 60, 86_400


@pytest.mark.parametrize(
    ("limit", "window", "used", "shown"),
    [(1000, DAY, 1, "1m26.4s"), (8000, MINUTE, 78, "585ms"), (6000, MINUTE, 157, "1.57s"), (14_400, DAY, 1, "6s")],
)
def test_bucket_reproduces_groqs_reset_headers(limit, window, used, shown):
    bucket = LimitBucket(limit, window)
    bucket.add(used, now=0)

    assert format_go_duration(bucket.time_until_empty(now=0)) == shown


@pytest.mark.parametrize(
    ("limit", "window", "used", "requested", "shown"),
    [(6000, MINUTE, 5034, 1443, "4.77s"), (100_000, DAY, 99_996, 484, "6m54.72s"), (30, MINUTE, 30, 1, "2s")],
)
def test_bucket_reproduces_groqs_waits(limit, window, used, requested, shown):
    bucket = LimitBucket(limit, window)
    bucket.add(used, now=0)

    assert format_go_duration(bucket.time_until_capacity(requested, now=0)) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0s"), (0.585, "585ms"), (7.66, "7.66s"), (660.528, "11m0.528s"), (5025.6, "1h23m45.6s"), (0.0001, "1ms")],
)
def test_durations_have_gos_format(seconds, shown):
    assert format_go_duration(seconds) == shown


def make_limiter(**limits):
    return RateLimiter("org_x", "openai/gpt-oss-120b", ModelLimits(**limits))


def test_rate_limit_error_has_groqs_text():
    limiter = make_limiter(rpm=30)
    for _ in range(30):
        assert limiter.admit(RequestUsage(), "on_demand", now=0) is None

    response = limiter.admit(RequestUsage(), "on_demand", now=0)

    assert response
    assert (response.status, response.headers["retry-after"]) == (429, "2")
    assert error_object(response) == {
        "message": "Rate limit reached for model `openai/gpt-oss-120b` in organization `org_x` service tier "
        "`on_demand` on requests per minute (RPM): Limit 30, Used 30, Requested 1. Please try again in 2s. Need more "
        "tokens? Upgrade to Dev Tier today at https://console.groq.com/settings/billing",
        "type": "requests",
        "code": "rate_limit_exceeded",
    }


@pytest.mark.parametrize(
    ("limits", "name", "wait", "seconds"),
    [
        ({"rpm": 30}, RPM.name, "2s", 2),
        ({"rpd": 1000}, RPD.name, "1m26.4s", 87),
        ({"tpm": 1000}, TPM.name, "1m0s", 60),
        ({"tpd": 1000}, TPD.name, "24h0m0s", 86_400),
        ({"otpm": 1000}, OTPM.name, "1m0s", 60),
    ],
)
def test_each_limit_type_admits_after_its_wait(limits, name, wait, seconds):
    limiter = make_limiter(**limits)
    demand = RequestUsage(prompt_tokens=0, output_tokens=1000, expected_output=1000)
    response = None
    while response is None:
        response = limiter.admit(demand, "on_demand", now=0)

    assert f"on {name}: " in response.body
    assert f"Please try again in {wait}." in response.body
    assert response.headers["retry-after"] == str(seconds)
    assert limiter.admit(demand, "on_demand", now=seconds) is None


def test_request_above_the_token_limit_is_413():
    response = make_limiter(tpm=6000).admit(RequestUsage(12_000, 328), "on_demand", now=0)

    assert response
    assert response.status == 413
    assert "retry-after" not in response.headers
    assert (
        "on tokens per minute (TPM): Limit 6000, Requested 12328, please reduce your message size and try again. Need "
        "more tokens? Upgrade to Dev Tier today at https://console.groq.com/settings/billing"
    ) in response.body


def test_expected_output_above_the_limit_is_429():
    groq = make_service(plan="free")

    response = error_of(groq, chat_body(model="qwen/qwen3.8-27b", max_completion_tokens=1000))

    assert response.status == 429
    assert "retry-after" not in response.headers
    assert response.headers["x-ratelimit-remaining-tokens"] == "8000"
    assert "(OTPM): Limit 1000, Requested 1016. The request's expected output tokens exceed" in response.body


def test_unused_reservation_is_released():
    groq = make_service(plan="free")
    body = chat_body(max_completion_tokens=7000)
    reply = reply_to(groq, body)

    assert error_of(groq, body).status == 429

    usage = reply.completion.usage
    spent = RequestUsage(usage.prompt_tokens, usage.completion_tokens, usage.completion_tokens)
    reply.rate_limiter.settle(reply.reserved, spent, groq.clock.now())
    headers = reply.rate_limiter.headers(groq.clock.now())
    assert headers["x-ratelimit-limit-tokens"] == "8000"
    assert int(headers["x-ratelimit-remaining-tokens"]) >= 8000 - usage.prompt_tokens - usage.completion_tokens


def test_limits_are_per_organization_and_model():
    groq = make_service(limits={"*": {"rpm": 1}})

    assert completion_of(groq, chat_body()).content
    assert error_of(groq, chat_body()).status == 429
    assert completion_of(groq, chat_body(model="openai/gpt-oss-20b")).content
    assert isinstance(reply_to(groq, chat_body(), organization="org_2"), CompletionReply)


def test_clock_advance_refills_daily_limits():
    groq = make_service(limits={"*": {"rpd": 1}})
    completion_of(groq, chat_body())
    assert error_of(groq, chat_body()).status == 429

    groq.clock.advance(DAY)

    assert completion_of(groq, chat_body()).content


def test_time_scale_refills_limits_faster():
    groq = make_service(limits={"*": {"rpd": 1}}, time_scale=1e9)
    completion_of(groq, chat_body())

    assert completion_of(groq, chat_body()).content


def test_failed_generation_counts_only_its_prompt():
    groq = make_service({"answer": "no JSON", "count": 20}, plan="free")
    failing = chat_body("Give me json", response_format={"type": "json_object"}, max_completion_tokens=2000)

    refused = [error_of(groq, failing) for _ in range(6)]

    assert {response.status for response in refused} == {400}


def test_plan_none_has_no_limits_and_no_headers():
    groq = make_service()

    assert all(reply_to(groq, chat_body()).rate_limiter.headers(0) == {} for _ in range(40))


amounts = st.floats(0, 1000)


@given(st.integers(1, 1000), st.lists(st.tuples(amounts, st.floats(0, 100)), max_size=20), amounts)
def test_request_is_admitted_after_the_reported_wait(limit, uses, wanted):
    bucket, now = LimitBucket(limit, MINUTE), 0.0
    for amount, pause in uses:
        bucket.add(amount, now)
        now += pause

    requested = min(wanted, limit)

    assert bucket.time_until_capacity(requested, now + bucket.time_until_capacity(requested, now)) == pytest.approx(
        0, abs=1e-6
    )


@given(st.integers(1, 1000), st.lists(st.tuples(st.floats(-1000, 1000), st.floats(0, 100)), max_size=20))
def test_bucket_usage_drains_within_one_window(limit, uses):
    bucket, now = LimitBucket(limit, MINUTE), 0.0
    for amount, pause in uses:
        bucket.add(amount, now)
        now += pause

    used = bucket.used(now)

    assert used >= 0
    assert bucket.used(now + used / limit * MINUTE) == pytest.approx(0, abs=1e-6)


@given(st.floats(0, 200_000))
def test_formatted_duration_is_never_too_short(seconds):
    units = {"h": 3600, "m": 60, "s": 1}
    shown = format_go_duration(seconds)
    if shown.endswith("ms"):
        read = int(shown.removesuffix("ms")) / 1000
    else:
        read, number = 0.0, ""
        for letter in shown:
            if letter in units:
                read, number = read + float(number) * units[letter], ""
            else:
                number += letter

    assert seconds - 1e-6 <= read <= seconds + 0.001001
