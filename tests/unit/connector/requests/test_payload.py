"""The request payload, from what the modeller wrote to the bytes that Groq gets."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.connector.fields.names import CHAT_DEFAULTS, PAYLOAD
from catalyst_groq.connector.fields.structured_text import parse_object
from catalyst_groq.connector.requests.payload import render_payload, to_bytes
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.models.catalog import known_models
from support.factories import texts

CHAT = {"messages": [{"role": "user", "content": "Hi"}]}


@given(texts)
def test_no_user_message_can_add_a_message(text):
    template = parse_object("f", CHAT_DEFAULTS[PAYLOAD])

    sent = json.loads(to_bytes("f", render_payload("f", template, {"userMessage": text}, None)))

    assert sent.keys() == {"model", "max_tokens", "messages"}
    system, user = sent["messages"]
    assert system == {"role": "system", "content": "You are a helpful assistant."}
    assert user == {"role": "user", "content": json.loads(json.dumps(text))}


def test_a_yaml_payload_reads_like_the_json_it_stands_for():
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


def test_yaml_anchors_can_be_shared():
    assert parse_object("f", "base: &b {a: 1}\nuse: {<<: *b, c: 2}")["use"] == {"a": 1, "c": 2}


plain = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text())


@given(st.dictionaries(st.text(), st.one_of(plain, st.lists(plain))))
def test_every_json_object_is_read_as_itself(value):
    assert parse_object("f", f"\n {json.dumps(value)}") == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{\n "model": "x"\n "messages": []}',
            "f: is not JSON: Expecting ',' delimiter at line 3, column 2. Check quotes, commas and braces there",
        ),
        ("{model: x}", "f: is not JSON: Expecting property name enclosed in double quotes at line 1, column 2. Check"),
        ("a: b: c", "f: is neither JSON nor YAML: mapping values are not allowed here"),
        ("? [a]\n: b", "f: is neither JSON nor YAML: while constructing a mapping"),
        ("[1, 2]", "f: is a list, not an object. Write a JSON object such as {…}"),
        ("tell me", "f: is a text, not an object"),
        ("# nothing", "f: is empty, not an object"),
        ("42", "f: is a single value, not an object"),
    ],
)
def test_a_text_that_is_no_object_says_what_it_is_and_where(text, message):
    with pytest.raises(FieldError) as caught:
        parse_object("f", text)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_a_list_variable_becomes_the_messages():
    payload = render_payload("f", {"messages": "${chat}"}, {"chat": CHAT["messages"]}, None)
    assert payload["messages"] == CHAT["messages"]


def test_the_model_field_wins_over_the_payload_and_both_over_the_default():
    payload = {**CHAT, "model": "theirs"}
    assert render_payload("f", payload, {}, "ours")["model"] == "ours"
    assert render_payload("f", payload, {}, None)["model"] == "theirs"
    assert render_payload("f", CHAT, {}, None)["model"] == known_models().default


def test_the_template_itself_is_not_changed_by_rendering():
    template = {"messages": [{"role": "user", "content": "${q}"}]}
    render_payload("f", template, {"q": "Hi"}, "ours")
    assert template == {"messages": [{"role": "user", "content": "${q}"}]}


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ({}, 'f: has no list of messages. Add "messages"'),
        ({"messages": []}, "f: has no list of messages"),
        ({"messages": "${blank}"}, "f: has no list of messages"),
        ({**CHAT, "logprobs": True}, "f: asks for 'logprobs', which Groq refuses. Remove it"),
        ({**CHAT, "n": [2]}, "f: asks for more than one answer ('n'), which Groq refuses. Remove it"),
        ({**CHAT, "model": ["a"]}, "f: has a 'model' that is no text. Write"),
        ({**CHAT, "user": "${nobody}"}, "f: ${nobody} needs the process variable 'nobody'"),
        ({**CHAT, "user": "${a b}"}, "f: `a b` is not JMESPath"),
    ],
)
def test_a_payload_that_is_no_chat_request_names_the_field_and_the_mend(template, message):
    with pytest.raises(FieldError) as caught:
        render_payload("f", template, {"blank": None}, None)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, parse_object("f", "a: !!binary aGk=")["a"]])
def test_what_json_cannot_say_is_a_field_error(value):
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
def test_a_structure_without_end_is_refused(text):
    with pytest.raises(FieldError):
        parse_object("f", text)
