"""The emulator with the SDKs of Groq and OpenAI: each typed error."""

import pytest

from support.sdks import HELLO, MODEL, client_of

ERRORS = [
    ({"status": 401}, "AuthenticationError", 401),
    ({"status": 400}, "BadRequestError", 400),
    ({"error_code": "json_validate_failed"}, "BadRequestError", 400),
    ({"error_code": "model_decommissioned"}, "BadRequestError", 400),
    ({"status": 403}, "PermissionDeniedError", 403),
    ({"status": 404}, "NotFoundError", 404),
    ({"status": 413}, "APIStatusError", 413),
    ({"status": 422}, "UnprocessableEntityError", 422),
    ({"status": 429}, "RateLimitError", 429),
    ({"status": 498}, "APIStatusError", 498),
    ({"status": 500}, "InternalServerError", 500),
    ({"status": 502}, "InternalServerError", 502),
    ({"status": 503}, "InternalServerError", 503),
]


@pytest.mark.parametrize("case", ERRORS, ids=[str(rule) for rule, *_ in ERRORS])
def test_sdk_raises_a_typed_error_for_each_status(client, sdk, groq, case):
    rule, error, status = case
    groq.next(**rule)

    with pytest.raises(getattr(sdk, error)) as raised:
        client.chat.completions.create(model=MODEL, messages=HELLO)

    assert type(raised.value).__name__ == error
    assert raised.value.status_code == status


@pytest.mark.parametrize("fault", ["cut", "garbage", "reset"])
def test_sdk_raises_on_a_broken_connection(client, sdk, groq, fault):
    groq.next(fault=fault)

    with pytest.raises(sdk.APIConnectionError):
        client.chat.completions.create(model=MODEL, messages=HELLO)


def test_sdk_raises_on_a_timeout(sdk, groq):
    groq.next(fault="hang")

    with client_of(sdk, groq, timeout=0.2) as client, pytest.raises(sdk.APITimeoutError):
        client.chat.completions.create(model=MODEL, messages=HELLO)


def test_sdk_raises_on_an_error_inside_a_stream(client, sdk, groq):
    groq.next(fault="stream_error")

    with pytest.raises(sdk.APIError, match="Internal Server Error"):
        list(client.chat.completions.create(model=MODEL, messages=HELLO, stream=True))


def test_sdk_raises_groqs_validation_errors(client, sdk):
    with pytest.raises(sdk.BadRequestError, match="number must be at most 2"):
        client.chat.completions.create(model=MODEL, messages=HELLO, temperature=2.5)
    with pytest.raises(sdk.NotFoundError, match="does not exist or you do not have access to it"):
        client.chat.completions.create(model="llama-3.3-70b-versatile", messages=HELLO)


def test_sdk_raises_on_an_invalid_key(sdk, groq):
    with (
        client_of(sdk, groq, api_key="gsk_invalid") as client,
        pytest.raises(sdk.AuthenticationError, match="Invalid API Key"),
    ):
        client.models.list()


@pytest.mark.slow
def test_sdk_retries_after_the_given_wait(sdk, groq):
    groq.next(status=429, headers={"retry-after": "0.3"})

    with client_of(sdk, groq, max_retries=1) as client:
        client.chat.completions.create(model=MODEL, messages=HELLO)

    first, second = groq.calls
    assert (first.status, second.status) == (429, 200)
    assert (second.at - first.at).total_seconds() > 0.25
