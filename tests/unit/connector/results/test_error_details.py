"""Error details: what they contain, what is cut, and what may be masked."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalyst_groq.connector.results.error_details import ErrorDetails
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason
from catalyst_groq.groq.routing.call_result import Attempt
from support.factories import REPLY, make_call_result, make_response, make_route

MESSAGES = [{"role": "user", "content": "Hello Groq"}]
REQUEST: dict[str, Any] = {"model": "m", "max_tokens": 5, "messages": MESSAGES}
BUSY = make_response(
    503, {"error": {"message": "Over capacity."}}, x_request_id="req_9", retry_after="2", server="edge"
)


def test_details_contain_attempts_response_and_request():
    assert ErrorDetails().describe_call(REQUEST, make_call_result(BUSY, attempts=2, waited=1.25)).split("\n") == [
        "Attempts: 2, waited for rate limits: 1.3 s",
        "openai/gpt-oss-120b at groq: 503",
        "Groq's request id: req_9",
        "Status: 503",
        "x-request-id: req_9",
        "retry-after: 2",
        "{",
        '  "error": {',
        '    "message": "Over capacity."',
        "  }",
        "}",
        "",
        "The request:",
        *json.dumps(REQUEST, indent=2).split("\n"),
    ]
    assert "Groq's request id: none" in ErrorDetails().describe_call(REQUEST, make_call_result(make_response(500, "")))


def test_details_contain_each_attempt():
    main, backup = make_route("main"), make_route("backup")
    attempts = (Attempt(main, "503"), Attempt(backup, "not sent: circuit breaker open", sent=False))
    details = ErrorDetails().describe_call(REQUEST, replace(make_call_result(BUSY), attempts=attempts))
    assert details.split("\n")[:3] == [
        "Attempts: 1, waited for rate limits: 0 s",
        "m at main: 503",
        "m at backup: not sent: circuit breaker open",
    ]


@pytest.mark.parametrize(
    ("reason", "sent", "sentence"),
    [
        (NoResponseReason.CONNECTION_RESET, True, "The request may have reached Groq."),
        (NoResponseReason.CONNECTION_REFUSED, False, "The request did not reach Groq."),
    ],
)
def test_details_say_whether_the_request_reached_groq(reason, sent, sentence):
    result = make_call_result(NoResponse(reason, "gone", sent=sent, seconds=0.2))

    assert ErrorDetails().describe_call(REQUEST, result).split("\n")[2:4] == [f"{reason}: gone", sentence]


CONTENTS = {
    "a response": (200, REPLY, "Hello Ada"),
    "a tool call": (200, {"choices": [{"message": {"tool_calls": [{"function": {"arguments": "Ada"}}]}}]}, "Ada"),
    "a failed generation": (400, {"error": {"message": "Failed.", "failed_generation": "Hello Ada"}}, "Ada"),
    "no JSON": (502, "<html>Hello Ada</html>", "Ada"),
}


@pytest.mark.parametrize("kind", CONTENTS)
def test_details_may_mask_request_and_response(kind):
    status, body, content = CONTENTS[kind]
    result = make_call_result(make_response(status, body))
    request = {**REQUEST, "messages": [*MESSAGES, {"role": "user", "content": [{"type": "text", "text": "Ada?"}]}]}

    masked = ErrorDetails(mask_contents=True).describe_call(request, result)

    assert "Hello" in (shown := ErrorDetails().describe_call(request, result))
    assert content in shown
    assert "Hello" not in masked
    assert "Ada" not in masked
    assert '"content": "(10 characters)"' in masked
    assert '"type": "text"' in masked


def test_details_may_mask_transcriptions():
    result = make_call_result(make_response(200, {"text": "Hello", "segments": [{"start": 0, "text": "Hello"}]}))

    assert "Hello" not in ErrorDetails(mask_contents=True).describe_call(
        {"task": "transcribe", "prompt": "Hello"}, result
    )


def test_details_cut_long_texts_and_images():
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 100}}
    request = {**REQUEST, "messages": [{"role": "user", "content": [image, {"type": "text", "text": "x" * 5000}]}]}

    details = ErrorDetails().describe_call(request, make_call_result(BUSY))

    assert '"url": "data:image/png;base64,… (122 characters)"' in details
    assert f'"text": "{"x" * 2000}… (5,000 characters)"' in details


anything = st.recursive(
    st.none() | st.integers() | st.text() | st.just("long " * 2000),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=40,
)


@pytest.mark.slow
@settings(max_examples=30)
@given(st.dictionaries(st.text(), anything), anything | st.just("<html>" * 10_000), st.booleans())
def test_details_have_a_maximum_length(request_payload, body, masked):
    text = body if isinstance(body, str) else json.dumps(body)

    assert len(ErrorDetails(masked).describe_call(request_payload, make_call_result(make_response(500, text)))) < 50_000
    assert (
        len(
            ErrorDetails(masked).describe_fields(
                {"catalyst_payload": request_payload, "catalyst_url": text}, before_request=True
            )
        )
        < 50_000
    )


def test_details_leave_out_deep_structures():
    deep = make_response(400, "[" * 150 + "]" * 150)

    assert "…" in ErrorDetails().describe_call(REQUEST, make_call_result(deep))


def test_details_of_fields_leave_out_the_key():
    fields = {"catalyst_payload": '{"messages": [}', "catalyst_apiKey": "a-key", "catalyst_timeout": "1"}

    assert ErrorDetails().describe_fields(fields, before_request=True) == (
        "Groq was not called. Fields that differ from the template's defaults:\n\n"
        'catalyst_payload:\n{"messages": [}\n\ncatalyst_timeout:\n1'
    )
    masked = ErrorDetails(mask_contents=True).describe_fields(fields, before_request=False)
    assert masked.startswith("Fields that differ")
    assert masked.endswith("catalyst_payload:\n(15 characters)\n\ncatalyst_timeout:\n1")
