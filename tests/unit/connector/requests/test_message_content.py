"""What a message says: text or parts, whatever a placeholder stands for."""

import pytest

from catalyst_groq.connector.requests.payload import render_payload
from catalyst_groq.domain.variables import FileVariable

PHOTO = FileVariable("File", "photo", "image/png", "UTF-8")
DOCUMENT = {"type": "document", "document": {"data": {"a": 5}}}
VARIABLES = {
    "number": 5,
    "amount": 1.5,
    "paid": True,
    "blank": None,
    "customer": {"name": "Zoë", "type": "person"},
    "rows": [{"a": 1}, {"a": 2}],
    "matrix": [[1, 2], [3]],
    "nothing": [],
    "photo": PHOTO,
    "parts": [{"type": "text", "text": "Hi"}],
}


def rendered(**template):
    return render_payload("f", template, VARIABLES, None)


def content(written):
    return rendered(messages=[{"role": "user", "content": written}])["messages"][0]["content"]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("${number}", "5"),
        ("${amount}", "1.5"),
        ("${paid}", "true"),
        ("${blank}", ""),
        ("${customer}", '{"name": "Zoë", "type": "person"}'),
        ("${rows}", '[{"a": 1}, {"a": 2}]'),
        ("${matrix}", "[[1, 2], [3]]"),
        ("${nothing}", "[]"),
        (5, "5"),
        (None, ""),
        ("${parts}", VARIABLES["parts"]),
        ("${photo}", PHOTO),
        (["How much?", "${number}", "${customer}"], ["How much?", "5", '{"name": "Zoë", "type": "person"}']),
        (["Look", "${photo}", "${[photo]}", "${matrix}"], ["Look", PHOTO, [PHOTO], "[[1, 2], [3]]"]),
        ([{"type": "text", "text": "${number}"}], [{"type": "text", "text": "5"}]),
        ([{"type": "text", "text": "${blank}"}], [{"type": "text", "text": ""}]),
        ([DOCUMENT], [DOCUMENT]),
    ],
)
def test_what_stands_for_a_text_becomes_one(written, said):
    assert content(written) == said


def test_everywhere_else_a_placeholder_keeps_the_type_of_its_value():
    payload = rendered(messages=[{"role": "user", "content": "x"}], max_tokens="${number}", user="${blank}")

    assert (payload["max_tokens"], payload["user"]) == (5, None)


def test_a_message_that_only_calls_tools_needs_no_content():
    calls = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    messages = [{"role": "assistant", "content": None, "tool_calls": calls}, {"role": "assistant", "tool_calls": calls}]

    assert rendered(messages=messages)["messages"] == messages


@pytest.mark.parametrize("messages", [["x"], [None], [{"role": "user"}], [[{"content": 5}]]])
def test_what_is_no_message_is_left_to_groq_to_refuse(messages):
    assert rendered(messages=messages)["messages"] == messages
