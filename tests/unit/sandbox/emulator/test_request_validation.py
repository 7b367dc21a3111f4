"""Requests that Groq rejects: malformed ones, and those that a model cannot handle."""

import pytest

from support.emulator_requests import GPT_OSS, QWEN, chat_body, error_object, error_of, make_service

UNSUPPORTED = (
    "'messages.{}' : for 'role:{}' the following must be satisfied[('messages.{}' : property '{}' is unsupported)]"
)
SHAPES = [
    ({"store": True}, "property 'store' is unsupported, did you mean 'stop'?"),
    ({"temperature": 3}, "'temperature' : number must be at most 2"),
    ({"top_p": -0.1}, "'top_p' : number must be at least 0"),
    ({"n": 2}, "'n' : number must be at most 1"),
    ({"logprobs": True}, "`logprobs` is not supported with this model"),
    ({"logit_bias": {}}, "`logit_bias` is not supported with this model"),
    ({"stream": "yes"}, "'stream' : value must be a boolean"),
    ({"max_tokens": True}, "'max_tokens' : value must be an integer"),
    ({"stop": ["a", "b", "c", "d", "e"]}, "'stop' : maximum number of items is 4"),
    ({"messages": []}, "'messages' : minimum number of items is 1"),
    ({"messages": None}, "'messages' : property 'messages' is missing"),
    (
        {"reasoning_effort": "extreme"},
        "'reasoning_effort' : value is not one of the allowed values ['none', 'default', 'low', 'medium', 'high']",
    ),
    (
        {"messages": [{"role": "boss", "content": "x"}]},
        "'messages.0' : discriminator property 'role' has invalid value",
    ),
    ({"messages": [{"role": "user", "content": "x", "name": "Ann"}]}, UNSUPPORTED.format(0, "user", 0, "name")),
    (
        {
            "messages": [
                {"role": "system", "content": "x"},
                {"role": "user", "content": "x"},
                {"role": "assistant", "content": "x", "reasoning_content": "x"},
            ]
        },
        UNSUPPORTED.format(2, "assistant", 2, "reasoning_content"),
    ),
    (
        {"messages": [{"role": "assistant", "content": "x", "function_call": None}]},
        UNSUPPORTED.format(0, "assistant", 0, "function_call"),
    ),
]


@pytest.mark.parametrize(("fields", "message"), SHAPES, ids=[message[:60] for _, message in SHAPES])
def test_malformed_request_gets_its_first_schema_error(fields, message):
    response = error_of(make_service(), chat_body(**fields))

    error = error_object(response)
    assert (response.status, error["message"], error["type"]) == (400, message, "invalid_request_error")


def test_body_that_is_not_a_json_object_is_rejected():
    assert error_of(make_service(), None).status == 400


WHISPER = "whisper-large-v3"
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGVsbG8="}}
FUNCTION = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object", "properties": {}}}}
STRICT = {"type": "json_schema", "json_schema": {"name": "reply", "strict": True, "schema": {"type": "object"}}}


def schema(*, strict=True, **keywords):
    inner = {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    schema_fields = {"name": "next_step", "strict": strict, "schema": inner | keywords}
    return {"type": "json_schema", "json_schema": schema_fields}


def pictures(*images, text="What is this?"):
    return [{"role": "user", "content": [{"type": "text", "text": text}, *images]}]


ABILITIES = [
    (GPT_OSS, {"reasoning_effort": "none"}, "`reasoning_effort` must be one of `low`, `medium`, or `high`"),
    (GPT_OSS, {"reasoning_format": "parsed"}, "`reasoning_format` is not supported with this model"),
    (QWEN, {"reasoning_format": "raw", "tools": [FUNCTION]}, "`reasoning_format` `raw` cannot be used with"),
    (QWEN, {"reasoning_format": "raw", "include_reasoning": True}, "cannot specify both"),
    ("meta-llama/llama-prompt-guard-2-22m", {"reasoning_effort": "low"}, "`reasoning_effort` is not supported"),
    ("meta-llama/llama-prompt-guard-2-22m", {"tools": [FUNCTION]}, "`tool calling` is not supported"),
    (WHISPER, {}, "The model `whisper-large-v3` does not support chat completions"),
    (
        QWEN,
        {"max_completion_tokens": 16385},
        (
            "`max_completion_tokens` must be less than or equal to `16384`, the maximum value for "
            "`max_completion_tokens` is less than the `context_window` for this model"
        ),
    ),
    (GPT_OSS, {"messages": pictures(IMAGE)}, "messages[0].content must be a string"),
    (QWEN, {"messages": pictures(*[IMAGE] * 4)}, "Too many images provided. This model supports up to 3 images"),
    (QWEN, {"messages": pictures(IMAGE | {"image_url": {"url": "ftp://x/y.png"}})}, "invalid image url"),
    (GPT_OSS, {"response_format": {"type": "json_object"}}, "'messages' must contain the word 'json' in some form"),
    (GPT_OSS, {"response_format": {"type": "xml"}}, "'response_format' : one of the following must be satisfied"),
    (GPT_OSS, {"response_format": STRICT | {"json_schema": {"name": "a b"}}}, "'response_format.json_schema'"),
    (
        GPT_OSS,
        {"response_format": schema(additionalProperties=True)},
        "invalid JSON schema for response_format: 'next_step': `additionalProperties:false` must be set on every",
    ),
    (
        GPT_OSS,
        {"response_format": schema(required=[])},
        "invalid JSON schema for response_format: 'next_step': `required`",
    ),
    (
        GPT_OSS,
        {"response_format": schema(strict=False, properties={"a": {"type": "array", "minItems": 1}})},
        "invalid schema for response format: response_format/json_schema/next_step: minItems is not supported",
    ),
    ("openai/gpt-oss-safeguard-20b", {"response_format": schema()}, "This model does not support response format"),
    (GPT_OSS, {"response_format": schema(), "stream": True}, "response format `json_schema` cannot be combined with"),
    (GPT_OSS, {"response_format": schema(), "tools": [FUNCTION]}, "response format `json_schema` cannot be combined"),
    (QWEN, {"tools": [{"type": "browser_search"}]}, "tool type `browser_search` is not supported with this model"),
    (GPT_OSS, {"tools": [FUNCTION] * 129}, "'tools' : maximum number of items is 128"),
    (GPT_OSS, {"tools": [FUNCTION], "tool_choice": "maybe"}, "'tool_choice' : value is not one of the allowed values"),
    (
        GPT_OSS,
        {"tools": [{"type": "function", "function": {"name": "view", "parameters": {"required": ["a"]}}}]},
        "invalid JSON schema for tool view, tools[0].function.parameters: 'required' present but 'properties' is",
    ),
]


@pytest.mark.parametrize(("model", "fields", "message"), ABILITIES, ids=[message[:60] for *_, message in ABILITIES])
def test_unsupported_feature_of_a_model_is_rejected(model, fields, message):
    response = error_of(make_service(), chat_body(model=model, **fields))

    assert response.status == 400
    assert error_object(response)["message"].startswith(message)


@pytest.mark.slow
def test_context_window_overflow_is_rejected():
    response = error_of(make_service(), chat_body("word " * 131_072))

    assert error_object(response)["code"] == "context_length_exceeded"


def test_image_above_4_megabytes_is_rejected():
    large = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 4_000_004}}

    assert error_of(make_service(), chat_body(model=QWEN, messages=pictures(large))).status == 413
