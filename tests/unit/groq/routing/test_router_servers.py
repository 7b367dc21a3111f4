"""What the router sends to Groq only, or to other servers only, and how it asks for the tokens of a stream."""

import pytest

from catalyst_groq.groq.routing.call import Truncated
from support.factories import make_response
from support.groq_clients import FakeEndpoints, results_by_route
from support.groq_responses import BAD, BUSY, HELLO, IN_JSON, JSON, TOO_LARGE

pytestmark = pytest.mark.anyio

USAGE = {"include_usage": True}
UNKNOWN_FIELD = "Unrecognized request argument supplied: stream_options"
REFUSED = make_response(400, {"error": {"message": UNKNOWN_FIELD}})
REFUSED_IN_DETAIL = make_response(
    422, {"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]}
)


async def test_unsupported_parameter_goes_to_other_servers_only():
    endpoints = FakeEndpoints(groq=["a"], a=[HELLO], b=[HELLO])
    result = await endpoints.call(logprobs=True, n=2)

    assert endpoints.routes_called == ["b:m"]
    assert results_by_route(result) == [
        ("a", "not sent: the request has 'logprobs', which Groq refuses"),
        ("b", "answered"),
    ]
    assert endpoints.payloads[0]["logprobs"] is True
    assert endpoints.payloads[0]["n"] == 2


async def test_unsupported_parameter_that_no_server_takes_is_named():
    endpoints = FakeEndpoints(groq=["a"], a=[HELLO], b=[BUSY], names={"b": {"other": "other"}})
    result = await endpoints.call("m", logit_bias={"1": 2})
    assert endpoints.routes_called == []
    assert result.error.message == "the request has 'logit_bias', which Groq refuses"


async def test_unsupported_parameter_fails_over_to_the_server_of_another_model():
    endpoints = FakeEndpoints(groq=["a"], a=[HELLO], b=[HELLO], names={"b": {"other": "other"}})
    assert (await endpoints.call("m", "other", top_logprobs=2)).error is None
    assert endpoints.routes_called == ["b:other"]


@pytest.mark.parametrize("groq", [(), ["a"]])
async def test_stream_requests_its_usage(groq):
    endpoints = FakeEndpoints(groq=groq, a=[HELLO])
    await endpoints.call(stream=True)
    assert endpoints.payloads[0]["stream_options"] == USAGE
    assert "stream_options" not in endpoints.responses.stored[0][0], "it identifies the response of the task"


@pytest.mark.parametrize("payload", [{}, {"stream": False}, {"stream": True, "stream_options": {"a": 1}}])
async def test_stream_options_of_the_payload_win(payload):
    endpoints = FakeEndpoints(a=[HELLO])
    await endpoints.call(**payload)
    assert endpoints.payloads[0].get("stream_options") == payload.get("stream_options")


@pytest.mark.parametrize("refusal", [REFUSED, REFUSED_IN_DETAIL])
async def test_refused_stream_options_are_left_out_from_then_on(refusal):
    endpoints = FakeEndpoints(a=[refusal, HELLO])
    first = await endpoints.call(stream=True)
    await endpoints.call(stream=True, seed=1)

    assert (first.error, first.attempt_count) == (None, 2)
    assert [payload.get("stream_options") for payload in endpoints.payloads] == [USAGE, None, None]


async def test_refused_stream_options_concern_their_account_only():
    endpoints = FakeEndpoints(a=[REFUSED, BUSY], b=[HELLO])
    await endpoints.call(stream=True)
    assert endpoints.routes_called == ["a:m", "a:m", "b:m"]
    assert [payload.get("stream_options") for payload in endpoints.payloads] == [USAGE, None, USAGE]


async def test_refusal_of_the_payloads_own_stream_options_is_final():
    endpoints = FakeEndpoints(a=[REFUSED, HELLO])
    result = await endpoints.call(stream=True, stream_options=USAGE)
    assert (result.error.status, len(endpoints.payloads)) == (400, 1)


async def test_other_refusal_of_a_stream_is_not_sent_again():
    endpoints = FakeEndpoints(a=[BAD, HELLO])
    assert (await endpoints.call(stream=True)).error.status == 400
    assert len(endpoints.payloads) == 1


async def test_refused_stream_options_of_a_follow_up_are_left_out():
    endpoints = FakeEndpoints(a=[HELLO, REFUSED, IN_JSON])
    result = await endpoints.call(stream=True, **JSON)
    assert result.error is None
    assert [len(payload["messages"]) for payload in endpoints.payloads] == [1, 3, 3]


async def test_refused_stream_options_of_a_truncated_payload_are_left_out():
    short = {"model": "m", "messages": [], "stream": True}
    endpoints = FakeEndpoints(a=[TOO_LARGE, REFUSED, HELLO])
    result = await endpoints.call(stream=True, truncate=lambda *_: Truncated(short, "all"))
    assert (result.error, result.omitted) == (None, "all")
    assert endpoints.payloads[1:] == [{**short, "stream_options": USAGE}, short]
