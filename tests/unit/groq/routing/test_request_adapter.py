"""Adapting a request to a model that takes another's place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.groq.api.operations import CHAT_COMPLETION, TRANSCRIPTION
from catalyst_groq.groq.models.catalog import shipped_catalog
from catalyst_groq.groq.routing.request_adapter import AdaptedRequest, IncompatibleModel, adapt_request

GPT_OSS, QWEN, SAFEGUARD, GUARD = (
    "openai/gpt-oss-20b",
    "qwen/qwen3.8-27b",
    "openai/gpt-oss-safeguard-20b",
    "meta-llama/llama-prompt-guard-2-22m",
)
REQUESTED = {"model": "wanted", "messages": [{"role": "user", "content": "Hi"}]}
SCHEMA = {"name": "x", "schema": {"type": "object"}}
STRICT = {"type": "json_schema", "json_schema": SCHEMA | {"strict": True}}
PHOTO = {"type": "image_url", "image_url": {"url": "data:"}}


def adapt(payload, model, operation=CHAT_COMPLETION):
    return adapt_request(payload, operation, model, shipped_catalog())


FUNCTION, SEARCH = {"type": "function", "function": {"name": "f"}}, {"type": "browser_search"}


@pytest.mark.parametrize(
    ("model", "parameters", "adapted", "changes"),
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
def test_adapter_omits_or_maps_tuning_parameters(model, parameters, adapted, changes):
    assert adapt(REQUESTED | parameters, model) == AdaptedRequest(REQUESTED | adapted, tuple(changes))


@pytest.mark.parametrize(
    ("model", "parameters", "reason"),
    [
        (GPT_OSS, {"messages": [{"role": "user", "content": [PHOTO]}]}, "does not support images"),
        (QWEN, {"messages": [{"role": "user", "content": [PHOTO] * 4}]}, "takes 3 images"),
        (GUARD, {"tools": [FUNCTION]}, "does not support tools"),
        (QWEN, {"tools": [SEARCH]}, "has no built-in tools"),
        (GUARD, {"response_format": STRICT}, "does not support a JSON schema"),
        ("whisper-large-v3", {}, "no model for chat"),
    ],
)
def test_adapter_refuses_an_incompatible_model(model, parameters, reason):
    assert adapt(REQUESTED | parameters, model) == IncompatibleModel(reason)


AUDIO = {"model": "wanted", "task": "translate", "file": "…", "response_format": "verbose_json"}


def test_adapter_keeps_audio_with_audio_models():
    assert adapt(AUDIO, "whisper-large-v3", TRANSCRIPTION) == AdaptedRequest(AUDIO)
    assert adapt(AUDIO, "whisper-large-v3-turbo", TRANSCRIPTION) == IncompatibleModel("does not translate")
    assert adapt(AUDIO | {"task": "transcribe"}, GPT_OSS, TRANSCRIPTION) == IncompatibleModel(
        "no model for transcription"
    )


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["type", "content"]), inner, max_size=2)
    ),
    max_leaves=8,
)
PARAMETERS = ("messages", "tools", "response_format", "reasoning_effort", "reasoning_format", "max_tokens", "task")


@given(st.dictionaries(st.sampled_from(PARAMETERS), anything), st.sampled_from([GPT_OSS, QWEN, GUARD]))
def test_any_payload_is_adapted_or_incompatible(parameters, model):
    assert isinstance(adapt({"model": "wanted", **parameters}, model), AdaptedRequest | IncompatibleModel)
