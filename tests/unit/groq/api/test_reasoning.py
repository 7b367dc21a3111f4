"""What a model thought is kept apart from what it says."""

import pytest

from catalyst_groq.groq.api.reasoning import split_reasoning
from support.factories import make_answer


def message(content, **more):
    answer = split_reasoning(make_answer(body={"choices": [{"message": {"content": content, **more}}]}))
    return answer.body["choices"][0]["message"]


def test_reasoning_is_moved_out_of_the_content():
    assert message("<think>\nHm.\n</think>\n\nYes.") == {"content": "Yes.", "reasoning": "Hm."}


def test_reasoning_is_appended_to_existing_reasoning():
    assert message("<think>b</think>Yes.", reasoning="a") == {"content": "Yes.", "reasoning": "a\nb"}


def test_reasoning_without_an_end_leaves_no_content():
    assert message("<think>Hm") == {"content": "", "reasoning": "Hm"}


@pytest.mark.parametrize("content", ["The tag <think> opens a thought.", "Yes.", None, ["<think>"]])
def test_reasoning_tag_inside_content_is_left_unchanged(content):
    assert message(content) == {"content": content}


@pytest.mark.parametrize("choices", [5, [5], "<think>"])
def test_reasoning_in_malformed_choices_is_left_unchanged(choices):
    odd = make_answer(body={"choices": choices, "note": "<think>"})
    assert split_reasoning(odd) == odd
