"""What a model thought is kept apart from what it says."""

import pytest

from catalyst_groq.groq.api.reasoning import split_reasoning
from support.factories import make_answer


def message(content, **more):
    answer = split_reasoning(make_answer(body={"choices": [{"message": {"content": content, **more}}]}))
    return answer.body["choices"][0]["message"]


def test_thoughts_move_to_the_reasoning():
    assert message("<think>\nHm.\n</think>\n\nYes.") == {"content": "Yes.", "reasoning": "Hm."}


def test_thoughts_join_those_that_are_there():
    assert message("<think>b</think>Yes.", reasoning="a") == {"content": "Yes.", "reasoning": "a\nb"}


def test_thoughts_that_the_budget_ended_leave_nothing_said():
    assert message("<think>Hm") == {"content": "", "reasoning": "Hm"}


@pytest.mark.parametrize("content", ["The tag <think> opens a thought.", "Yes.", None, ["<think>"]])
def test_what_is_said_stays(content):
    assert message(content) == {"content": content}


@pytest.mark.parametrize("choices", [5, [5], "<think>"])
def test_an_odd_answer_is_left_alone(choices):
    odd = make_answer(body={"choices": choices, "note": "<think>"})
    assert split_reasoning(odd) == odd
