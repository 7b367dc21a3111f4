"""What models generate instead of a plain text or a tool call in order; as a whole, or as a stream."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from catalyst_groq.sandbox.emulator.named_answers.answer import (
    EVENT_STREAM,
    MakeAnswer,
    NamedAnswer,
    NamedRequest,
    RawAnswer,
    RequestKind,
    encode_json,
    json_answer,
)

_MakeMessage = Callable[[NamedRequest], Mapping[str, Any]]
ANSWER = "42 euros."
THOUGHTS = "They ask for the sum of the invoice."
CUT_JSON = '{"approved": true, "amount": 125'
USAGE = {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}
ARGUMENTS = {"number": "7"}
ARGUMENTS_TEXT = json.dumps(ARGUMENTS)
CREATED = 1_790_000_000
PER_MINUTE_HEADERS = {
    "x-ratelimit-limit-requests": "60",
    "x-ratelimit-remaining-requests": "59",
    "x-ratelimit-reset-requests": "1s",
    "x-ratelimit-limit-tokens": "150000",
    "x-ratelimit-remaining-tokens": "149000",
    "x-ratelimit-reset-tokens": "6ms",
}


def completion(message: Mapping[str, Any], finish_reason: str, model: str) -> dict[str, Any]:
    """Return a chat completion with this message."""
    choice = {"index": 0, "message": {"role": "assistant", **message}, "logprobs": None, "finish_reason": finish_reason}
    return {**_frame("chat.completion", model), "choices": [choice], "usage": USAGE}


def chunk(delta: Mapping[str, Any], model: str, finish_reason: str | None = None, **fields: Any) -> bytes:
    """Return an event with a chunk of a stream."""
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return event({**_frame("chat.completion.chunk", model), "choices": [choice], **fields})


def event(data: Any) -> bytes:
    """Return a server-sent event with JSON."""
    return b"data: " + encode_json(data) + b"\n\n"


def stream(*events: bytes, stays_open: bool = False) -> RawAnswer:
    """Return a stream of events."""
    return RawAnswer(200, events, EVENT_STREAM, stays_open=stays_open)


def _frame(kind: str, model: str) -> dict[str, Any]:
    return {"id": "chatcmpl-named-answer", "object": kind, "created": CREATED, "model": model}


def _generated(content: Any, finish_reason: str = "stop", **message: Any) -> MakeAnswer:
    """Return the function that answers with this message, as a whole or as a stream."""
    return _generated_for(lambda _request: {"content": content, **message}, finish_reason)


def _generated_for(make_message: _MakeMessage, finish_reason: str = "stop") -> MakeAnswer:
    def make(request: NamedRequest) -> RawAnswer:
        message = make_message(request)
        if request.kind is not RequestKind.STREAM:
            return json_answer(completion(message, finish_reason, request.model))
        calls = message.get("tool_calls")
        pieces = {**message, "tool_calls": [{"index": n, **call} for n, call in enumerate(calls)]} if calls else message
        return stream(
            chunk({"role": "assistant", "content": ""}, request.model),
            chunk(pieces, request.model),
            chunk({}, request.model, finish_reason, usage=USAGE),
            b"data: [DONE]\n\n",
        )

    return make


def tool_call(name: str, arguments: Any, call_id: str = "call_1") -> dict[str, Any]:
    """Return a tool call."""
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def _called(arguments: Any, finish_reason: str = "tool_calls", name: str = "{}") -> MakeAnswer:
    """Return the function that answers with a call of the request's first tool; `name` is a pattern of its name."""
    return _generated_for(
        lambda request: {"content": None, "tool_calls": [tool_call(name.format(request.tool), arguments)]},
        finish_reason,
    )


def _with_per_minute_headers(request: NamedRequest) -> RawAnswer:
    return _generated(ANSWER)(request).with_headers(PER_MINUTE_HEADERS)


def _with_gateways_model(request: NamedRequest) -> RawAnswer:
    return _generated(ANSWER)(request._replace(model=f"groq/{request.model}"))


def _entry(name: str, description: str, make: MakeAnswer) -> NamedAnswer:
    return NamedAnswer(name, description, make, RequestKind.COMPLETION)


COMPLETIONS = (
    _entry("truncated_json", "JSON that ends inside a number, although it is complete (`stop`)", _generated(CUT_JSON)),
    _entry("json_cut_at_length", "JSON that was cut off at `max_tokens` (`length`)", _generated(CUT_JSON, "length")),
    _entry(
        "json_in_prose",
        "prose with two JSON objects in it",
        _generated('First idea: {"amount": 1}. No, rather: {"amount": 2}'),
    ),
    _entry("json_twice", "two JSON objects, one after the other", _generated('{"amount": 5}\n{"amount": 7}')),
    _entry("json_null", "`null` instead of a JSON object", _generated("null")),
    _entry("python_dict", "a Python dictionary instead of JSON", _generated("{'amount': 5, 'approved': True}")),
    _entry("empty_answer", "an answer without content", _generated(None)),
    _entry("length", "thoughts up to `max_tokens`, and no content", _generated("", "length", reasoning=THOUGHTS)),
    _entry("content_filter", "no content: it was filtered out", _generated(None, "content_filter")),
    _entry("refusal", "a refusal in words, without content", _generated(None, refusal="I cannot help with that.")),
    _entry(
        "content_list",
        "content as a list, with thoughts and text",
        _generated(
            [{"type": "thinking", "thinking": [{"type": "text", "text": THOUGHTS}]}, {"type": "text", "text": ANSWER}]
        ),
    ),
    _entry(
        "think_tags", "thoughts in `<think>` before the text", _generated(f"<think>\n{THOUGHTS}\n</think>\n\n{ANSWER}")
    ),
    _entry("think_end_tag", "thoughts that only end with `</think>`", _generated(f"{THOUGHTS}\n</think>\n\n{ANSWER}")),
    _entry(
        "harmony_content",
        "the channels of the harmony format as content",
        _generated(
            f"<|channel|>analysis<|message|>{THOUGHTS}<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}"
        ),
    ),
    _entry("reasoning_content", "thoughts as `reasoning_content`", _generated(ANSWER, reasoning_content=THOUGHTS)),
    _entry("invalid_tool_arguments", "a tool call with arguments that were cut off", _called('{"number":"7', "length")),
    _entry("tool_arguments_object", "a tool call with arguments as an object", _called(ARGUMENTS)),
    _entry("tool_arguments_twice_encoded", "a tool call with JSON in JSON", _called(json.dumps(ARGUMENTS_TEXT))),
    _entry(
        "tool_name_with_channel",
        "a tool call with a channel of the harmony format behind the name",
        _called(ARGUMENTS_TEXT, name="{}<|channel|>commentary"),
    ),
    _entry("unknown_tool", "a call of a tool that the request does not offer", _called(ARGUMENTS_TEXT, name="no_{}")),
    _entry(
        "tool_call_in_content",
        "a tool call in the content, in the format of the model",
        _generated_for(lambda request: {"content": f"<function={request.tool}>{ARGUMENTS_TEXT}</function>"}),
    ),
    _entry("tool_call_missing", "the finish reason `tool_calls` without a call", _generated("", "tool_calls")),
    _entry("rate_limit_headers", "headers that count per minute, as OpenAI's do", _with_per_minute_headers),
    _entry("model_name_of_gateway", "a model name with a prefix: `groq/…`", _with_gateways_model),
)
