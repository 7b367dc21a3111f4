"""The payload of a chat request, from the modeller's text to the bytes of the request."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.connector.fields.names import CHAT_DEFAULTS, PAYLOAD
from catalyst_groq.connector.fields.structured_text import parse_object
from catalyst_groq.connector.requests.payload import render_payload, to_bytes
from catalyst_groq.errors import FieldError
from support.factories import texts

DEFAULT_MODEL = "the/default"
CHAT = {"messages": [{"role": "user", "content": "Hi"}]}


@given(texts)
def test_payload_structure_is_safe_from_variables(text):
    template = parse_object("f", CHAT_DEFAULTS[PAYLOAD])

    sent = json.loads(to_bytes("f", render_payload(template, {"userMessage": text}, None, default_model=DEFAULT_MODEL)))

    assert sent.keys() == {"model", "max_tokens", "messages"}
    system, user = sent["messages"]
    assert system == {"role": "system", "content": "You are a helpful assistant."}
    assert user == {"role": "user", "content": json.loads(json.dumps(text))}


def test_payload_in_yaml_has_the_types_of_json():
    text = """
    # a comment
    model: openai/gpt-oss-20b
    temperature: 1e-1
    stop: [no, "1"]
    seed: 42
    stream: false
    user: ~
    messages:
      - role: system
        content: |
          Today is ${today}.
          Answer "briefly".
      - {role: user, content: 12:30}
      - {role: user, content: 2026-11-21}
      - {role: user, content: 010}
    """
    assert parse_object("f", text) == {
        "model": "openai/gpt-oss-20b",
        "temperature": 0.1,
        "stop": ["no", "1"],
        "seed": 42,
        "stream": False,
        "user": None,
        "messages": [
            {"role": "system", "content": 'Today is ${today}.\nAnswer "briefly".\n'},
            {"role": "user", "content": "12:30"},
            {"role": "user", "content": "2026-11-21"},
            {"role": "user", "content": "010"},
        ],
    }


def test_payload_in_yaml_may_share_anchors():
    assert parse_object("f", "base: &b {a: 1}\nuse: {<<: *b, c: 2}")["use"] == {"a": 1, "c": 2}


plain = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text())


@given(st.dictionaries(st.text(), st.one_of(plain, st.lists(plain))))
def test_payload_in_json_is_parsed_as_json(value):
    assert parse_object("f", f"\n {json.dumps(value)}") == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{\n "model": "x"\n "messages": []}',
            "f: is not JSON: Expecting ',' delimiter at line 3, column 2. Check quotes, commas and braces there",
        ),
        (
            '{"temperature": ${t}}',
            (
                "f: is not JSON: Expecting value at line 1, column 17. "
                "Write quotation marks around the placeholder: it keeps the type of its value"
            ),
        ),
        (
            '{"model": "a\nb"}',
            (
                "f: is not JSON: Invalid control character at line 1, column 13. "
                "Close the text with a quotation mark, or write \\n for a line break in it"
            ),
        ),
        ("{model: x}", "f: is not JSON: Expecting property name enclosed in double quotes at line 1, column 2. Check"),
        ("a: b: c", "f: is neither JSON nor YAML: mapping values are not allowed here at line 1, column 5. Write"),
        (
            "? [a]\n: b",
            "f: is neither JSON nor YAML: while constructing a mapping: found unhashable key at line 1, column 3. ",
        ),
        ("[1, 2]", "f: is a list, not an object. Write a JSON object such as {…}"),
        ("tell me", "f: is a text, not an object"),
        ("# nothing", "f: is empty, not an object"),
        ("42", "f: is a single value, not an object"),
    ],
)
def test_payload_that_is_no_object_names_the_problem(text, message):
    with pytest.raises(FieldError) as caught:
        parse_object("f", text)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_payload_messages_may_come_from_a_variable():
    payload = render_payload({"messages": "${chat}"}, {"chat": CHAT["messages"]}, None, default_model=DEFAULT_MODEL)
    assert payload["messages"] == CHAT["messages"]


def test_payload_model_comes_after_the_model_field():
    payload = {**CHAT, "model": "theirs"}
    assert render_payload(payload, {}, "ours", default_model=DEFAULT_MODEL)["model"] == "ours"
    assert render_payload(payload, {}, None, default_model=DEFAULT_MODEL)["model"] == "theirs"
    assert render_payload(CHAT, {}, None, default_model=DEFAULT_MODEL)["model"] == DEFAULT_MODEL


def test_payload_template_is_not_changed():
    template = {"messages": [{"role": "user", "content": "${q}"}]}
    render_payload(template, {"q": "Hi"}, "ours", default_model=DEFAULT_MODEL)
    assert template == {"messages": [{"role": "user", "content": "${q}"}]}


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ({}, 'catalyst_payload: has no list of messages. Add "messages"'),
        ({"messages": []}, "catalyst_payload: has no list of messages"),
        ({"messages": "${blank}"}, "catalyst_payload: has no list of messages"),
        ({**CHAT, "model": ["a"]}, 'catalyst_payload: has a \'model\' that is no text. Write "model": "the/default"'),
        ({**CHAT, "user": "${nobody}"}, "catalyst_payload: ${nobody} needs the process variable 'nobody'"),
        ({**CHAT, "user": "${a b}"}, "catalyst_payload: `a b` is not JMESPath"),
    ],
)
def test_payload_that_is_no_chat_request_names_the_fix(template, message):
    with pytest.raises(FieldError) as caught:
        render_payload(template, {"blank": None}, None, default_model=DEFAULT_MODEL)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, parse_object("f", "a: !!binary aGk=")["a"]])
def test_payload_without_a_json_form_is_refused(value):
    with pytest.raises(FieldError, match=r"^f: cannot be written as JSON: .*\. Use plain texts and numbers$"):
        to_bytes("f", {"temperature": value})


@pytest.mark.parametrize(
    "text",
    [
        ("a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n" + "c: [" + "*b," * 100 + "*b]"),
        "messages: &m [*m]",
        '{"a": ' + "[" * 20_000 + "]" * 20_000 + "}",
        "a: " + "[" * 500 + "]" * 500,
    ],
)
def test_payload_without_end_is_refused(text):
    with pytest.raises(FieldError):
        parse_object("f", text)
