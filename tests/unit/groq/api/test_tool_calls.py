"""Tool calls in the forms that models generate: corrected where they are clear, otherwise set aside."""

import json

import pytest

from catalyst_groq.groq.api.tool_calls import INVALID_TOOL_CALLS, correct_calls
from support.factories import make_response

TOOLS = [{"type": "function", "function": {"name": name}} for name in ("find_order", "book_slot")]
ARGUMENTS = '{"number":"7"}'


def call(name="find_order", arguments=ARGUMENTS):
    return {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}


def correct(*calls, content=None, tools=TOOLS, reason="tool_calls"):
    body = {"choices": [{"message": {"content": content, "tool_calls": list(calls)}, "finish_reason": reason}]}
    return correct_calls(make_response(body=body), {"model": "m", "tools": tools}).choices[0]["message"]


FORMS = {
    "as it should be": call(),
    "an object": call(arguments={"number": "7"}),
    "JSON in JSON": call(arguments=json.dumps(ARGUMENTS)),
    "a token behind the arguments": call(arguments=ARGUMENTS + "<|call|>"),
    "a channel behind the name": call("find_order<|channel|>commentary"),
    "a format behind the name": call("find_order<|constrain|>json"),
    "a namespace": call("functions.find_order"),
    "a namespace and a number": call("functions.find_order:0"),
    "a namespace of another model": call("default_api.find_order"),
    "brackets behind the name": call("find_order()"),
    "quotes around the name": call('"find_order"'),
    "spaces around the name": call(" find_order "),
    "arguments in the name": call("find_order," + ARGUMENTS, ""),
    "arguments in brackets in the name": call(f"find_order({ARGUMENTS})", None),
}


@pytest.mark.parametrize("generated", FORMS.values(), ids=FORMS)
def test_forms_of_one_call(generated):
    assert correct(generated) == {"content": None, "tool_calls": [call()]}


@pytest.mark.parametrize("arguments", [None, "", " \n", "{}", {}, "{}<|call|>"])
def test_call_without_arguments(arguments):
    [corrected] = correct(call(arguments=arguments))["tool_calls"]
    assert corrected["function"]["arguments"] == "{}"


def test_line_break_in_a_text_is_escaped():
    [corrected] = correct(call(arguments='{"number":"line\none"}'))["tool_calls"]
    assert json.loads(corrected["function"]["arguments"]) == {"number": "line\none"}


def test_control_token_in_a_text_stays():
    text = '{"number":"<|end|>"}'
    assert correct(call(arguments=text))["tool_calls"] == [call(arguments=text)]


@pytest.mark.parametrize("arguments", ['```json\n{"number":"7"}\n```', '{"number":"7",}', "{'number': '7'}"])
def test_arguments_whose_form_is_not_json(arguments):
    [corrected] = correct(call(arguments=arguments))["tool_calls"]
    assert json.loads(corrected["function"]["arguments"]) == {"number": "7"}


@pytest.mark.parametrize("reason", ["length", "content_filter", "MAX_TOKENS"])
@pytest.mark.parametrize("arguments", [None, "", " "])
def test_missing_arguments_of_a_call_that_was_cut_off(arguments, reason):
    message = correct(call(arguments=arguments), reason=reason)
    assert message["tool_calls"] == []
    assert [entry["error"] for entry in message[INVALID_TOOL_CALLS]] == ["its arguments are not a whole JSON object"]


def test_offered_name_with_a_namespace_is_left_unchanged():
    tools = [{"type": "function", "function": {"name": name}} for name in ("a.find", "find", "functions.book")]
    assert correct(call("a.find"), tools=tools)["tool_calls"] == [call("a.find")]
    assert correct(call("functions.book"), tools=tools)["tool_calls"] == [call("functions.book")]


INVALID = {
    "cut off": (call(arguments='{"number":"7'), "its arguments are not a whole JSON object"),
    "a list": (call(arguments="[1]"), "its arguments are not a whole JSON object"),
    "no number": (call(arguments='{"number":NaN}'), "its arguments are not a whole JSON object"),
    "infinity": (call(arguments='{"number":[-Infinity]}'), "its arguments are not a whole JSON object"),
    "a number that is too large": (call(arguments='{"number":1e999}'), "its arguments are not a whole JSON object"),
    "an object with such a number": (call(arguments={"n": float("inf")}), "its arguments are not a whole JSON object"),
    "prose": (call(arguments="the seventh"), "its arguments are not a whole JSON object"),
    "another tool": (call("delete_all"), "the request offers no tool 'delete_all'"),
    "no tool": (call("assistant<|channel|>analysis"), "the request offers no tool 'assistant'"),
    "no function": ({"id": "call_1"}, "it has no function"),
    "no object": (5, "it has no function"),
}


@pytest.mark.parametrize(("generated", "error"), INVALID.values(), ids=INVALID)
def test_call_that_cannot_be_made_is_set_aside(generated, error):
    message = correct(call("book_slot", "{}"), generated)
    assert message["tool_calls"] == [call("book_slot", "{}")]
    assert [entry["error"] for entry in message[INVALID_TOOL_CALLS]] == [error]


def test_name_is_not_checked_without_tools_of_the_request():
    assert correct(call("browser.search"), tools=None)["tool_calls"] == [call("browser.search")]


@pytest.mark.parametrize(
    "content",
    [
        f"<function=find_order>{ARGUMENTS}</function>",
        f'<tool_call>\n{{"name": "find_order", "arguments": {ARGUMENTS}}}\n</tool_call>',
    ],
)
def test_call_in_the_content_is_a_call(content):
    message = correct(content=content)
    [corrected] = message["tool_calls"]
    assert (message["content"], corrected["function"]) == (None, call()["function"])


@pytest.mark.parametrize(
    "content", ["Write <function=find_order>{}</function>.", "<tool_call>no JSON</tool_call>", None]
)
def test_other_content_is_no_call(content):
    assert correct(content=content) == {"content": content, "tool_calls": []}


def test_call_in_the_content_needs_a_tool():
    content = "<function=find_order>{}</function>"
    assert correct(content=content, tools=None)["content"] == content


@pytest.mark.parametrize("body", [{"choices": 5}, {"choices": [{"message": 5}]}, {"text": "hello"}])
def test_other_responses_are_left_unchanged(body):
    response = make_response(body=body)
    assert correct_calls(response, {"tools": TOOLS}) is response
