"""What an incident tells beyond its message."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalyst_groq.connector.results.error_details import ErrorDetails
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason
from catalyst_groq.groq.routing.call_result import Attempt
from support.factories import REPLY, make_answer, make_exchange

ASKED = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "Hello Groq"}]}
BUSY = make_answer(503, {"error": {"message": "Over capacity."}}, x_request_id="req_9", retry_after="2", server="edge")


def test_they_tell_what_it_took_what_was_answered_and_what_was_asked():
    assert ErrorDetails().of(ASKED, make_exchange(BUSY, attempts=2, waited=1.25)).split("\n") == [
        "Attempts: 2, waited for limits: 1.2 s",
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
        *json.dumps(ASKED, indent=2).split("\n"),
    ]
    assert "Groq's request id: none" in ErrorDetails().of(ASKED, make_exchange(make_answer(500, "")))


def test_they_tell_the_way_that_was_gone():
    way = (Attempt("main", "m", "503"), Attempt("backup", "m", "not asked: circuit open", asked=False))
    told = ErrorDetails().of(ASKED, make_exchange(BUSY)._replace(way=way))
    assert told.split("\n")[1:3] == ["m at main: 503", "m at backup: not asked: circuit open"]


@pytest.mark.parametrize(
    ("loss", "sent", "said"),
    [
        (NoResponseReason.CONNECTION_RESET, True, "The request may have reached Groq."),
        (NoResponseReason.CONNECTION_REFUSED, False, "The request did not reach Groq."),
    ],
)
def test_without_an_answer_they_tell_whether_groq_may_have_worked(loss, sent, said):
    exchange = make_exchange(NoResponse(loss, "gone", sent=sent, seconds=0.2))

    assert ErrorDetails().of(ASKED, exchange).split("\n")[1:3] == [f"{loss}: gone", said]


CONTENTS = {
    "an answer": (200, REPLY, "Hello Ada"),
    "a call": (200, {"choices": [{"message": {"tool_calls": [{"function": {"arguments": "Ada"}}]}}]}, "Ada"),
    "half an answer": (400, {"error": {"message": "Failed.", "failed_generation": "Hello Ada"}}, "Ada"),
    "no JSON": (502, "<html>Hello Ada</html>", "Ada"),
}


@pytest.mark.parametrize("kind", CONTENTS)
def test_what_was_asked_and_answered_may_be_masked(kind):
    status, body, said = CONTENTS[kind]
    exchange = make_exchange(make_answer(status, body))
    asked = {**ASKED, "messages": [*ASKED["messages"], {"role": "user", "content": [{"type": "text", "text": "Ada?"}]}]}

    masked = ErrorDetails(mask_contents=True).of(asked, exchange)

    assert "Hello" in (shown := ErrorDetails().of(asked, exchange))
    assert said in shown
    assert "Hello" not in masked
    assert "Ada" not in masked
    assert '"content": "(10 characters)"' in masked
    assert '"type": "text"' in masked


def test_what_was_heard_may_be_masked_too():
    heard = make_exchange(make_answer(200, {"text": "Hello", "segments": [{"start": 0, "text": "Hello"}]}))

    assert "Hello" not in ErrorDetails(mask_contents=True).of({"task": "transcribe", "prompt": "Hello"}, heard)


def test_a_long_text_is_cut_and_an_image_is_no_more_than_its_type():
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 100}}
    asked = {**ASKED, "messages": [{"role": "user", "content": [image, {"type": "text", "text": "x" * 5000}]}]}

    told = ErrorDetails().of(asked, make_exchange(BUSY))

    assert '"url": "data:image/png;base64,… (122 characters)"' in told
    assert f'"text": "{"x" * 2000}… (5,000 characters)"' in told


anything = st.recursive(
    st.none() | st.integers() | st.text() | st.just("long " * 2000),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=40,
)


@settings(max_examples=30)
@given(st.dictionaries(st.text(), anything), anything | st.just("<html>" * 10_000), st.booleans())
def test_whatever_was_asked_and_answered_there_is_an_end_to_it(asked, body, masked):
    text = body if isinstance(body, str) else json.dumps(body)

    assert len(ErrorDetails(masked).of(asked, make_exchange(make_answer(500, text)))) < 50_000
    assert len(ErrorDetails(masked).of_fields({"catalyst_payload": asked, "catalyst_url": text})) < 50_000


def test_what_is_nested_deep_ends_somewhere():
    deep = make_answer(400, "[" * 900 + "]" * 900)

    assert "…" in ErrorDetails().of(ASKED, make_exchange(deep))


def test_fields_are_told_as_they_were_written_but_never_the_one_that_may_hold_a_key():
    fields = {"catalyst_payload": '{"messages": [}', "catalyst_apiKey": "a-key", "catalyst_timeout": "1"}

    assert ErrorDetails().of_fields(fields) == (
        "Groq was not asked. The fields that are not as the template has them:\n\n"
        'catalyst_payload:\n{"messages": [}\n\ncatalyst_timeout:\n1'
    )
    masked = ErrorDetails(mask_contents=True).of_fields(fields)
    assert masked.endswith("catalyst_payload:\n(15 characters)\n\ncatalyst_timeout:\n1")
