"""Tool calls: which tools are called, and what follows their results."""

import re

import pytest
from jsonschema import validate

from support.emulator_requests import (
    ORDER,
    QWEN,
    WEATHER,
    chat_body,
    completion_of,
    error_object,
    error_of,
    make_service,
)


def test_tool_mentioned_by_the_user_is_called():
    answer = completion_of(make_service(), chat_body("Please get weather for tomorrow", tools=[ORDER, WEATHER]))

    assert answer.finish_reason == "tool_calls"
    assert answer.content is None
    [call] = answer.tool_calls
    assert call.name == "get_weather"
    assert re.fullmatch(r"call_[0-9a-f]{4}", call.id)
    validate(call.arguments, WEATHER["function"]["parameters"])


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        ("auto", []),
        ("none", []),
        ("required", ["find_order"]),
        ({"type": "function", "function": {"name": "get_weather"}}, ["get_weather"]),
    ],
)
def test_tool_choice_selects_the_calls(choice, called):
    answer = completion_of(make_service(), chat_body("Hello", tools=[ORDER, WEATHER], tool_choice=choice))

    assert [call.name for call in answer.tool_calls] == called


@pytest.mark.parametrize(("model", "number"), [("openai/gpt-oss-120b", 1), (QWEN, 2)])
def test_parallel_tool_calls_depend_on_the_model(model, number):
    body = chat_body("find order 7, then get weather", model=model, tools=[ORDER, WEATHER])

    assert len(completion_of(make_service(), body).tool_calls) == number
    assert len(completion_of(make_service(), body | {"parallel_tool_calls": False}).tool_calls) == 1


def test_tool_result_ends_the_tool_calls():
    call = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "get weather"},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "22 degrees"},
    ]

    answer = completion_of(make_service(), chat_body(messages=messages, tools=[WEATHER]))

    assert str(answer.content).startswith("The tool said: “22 degrees”")


def test_built_in_tools_are_executed():
    answer = completion_of(make_service(), chat_body("Who won?", tools=[{"type": "browser_search"}]))

    assert answer.executed_tools[0]["type"] == "browser_search"


def test_scripted_call_of_an_unknown_tool_fails():
    groq = make_service({"tool_calls": [{"name": "fly"}]})

    response = error_of(groq, chat_body(tools=[WEATHER]))

    assert error_object(response)["code"] == "tool_use_failed"
    assert "attempted to call tool 'fly' which was not in request.tools" in response.body
