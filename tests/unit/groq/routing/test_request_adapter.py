"""A request made to fit a model that takes another's place."""

import pytest

from catalyst_groq.groq.routing.request_adapter import AdaptedRequest, IncompatibleModel, adapt_request

GPT_OSS, QWEN, SAFEGUARD, GUARD = (
    "openai/gpt-oss-20b",
    "qwen/qwen3.8-27b",
    "openai/gpt-oss-safeguard-20b",
    "meta-llama/llama-prompt-guard-2-22m",
)
ASKED = {"model": "wanted", "messages": [{"role": "user", "content": "Hi"}]}
SCHEMA = {"name": "x", "schema": {"type": "object"}}
STRICT = {"type": "json_schema", "json_schema": SCHEMA | {"strict": True}}
PHOTO = {"type": "image_url", "image_url": {"url": "data:"}}
FUNCTION, SEARCH = {"type": "function", "function": {"name": "f"}}, {"type": "browser_search"}


@pytest.mark.parametrize(
    ("model", "said", "becomes", "changes"),
    [
        (GPT_OSS, {"reasoning_effort": "none"}, {"reasoning_effort": "low"}, ["reasoning_effort: none became low"]),
        (GPT_OSS, {"reasoning_effort": "default"}, {}, ["reasoning_effort: default left out"]),
        (GPT_OSS, {"reasoning_effort": "high"}, {"reasoning_effort": "high"}, []),
        (GUARD, {"reasoning_effort": "none"}, {}, ["reasoning_effort: none left out"]),
        (GPT_OSS, {"reasoning_format": "raw"}, {}, ["reasoning_format: raw left out"]),
        (QWEN, {"reasoning_format": "raw"}, {"reasoning_format": "raw"}, []),
        (
            GPT_OSS,
            {"reasoning_format": "hidden"},
            {"include_reasoning": False},
            ["reasoning_format: hidden became include_reasoning: false"],
        ),
        (GUARD, {"include_reasoning": True}, {}, ["include_reasoning left out"]),
        (
            SAFEGUARD,
            {"response_format": STRICT},
            {"response_format": {"type": "json_schema", "json_schema": SCHEMA | {"strict": False}}},
            ["json_schema: strict left out"],
        ),
        (GPT_OSS, {"response_format": STRICT}, {"response_format": STRICT}, []),
        (QWEN, {"max_tokens": 65536}, {"max_tokens": 16384}, ["max_tokens: 65536 became 16384"]),
        (QWEN, {"max_completion_tokens": 100}, {"max_completion_tokens": 100}, []),
        (GPT_OSS, {"temperature": 0.2, "tools": [FUNCTION]}, {"temperature": 0.2, "tools": [FUNCTION]}, []),
        (GPT_OSS, {"tools": [SEARCH]}, {"tools": [SEARCH]}, []),
        ("nobody/knows", {"reasoning_effort": "none"}, {"reasoning_effort": "none"}, []),
        ("wanted", {"reasoning_effort": "none"}, {"reasoning_effort": "none"}, []),
    ],
)
def test_what_only_shapes_the_work_is_left_out_or_mapped_and_said(model, said, becomes, changes):
    assert adapt_request(ASKED | said, model) == AdaptedRequest(ASKED | becomes, tuple(changes))


@pytest.mark.parametrize(
    ("model", "said", "reason"),
    [
        (GPT_OSS, {"messages": [{"role": "user", "content": [PHOTO]}]}, "cannot see images"),
        (QWEN, {"messages": [{"role": "user", "content": [PHOTO] * 4}]}, "takes 3 images"),
        (GUARD, {"tools": [FUNCTION]}, "calls no tools"),
        (QWEN, {"tools": [SEARCH]}, "has no built-in tools"),
        (GUARD, {"response_format": STRICT}, "keeps to no JSON schema"),
        ("whisper-large-v3", {}, "no model for chat"),
    ],
)
def test_a_model_that_could_not_give_the_same_answer_is_unfit(model, said, reason):
    assert adapt_request(ASKED | said, model) == IncompatibleModel(reason)


HEARD = {"model": "wanted", "task": "translate", "file": "…", "response_format": "verbose_json"}


def test_a_recording_is_heard_by_models_that_hear_and_can_do_the_same():
    assert adapt_request(HEARD, "whisper-large-v3") == AdaptedRequest(HEARD)
    assert adapt_request(HEARD, "whisper-large-v3-turbo") == IncompatibleModel("cannot translate")
    assert adapt_request(HEARD | {"task": "transcribe"}, GPT_OSS) == IncompatibleModel("no model for transcription")
