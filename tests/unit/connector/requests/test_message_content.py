"""The content of a message is a text or a list of parts, whatever the value of a placeholder is."""

import pytest

from catalyst_groq.connector.requests.files import insert_files
from catalyst_groq.connector.requests.message_content import join_texts
from catalyst_groq.connector.requests.payload import render_payload
from catalyst_groq.domain.variables import FileVariable
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.models.catalog import shipped_catalog

PHOTO = FileVariable("File", "photo", "image/png", "UTF-8")
NOTE = FileVariable("File", "note", "text/plain", "UTF-8")
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
    "pair": ["Köln", None],
    "cities": ["Köln", None, {"type": "x"}],
    "note": NOTE,
}
CONTENTS = {"photo": b"\x89PNG", "note": b"All about us"}


def rendered(**template):
    return render_payload(template, VARIABLES, None, default_model="m")


def content(written):
    return rendered(messages=[{"role": "user", "content": written}])["messages"][0]["content"]


@pytest.mark.parametrize(
    ("written", "expected"),
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
def test_content_becomes_text_or_parts(written, expected):
    assert content(written) == expected


def test_content_is_the_only_field_converted_to_text():
    payload = rendered(messages=[{"role": "user", "content": "x"}], max_tokens="${number}", user="${blank}")

    assert (payload["max_tokens"], payload["user"]) == (5, None)


def test_content_is_optional_beside_tool_calls():
    calls = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    messages = [{"role": "assistant", "content": None, "tool_calls": calls}, {"role": "assistant", "tool_calls": calls}]

    assert rendered(messages=messages)["messages"] == messages


@pytest.mark.parametrize("messages", [["x"], [None], [{"role": "user"}], [[{"content": 5}]]])
def test_content_of_invalid_messages_is_left_to_groq(messages):
    assert rendered(messages=messages)["messages"] == messages


def joined(role, written):
    """Return the content of a message with its files, as it is sent."""
    payload = rendered(messages=[{"role": role, "content": written}])
    return join_texts(insert_files(payload, CONTENTS, shipped_catalog())["messages"])[0]["content"]


@pytest.mark.slow
@pytest.mark.parametrize("role", ["system", "developer", "assistant", "tool"])
@pytest.mark.parametrize(
    ("written", "text"),
    [
        (["You are kind.", "You know ${number}."], "You are kind.\nYou know 5."),
        (["Know this:", "${note}"], "Know this:\nAll about us"),
        ("${note}", "All about us"),
        ("${cities}", 'Köln\n\n{"type": "x"}'),
        ("${pair}", "Köln\n"),
        (["Cities:", "${pair}"], "Cities:\nKöln\n"),
        ("${rows}", '[{"a": 1}, {"a": 2}]'),
        ("${nothing}", "[]"),
        ("${parts}", "Hi"),
        ([None], ""),
        ("Hi", "Hi"),
    ],
)
def test_content_of_other_roles_than_user_is_one_text(role, written, text):
    assert joined(role, written) == text


def test_content_of_a_user_stays_a_list():
    assert joined("user", ["Hi", "${note}"]) == [
        {"type": "text", "text": "Hi"},
        {"type": "text", "text": "All about us"},
    ]


@pytest.mark.parametrize(
    "part",
    [{"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}, {"type": "refusal", "refusal": "No"}],
)
def test_content_with_parts_for_other_servers_stays_a_list(part):
    assert joined("system", [part]) == [part]


@pytest.mark.parametrize("role", ["system", "developer"])
def test_content_of_a_system_message_has_no_images(role):
    with pytest.raises(
        FieldError, match=rf"catalyst_payload: has an image in messages\[0\], a {role} message, where only"
    ):
        joined(role, ["Know this:", "${photo}"])
