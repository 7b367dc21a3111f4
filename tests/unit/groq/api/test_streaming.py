"""Streams are accumulated to the response that would have been sent as a whole."""

import itertools
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from catalyst_groq.groq.api.streaming import InvalidStreamError, SSELineDecoder, StreamAccumulator

CALL = {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": ""}}


def event(delta=None, finish_reason=None, **top):
    chunk = {"id": "c1", "object": "chat.completion.chunk", "model": "m", **top}
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish_reason}
    return f"data: {json.dumps({**chunk, 'choices': [choice]}, ensure_ascii=False)}\n\n".encode()


def accumulate(*chunks):
    decoder, accumulator = SSELineDecoder(), StreamAccumulator()
    for chunk in chunks:
        accumulator.add_all(decoder.feed(chunk))
    return accumulator


STREAM = b"".join(
    [
        event({"role": "assistant", "content": ""}, x_groq={"id": "req_1"}),
        event({"reasoning": "Hm"}),
        event({"reasoning": "m."}),
        event({"content": "Hello\u2028"}),
        event({"content": " Ädä"}),
        event({}, "stop", x_groq={"id": "req_1", "usage": {"total_tokens": 7}}),
        b"data: [DONE]\n\n",
    ]
)


def test_chunks_accumulate_to_a_response_with_usage():
    accumulator = accumulate(STREAM)

    assert accumulator.is_complete
    assert accumulator.body() == {
        "id": "c1",
        "object": "chat.completion",
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "reasoning": "Hmm.", "content": "Hello\u2028 Ädä"},
                "finish_reason": "stop",
            }
        ],
        "usage": {"total_tokens": 7},
        "x_groq": {"id": "req_1"},
    }


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_chunk_boundaries_do_not_matter(cuts):
    edges = [0, *sorted(cuts), len(STREAM)]
    chunks = [STREAM[start:end] for start, end in itertools.pairwise(edges)]

    assert accumulate(*chunks).body() == accumulate(STREAM).body()


def test_lines_may_end_with_crlf():
    assert accumulate(STREAM.replace(b"\n", b"\r\n")).body() == accumulate(STREAM).body()


def test_tool_calls_may_arrive_in_pieces():
    data = b"".join(
        [
            event({"role": "assistant", "content": ""}),
            event({"tool_calls": [{"index": 0, **CALL}]}),
            event({"tool_calls": [{"index": 0, "function": {"arguments": '{"a":'}}]}),
            event({"tool_calls": [{"index": 1, **CALL, "id": "call_2"}]}),
            event({"tool_calls": [{"index": 0, "function": {"arguments": " 1}"}}]}),
            event({}, "tool_calls"),
        ]
    )
    message = accumulate(data).body()["choices"][0]["message"]

    assert message["content"] is None
    assert [(call["id"], call["function"]["arguments"]) for call in message["tool_calls"]] == [
        ("call_1", '{"a": 1}'),
        ("call_2", ""),
    ]


def test_first_token_is_the_first_with_content():
    assert not accumulate(event({"role": "assistant", "content": ""})).has_begun
    assert accumulate(event({"reasoning": "H"})).has_begun
    assert accumulate(event({"tool_calls": [{"index": 0, **CALL}]})).has_begun


@pytest.mark.parametrize(
    "data",
    [
        b'event: error\ndata: {"error": {"message": "over", "status_code": 503}}\n\n',
        event({"content": "H"}, error={"message": "over", "status_code": 503}),
        event({"content": "H"}) + event({}, x_groq={"error": "over"}),
    ],
    ids=["event", "top level", "x_groq"],
)
def test_error_in_a_stream_is_the_response(data):
    assert accumulate(data).body()["error"]["message"] == "over"


def test_stream_without_its_end_is_incomplete():
    assert not accumulate(event({"content": "Hel"})).is_complete
    assert not accumulate(b"").is_complete


@pytest.mark.parametrize("line", [b"data: {", b"data: [1]", b"data: \xff", b'data: {"choices": [{"index": 1e9}]}'])
def test_event_of_unknown_shape_raises(line):
    with pytest.raises(InvalidStreamError, match="an event of the stream has an unknown shape"):
        accumulate(line + b"\n")


NAMES = ["choices", "delta", "index", "tool_calls", "function", "arguments", "content", "x_groq", "usage", "error"]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 2**40) | st.text(max_size=3),
    lambda nested: st.lists(nested, max_size=3) | st.dictionaries(st.sampled_from(NAMES), nested, max_size=4),
    max_leaves=12,
)
events = st.binary(max_size=20) | st.dictionaries(st.sampled_from(NAMES), json_values).map(
    lambda value: json.dumps(value).encode()
)


@given(st.lists(events, max_size=4))
@example([b"[" * 100_000])
def test_stream_of_any_events_gives_a_response_or_raises(events):
    try:
        accumulator = accumulate(b"".join(b"data: " + event + b"\n" for event in events))
    except InvalidStreamError:
        return
    assert isinstance(accumulator.body(), dict)
    assert accumulator.is_complete in {True, False}
    assert accumulator.has_begun in {True, False}
