"""Streams in the spellings of other servers, and streams that fail."""

import json

from catalyst_groq.sandbox.emulator.named_answers.answer import (
    MakeAnswer,
    NamedAnswer,
    NamedRequest,
    RawAnswer,
    RequestKind,
)
from catalyst_groq.sandbox.emulator.named_answers.completions import (
    ANSWER,
    USAGE,
    chunk,
    completion,
    event,
    stream,
    tool_call,
)

DONE = b"data: [DONE]\n\n"
KEEP_ALIVES = b": processing\n\ndata:\n\n"


def _opening(request: NamedRequest) -> tuple[bytes, ...]:
    return chunk({"role": "assistant", "content": ""}, request.model), chunk({"content": ANSWER}, request.model)


def _without_end(request: NamedRequest) -> RawAnswer:
    return stream(*_opening(request), chunk({}, request.model, "stop", usage=USAGE), DONE, stays_open=True)


def _without_done(request: NamedRequest) -> RawAnswer:
    return stream(*_opening(request), chunk({}, request.model, "stop", usage=USAGE))


def _without_usage(request: NamedRequest) -> RawAnswer:
    return stream(*_opening(request), chunk({}, request.model, "stop"), DONE)


def _with_keep_alives(request: NamedRequest) -> RawAnswer:
    role, text = _opening(request)
    return stream(KEEP_ALIVES, role, KEEP_ALIVES, text, chunk({}, request.model, "stop", usage=USAGE), DONE)


def _with_crlf(request: NamedRequest) -> RawAnswer:
    plain = b"".join(_without_usage(request).pieces)
    return stream(b"\xef\xbb\xbf" + plain.replace(b"\n", b"\r\n"))


def _whole_completion(request: NamedRequest) -> RawAnswer:
    return stream(event(completion({"content": ANSWER}, "stop", request.model)), DONE)


def _calls(*keys: dict[str, int | None]) -> MakeAnswer:
    """Return the function that streams one whole tool call for each of these beginnings of a piece."""

    def make(request: NamedRequest) -> RawAnswer:
        calls = [tool_call(request.tool, json.dumps({"number": str(n)}), f"call_{n}") for n in range(len(keys))]
        pieces = (
            chunk({"tool_calls": [{**key, **call}]}, request.model) for key, call in zip(keys, calls, strict=True)
        )
        return stream(*pieces, chunk({}, request.model, "tool_calls", usage=USAGE), DONE)

    return make


def _rate_limited_inside(request: NamedRequest) -> RawAnswer:
    failure = {"code": 429, "message": "Rate limit exceeded"}
    return stream(*_opening(request), chunk({"content": ""}, request.model, "error", error=failure), DONE)


def _entry(name: str, description: str, make: MakeAnswer) -> NamedAnswer:
    return NamedAnswer(name, description, make, RequestKind.STREAM)


STREAMS = (
    _entry("stream_without_end", "a stream whose connection stays open after `[DONE]`", _without_end),
    _entry("stream_without_done", "a stream without `[DONE]`", _without_done),
    _entry("stream_without_usage", "a stream without usage", _without_usage),
    _entry("stream_with_keep_alives", "a stream with comments and empty events", _with_keep_alives),
    _entry("stream_with_crlf", "a stream with a byte order mark and line ends of CR LF", _with_crlf),
    _entry("stream_of_whole_completion", "a stream of one event, with `message` instead of `delta`", _whole_completion),
    _entry(
        "tool_calls_all_index_0", "a stream of two tool calls, both with index 0", _calls({"index": 0}, {"index": 0})
    ),
    _entry("tool_calls_without_index", "a stream of two tool calls without an index", _calls({}, {})),
    _entry("rate_limit_inside_stream", "a stream that ends in an error 429", _rate_limited_inside),
)
