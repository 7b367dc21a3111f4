"""Family 6: content as a list, in what a server sends and in what it accepts."""

import json

from support.field_cases.case import MODEL, STREAM, Case, Completed, file_variable
from support.field_cases.responses import answered, chunk, refused, streamed
from support.field_cases.streams import ROLE, STOP
from support.raw_server import Received

PARTS = [
    {"type": "thinking", "thinking": [{"type": "text", "text": "They ask for the sum."}]},
    {"type": "text", "text": "42 euros."},
]
CITIES = [
    {"role": "user", "content": "Which cities?"},
    {
        "role": "assistant",
        "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "cities", "arguments": "{}"}}],
    },
    {"role": "tool", "tool_call_id": "call_1", "content": "${cities}"},
]
TOOL = {"type": "function", "function": {"name": "cities", "parameters": {"type": "object", "properties": {}}}}


def refuse_lists(received: Received, expected: tuple[str, ...]) -> bytes:
    """Refuse a content that is no text where Groq accepts only texts, and a request without the expected texts."""
    sent = json.dumps(received.body, ensure_ascii=False)
    if missing := [text for text in expected if text not in sent]:
        return refused(400, f"The request is without {missing}")
    for number, message in enumerate(received.body["messages"]):
        if message["role"] != "user" and not isinstance(message.get("content"), str | None):
            position = f"messages.{number}"
            return refused(
                400,
                f"'{position}' : for 'role:{message['role']}' the following must be satisfied[('{position}.content' : "
                "value must be a string)]",
            )
    return answered("ok")


def texts_only(case_id, server, messages, *expected, tools=(), **settings):
    payload = {"model": MODEL, "max_tokens": 100, "messages": messages, **({"tools": tools} if tools else {})}
    return Case(
        case_id,
        server,
        lambda received: refuse_lists(received, expected),
        Completed({"aiReply": "ok"}),
        payload=payload,
        **settings,
    )


def json_variable(text):
    return {"cities": {"type": "Json", "value": text}}


CASES = (
    Case("07a-content-list", "sends the content as a list", [answered(PARTS)], Completed({"aiReply": "42 euros."})),
    Case(
        "07c-content-list-stream",
        "streams the content as a list",
        [streamed(ROLE, chunk({"content": PARTS}), STOP)],
        Completed({"aiReply": "42 euros."}),
        payload=STREAM,
    ),
    Case(
        "07d-content-list-conversation",
        "sends the content as a list, in a conversation",
        [answered(PARTS)],
        Completed(
            {
                "aiReply": "42 euros.",
                "talk": [
                    {"role": "user", "content": "How much is the invoice?"},
                    {"role": "assistant", "content": "42 euros."},
                ],
            }
        ),
        properties={"catalyst_conversation": "talk"},
    ),
    texts_only(
        "29k-file-in-system",
        "accepts only a text as system message; the task writes a text and a file",
        [{"role": "system", "content": ["Know this:", "${photo}"]}, {"role": "user", "content": "hi"}],
        "Know this:",
        "a text in a file",
        variables={"photo": file_variable("YSB0ZXh0IGluIGEgZmlsZQ==", "a.txt", "text/plain")},
    ),
    texts_only(
        "29l-list-as-tool-result",
        "accepts only a text as a tool's result; the task writes a list of texts",
        CITIES,
        "Köln",
        "Bonn",
        tools=[TOOL],
        variables=json_variable('["Köln","Bonn"]'),
    ),
    texts_only(
        "29m-list-in-system",
        "accepts only a text as system message; the task writes a list of texts",
        [
            {"role": "system", "content": ["You are kind.", "You know ${userMessage}"]},
            {"role": "user", "content": "hi"},
        ],
        "You are kind.",
        "You know How much is the invoice?",
    ),
    texts_only(
        "29n-objects-as-tool-result",
        "accepts only a text as a tool's result; the task writes a list of objects",
        CITIES,
        "Köln",
        "Bonn",
        variables=json_variable('[{"name":"Köln"},{"name":"Bonn"}]'),
    ),
    texts_only(
        "29o-null-tool-result",
        "accepts only a text as a tool's result; the task writes a list with null in it",
        CITIES,
        "Köln",
        variables=json_variable('["Köln",null,{"type":"x"}]'),
    ),
)
