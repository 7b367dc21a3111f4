"""Streams are accumulated to the response that would have been sent as a whole."""

import itertools
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from catalyst_groq.groq.api.response_body import ResponseBody
from catalyst_groq.groq.api.streaming import InvalidStreamError, StreamAccumulator

CALL = {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": ""}}


def event(delta=None, finish_reason=None, **top):
    chunk = {"id": "c1", "object": "chat.completion.chunk", "model": "m", **top}
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish_reason}
    return f"data: {json.dumps({**chunk, 'choices': [choice]}, ensure_ascii=False)}\n\n".encode()


def raw_event(chunk):
    return f"data: {json.dumps(chunk)}\n\n".encode()


def accumulate(*chunks):
    accumulator = StreamAccumulator()
    body = ResponseBody(accumulator)
    for chunk in chunks:
        body.feed(chunk)
    body.close()
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


FORMS = {
    "lines that end with CRLF": STREAM.replace(b"\n", b"\r\n"),
    "lines that end with CR": STREAM.replace(b"\n", b"\r"),
    "byte order mark": b"\xef\xbb\xbf" + STREAM,
    "comments": b": PROCESSING\n\n" + STREAM.replace(b"data: ", b": ping\n\ndata: "),
    "empty events": STREAM.replace(b"\n\n", b"\n\ndata:\n\ndata: \n\n"),
    "null events": STREAM.replace(b"data: {", b"data: null\n\ndata: {"),
    "no space after the colon": STREAM.replace(b"data: ", b"data:"),
    "no blank lines": STREAM.replace(b"\n\n", b"\n"),
    "two data lines": STREAM.replace(b', "choices"', b',\ndata: "choices"'),
    "other fields": STREAM.replace(b"data: ", b"id: 7\nretry: 10\nevent: message\ndata: "),
    "no end": STREAM.replace(b"data: [DONE]\n\n", b""),
    "no blank line at the end": STREAM.removesuffix(b"\n\n"),
    "something after the end": STREAM + b"data: {broken\n\n",
}


@pytest.mark.parametrize("stream", FORMS.values(), ids=FORMS)
def test_forms_of_a_stream(stream):
    assert accumulate(stream).body() == accumulate(STREAM).body()


@given(st.sampled_from(sorted(FORMS.values())), st.data())
def test_chunk_boundaries_do_not_matter_in_any_form(stream, data):
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=8))
    edges = [0, *sorted(cuts), len(stream)]
    chunks = [stream[start:end] for start, end in itertools.pairwise(edges)]
    assert accumulate(*chunks).body() == accumulate(STREAM).body()


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
        b'event: error\ndata: {"message": "over", "code": "rate_limit_exceeded"}\n\n',
        event({"content": "H"}, error={"message": "over", "status_code": 503}),
        event({"content": "H"}) + event({}, x_groq={"error": "over"}),
        b'data: {"object": "error", "message": "over", "code": 400}\n\n',
        b'data: {"choices": [{"index": 0, "delta": {}, "error": {"message": "over"}}]}\n\n',
    ],
    ids=["event", "plain event", "top level", "x_groq", "object", "choice"],
)
def test_error_in_a_stream_is_the_response(data):
    assert accumulate(data).error["message"] == "over"


def test_stream_with_several_choices_is_complete_when_all_are():
    accumulator = StreamAccumulator(choices=2)
    body = ResponseBody(accumulator)
    body.feed(event({"content": "A"}, "stop"))
    assert not body.is_complete
    body.feed(event({"content": "B"}, "stop").replace(b'"index": 0', b'"index": 1'))
    assert body.is_complete
    assert [choice["message"]["content"] for choice in accumulator.body()["choices"]] == ["A", "B"]


def test_message_in_place_of_a_delta():
    data = event().replace(b'"delta": {}', b'"message": {"role": "assistant", "content": "hello"}')
    assert accumulate(data).body()["choices"][0]["message"]["content"] == "hello"


@pytest.mark.parametrize("delta", [{}, None])
def test_message_that_repeats_the_text_does_not_double_it(delta):
    last = {"index": 0, "delta": delta, "message": {"content": "The sum is 42."}, "finish_reason": "stop"}
    stream = accumulate(event({"content": "The sum"}), raw_event({"choices": [last]}))
    assert stream.body()["choices"][0]["message"]["content"] == "The sum is 42."


def test_texts_and_parts_keep_their_order():
    part = {"type": "text", "text": "B"}
    stream = accumulate(*(event({"content": content}) for content in ("A", [part], "C")))
    content = stream.body()["choices"][0]["message"]["content"]
    assert "".join(entry["text"] for entry in content) == "ABC"


def test_text_null_is_no_finish_reason():
    assert not accumulate(event({"content": "Do not"}, "null")).is_complete


def test_error_after_a_complete_response_is_ignored():
    error = {"error": {"message": "usage is unavailable", "code": 500}}
    stream = accumulate(event({"content": "42"}, "stop"), raw_event(error))
    assert (stream.error, stream.is_complete) == (None, True)


def test_content_in_parts_stays_a_list():
    parts = [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "42"}]
    accumulator = accumulate(event({"content": ""}), event({"content": parts}), event({}, "stop"))
    assert accumulator.body()["choices"][0]["message"]["content"] == parts


def test_events_that_keep_the_connection_open_are_ignored():
    stream = accumulate(event({"content": "4"}), b"data: ping\n\n", event({"content": "2"}, "stop"))
    assert stream.body()["choices"][0]["message"]["content"] == "42"


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


@pytest.mark.slow
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
