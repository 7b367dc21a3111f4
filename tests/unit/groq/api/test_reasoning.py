"""Reasoning is moved out of the content of a response."""

import time
from contextlib import suppress

import pytest

from catalyst_groq.groq.api.reasoning import UnreadableContentError, split_reasoning
from support.factories import make_response

MAX_SECONDS = 2


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
    "the end tag alone, of another name": "They ask for the sum.\n</thinking>\n\n42 euros.",
    "the end tag alone, in brackets": "They ask for the sum.[/THINK]\r\n42 euros.",
    "two blocks": "<think>They ask </think>\n<think></think><think>for the sum.</think>42 euros.",
    "another tag": "<thinking>They ask for the sum.</thinking>42 euros.",
    "upper case": "<THINK>They ask for the sum.</think>42 euros.",
    "brackets": "[THINK]They ask for the sum.[/THINK]42 euros.",
    "harmony without its beginning": "They ask for the sum.<|end|>"
    "<|start|>assistant<|channel|>final<|message|>42 euros.",
    "harmony without an end": "They ask for the sum.<|start|>assistant<|channel|>final<|message|>42 euros.<|return|>",
    "harmony without a start": "They ask for the sum.<|channel|>final<|message|>42 euros.<|return|>",
    "harmony behind a tag": "<think>They ask for the sum.</think><|channel|>final<|message|>42 euros.",
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
    message = split_message(content)
    assert (message["content"], message["reasoning"].replace("\n", " ")) == ("42 euros.", "They ask for the sum.")


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
        "Close the block with </think>\nThen write the answer.",
        "Close the block with `</think>`\nThen write the answer.",
        "The template is\n```\n</think>\n```\nas you see.",
        "A message ends with <|end|>, as you see.",
        "A message begins with <|start|>assistant<|channel|>final<|message|> in that order.",
        "An example: `<|start|>assistant<|channel|>final<|message|>Hello<|end|>`",
        "An example:\n```\n<|start|>assistant<|channel|>final<|message|>Hello<|end|>\n```",
        {"type": "image_url", "image_url": {"url": "data:,"}},
        {"amount": 42},
        [{"type": "reference", "reference_ids": [1]}],
        [{"type": ["text"], "text": "42"}],
    ],
)
def test_content_that_looks_like_reasoning_is_left_unchanged(content):
    assert split_message(content) == {"content": content}


@pytest.mark.parametrize(
    "content",
    [
        "42 euros.<|end|><|return|>",
        "42 euros. <|end|>\n",
        "42 euros.<|end|><|start|>assistant",
        "42 euros.<|end|><|start|>assistant<|channel|>",
        "<|message|>42 euros.<|return|>",
        "<|start|>assistant<|message|>42 euros.",
        "final<|message|>42 euros.",
        "assistant<|channel|>final<|message|>42 euros.",
        "<|channel|>final <|constrain|>text<|message|>42 euros.<|end|>",
        "\n<|channel|>final<|message|>42 euros.",
    ],
)
def test_control_tokens_are_no_content(content):
    assert split_message(content) == {"content": "42 euros."}


@pytest.mark.parametrize(
    "content",
    [
        "<|channel|>analysis We need to add up.\n42 euros.",
        "Adding up.<|end|>42 euros.",
        "Adding up.<|message|>42 euros.",
        "<|message|>42<|message|>43",
        "42 euros.<|end|><|start|>user<|message|>And more?",
        "<|channel|>" + "a" * 200 + "<|message|>42",
    ],
)
def test_tokens_in_an_unknown_order_are_a_failure(content):
    with pytest.raises(UnreadableContentError, match="harmony"):
        split_message(content)


def test_reasoning_without_a_final_message_leaves_no_content():
    message = split_message("<|channel|>analysis<|message|>Adding up.<|end|>")
    assert message == {"content": "", "reasoning": "Adding up."}


@pytest.mark.parametrize(
    "content",
    [
        {"text": "42"},
        {"type": "output_text", "text": "42"},
        [{"text": "42"}, {"type": "text", "text": None}, {"text": None}],
        [{"type": "text", "text": "42"}, {"type": "reference", "reference_ids": [1]}],
        [{"type": "redacted_thinking", "data": "x"}, {"type": "text", "text": "4"}, "2", 5, {"type": ["a"]}],
        [{"type": "thinking", "thinking": [{"type": "reference"}]}, "42"],
        [{"type": "thinking", "thinking": [{"type": "image_url"}]}, "42"],
    ],
)
def test_texts_of_a_list_are_the_content(content):
    assert split_message(content) == {"content": "42"}


@pytest.mark.parametrize("thinking", [{"text": "Hm."}, [5, "Hm."], [{"type": "thinking", "thinking": "Hm."}, {"a": 1}]])
def test_thoughts_in_any_form_are_reasoning(thinking):
    content = [{"type": "thinking", "thinking": thinking}, {"type": "text", "text": "42"}]
    assert split_message(content) == {"content": "42", "reasoning": "Hm."}


@pytest.mark.slow
@pytest.mark.parametrize(
    "content",
    [
        "<|channel|>" + "a" * 400_000,
        "<|channel|>a" * 40_000,
        "<|channel|>final<|message|>a" * 20_000,
        "<|channel|>final<|message|>42" + " \n" * 200_000 + "x",
        "<|end|>" * 60_000 + "x",
        "<think>a</think>" * 30_000 + "42",
        "<think>" * 60_000,
        "[think]</think>" * 30_000,
        " " * 400_000 + "x",
        "x\n" + " \t" * 200_000 + "</think> x",
        "</think> " * 40_000,
        "analysis" * 50_000,
    ],
    ids=lambda content: content[:20],
)
def test_time_grows_with_the_length(content):
    """A search whose time grows with the square of the length would take minutes."""
    start = time.process_time()
    with suppress(UnreadableContentError):
        split_message(content)
    assert time.process_time() - start < MAX_SECONDS


def test_response_without_reasoning_is_not_copied():
    response = make_response(body={"choices": [{"message": {"content": "42", "reasoning": "Hm."}}]})
    assert split_reasoning(response) is response


@pytest.mark.parametrize("choices", [5, [5], "<think>"])
def test_reasoning_in_malformed_choices_is_left_unchanged(choices):
    response = make_response(body={"choices": choices, "note": "<think>"})
    assert split_reasoning(response) is response
