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


@pytest.mark.parametrize("content", ["The tag <think> begins the reasoning.", "Yes.", None, ["<think>"]])
def test_reasoning_tag_inside_content_is_left_unchanged(content):
    assert split_message(content) == {"content": content}


@pytest.mark.parametrize("choices", [5, [5], "<think>"])
def test_reasoning_in_malformed_choices_is_left_unchanged(choices):
    response = make_response(body={"choices": choices, "note": "<think>"})
    assert split_reasoning(response) is response
