"""The emulator with the SDKs of Groq and OpenAI: rate limits and their headers."""

import re

import pytest

from catalyst_groq.groq.api.go_duration import format_go_duration
from support.sdks import HELLO, MODEL, client_of


def test_limit_applies_after_the_allowed_requests(client, sdk, groq):
    groq.set(limits={"*": {"rpm": 1}})
    client.chat.completions.create(model=MODEL, messages=HELLO)

    with pytest.raises(sdk.RateLimitError, match=r"requests per minute \(RPM\): Limit 1, Used 1, Requested 1"):
        client.chat.completions.create(model=MODEL, messages=HELLO)


LIMITS = {
    "rpm": (1, "requests per minute (RPM)"),
    "rpd": (1, "requests per day (RPD)"),
    "tpm": (2000, "tokens per minute (TPM)"),
    "tpd": (2000, "tokens per day (TPD)"),
    "otpm": (1920, "output tokens per minute (OTPM)"),
}


@pytest.mark.parametrize("name", LIMITS)
def test_sdk_sees_every_limit_and_its_wait(client, sdk, groq, name):
    limit, words = LIMITS[name]
    groq.set(limits={"*": {name: limit}})
    client.chat.completions.create(model=MODEL, messages=HELLO)
    with pytest.raises(sdk.RateLimitError, match=re.escape(f"on {words}: Limit {limit}, Used ")) as error:
        client.chat.completions.create(model=MODEL, messages=HELLO, max_completion_tokens=1900)

    groq.advance(float(error.value.response.headers["retry-after"]))

    assert error.value.response.json()["error"]["code"] == "rate_limit_exceeded"
    assert client.chat.completions.create(model=MODEL, messages=HELLO, max_completion_tokens=1900).choices


def test_unreachable_output_limit_has_no_retry_after(client, sdk, groq):
    groq.set(plan="free")

    with pytest.raises(sdk.RateLimitError, match=r"Request too large .*\(OTPM\): Limit 1000, Requested 1016") as error:
        client.chat.completions.create(model="qwen/qwen3.8-27b", messages=HELLO, max_completion_tokens=1000)

    assert "retry-after" not in error.value.response.headers


def test_headers_report_daily_requests_and_minute_tokens(client, groq):
    groq.set(plan="free", time_scale=1e-9)
    answer = client.chat.completions.with_raw_response.create(model=MODEL, messages=HELLO)
    used = answer.parse().usage.total_tokens
    limits = {name.removeprefix("x-ratelimit-"): value for name, value in answer.headers.items() if "ratelimit" in name}

    assert limits == {
        "limit-requests": "1000",
        "remaining-requests": "999",
        "reset-requests": "1m26.4s",
        "limit-tokens": "8000",
        "remaining-tokens": str(8000 - used),
        "reset-tokens": format_go_duration(used / 8000 * 60),
    }


def test_prompt_above_the_plans_limit_raises_413(sdk, groq):
    groq.set(plan="free")

    with client_of(sdk, groq) as client, pytest.raises(sdk.APIStatusError, match="Limit 8000, Requested 9"):
        client.chat.completions.create(model=MODEL, messages=HELLO, max_completion_tokens=9000)
