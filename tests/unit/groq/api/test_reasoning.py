"""Reasoning is moved out of the content of a response."""

import pytest

from catalyst_groq.groq.api.reasoning import split_reasoning
from support.factories import make_response


def split_message(content, **more):
    response = split_reasoning(make_response(body={"choices": [{"message": {"content": content, **more}}]}))
    return response.body["choices"][0]["message"]


def test_reasoning_is_moved_out_of_the_content():
    assert split_message("<think>\nHm.\n</think>\n\nYes.") == {"content": "Yes.", "reasoning": "Hm."}


def test_reasoning_is_appended_to_existing_reasoning():
    assert split_message("<think>b</think>Yes.", reasoning="a") == {"content": "Yes.", "reasoning": "a\nb"}


def test_reasoning_without_an_end_leaves_no_content():
    assert split_message("<think>Hm") == {"content": "", "reasoning": "Hm"}


@pytest.mark.parametrize("content", ["The tag <think> begins the reasoning.", "Yes.", None])
def test_reasoning_tag_inside_content_is_left_unchanged(content):
    assert split_message(content) == {"content": content}


FORMS = {
    "the end tag alone": "They ask for the sum.\n</think>\n\n42 euros.",
    "the end tag alone, on the same line": "They ask for the sum.</think>\n42 euros.",
    "harmony": "<|channel|>analysis<|message|>They ask for the sum.<|end|>"
    "<|start|>assistant<|channel|>final<|message|>42 euros.<|return|>",
    "harmony with a start": "<|start|>assistant<|channel|>analysis<|message|>They ask for the sum.<|end|>"
    "<|start|>assistant<|channel|>final<|constrain|>json<|message|>42 euros.",
    "harmony without its tokens": "analysisThey ask for the sum.assistantfinal42 euros.",
    "parts": [{"type": "thinking", "thinking": "They ask for the sum."}, {"type": "text", "text": "42 euros."}],
    "nested parts": [
        {"type": "thinking", "thinking": [{"type": "text", "text": "They ask for the sum."}]},
        {"type": "text", "text": "42 "},
        None,
        "euros.",
    ],
}


@pytest.mark.parametrize("content", FORMS.values(), ids=FORMS)
def test_forms_of_reasoning(content):
    assert split_message(content) == {"content": "42 euros.", "reasoning": "They ask for the sum."}


def test_reasoning_of_other_servers_has_groqs_name():
    assert split_message("42", reasoning_content="Hm.") == {
        "content": "42",
        "reasoning_content": "Hm.",
        "reasoning": "Hm.",
    }


@pytest.mark.parametrize(
    "content",
    [
        "Write </think> to end the reasoning.",
        "The harmony format writes <|channel|>final<|message|> before its answer.",
        "An analysis of the assistant.",
        [{"type": "text", "text": "A picture:"}, {"type": "image_url", "image_url": {"url": "data:,"}}],
        "<|a|> x",
    ],
)
def test_content_that_looks_like_reasoning_is_left_unchanged(content):
    assert split_message(content) == {"content": content}


def test_control_tokens_at_the_end_are_no_content():
    assert split_message("42 euros.<|end|><|return|>") == {"content": "42 euros."}


def test_response_without_reasoning_is_not_copied():
    response = make_response(body={"choices": [{"message": {"content": "42", "reasoning": "Hm."}}]})
    assert split_reasoning(response) is response


@pytest.mark.parametrize("choices", [5, [5], "<think>"])
def test_reasoning_in_malformed_choices_is_left_unchanged(choices):
    response = make_response(body={"choices": choices, "note": "<think>"})
    assert split_reasoning(response) is response
