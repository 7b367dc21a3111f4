"""What strangers write into a process or an answer to harm others: the fields, the answer, and what becomes of it."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from support.factories import REPLY

MERGE_BOMB = "\n".join(
    ["messages:", "- {role: user, content: yaml}", "a0: &a0 {x: 1}"]
    + [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 12)]
)
DOUBLING = " | ".join(["[@, @]"] * 24)


def payload_with(text: str, **parameters: Any) -> dict[str, str]:
    """The payload field of a task whose question is the text."""
    return {"catalyst_payload": json.dumps({"messages": [{"role": "user", "content": text}], **parameters})}


def schema_format(schema: dict[str, Any]) -> dict[str, Any]:
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}}


def content_rule(content: str) -> dict[str, Any]:
    """A rule for an answer that the emulator does not check."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}
    return {"status": 200, "body": {**REPLY, "choices": [choice]}}


class Offender(NamedTuple):
    """A task that fails."""

    fields: dict[str, str]
    rule: dict[str, Any] | None
    """The emulator's rule for its question; None for the default answer, or for a task whose question is not sent."""
    message: str
    """Part of the message of its incident."""
    paid: int | None
    """How many of its requests Groq answers, and charges for; None if that depends on the moment."""
    properties: Mapping[str, str] = MappingProxyType({})


OFFENDERS = {
    "<pattern>": Offender(
        payload_with("<pattern>", **schema_format({"properties": {"x": {"type": "string", "pattern": "^(a+)+$"}}})),
        content_rule(json.dumps({"x": "a" * 40 + "!"})),
        "its check against the response_format of catalyst_payload takes more than 2 seconds",
        1,
    ),
    "<mapping>": Offender(
        {**payload_with("<mapping>"), "catalyst_responseMapping": json.dumps({"all": DOUBLING})},
        None,
        "catalyst_responseMapping: its evaluation has a result of more than 4,000,000 bytes",
        1,
    ),
    "<deep>": Offender(
        payload_with("<deep>", response_format={"type": "json_object"}),
        content_rule("[" * 3000),
        "Groq: The response is not what was requested: JSON is nested more than 200 levels deep",
        1,
    ),
    "<digits>": Offender(
        payload_with("<digits>"),
        {"status": 429, "body": {"error": {"message": f"{'x' * 9} try again in {'1' * 500_000}u.s"}}},
        "Groq: 429",
        0,
        {"catalyst_giveUpAfter": "PT0S"},
    ),
    "<placeholder>": Offender(
        payload_with(f"<placeholder> ${{userMessage | {DOUBLING}}}"),
        None,
        "catalyst_payload: the evaluation of its placeholder ${userMessage | [@, @]",
        0,
    ),
    "<yaml>": Offender({"catalyst_payload": MERGE_BOMB}, None, "catalyst_payload: has more than 10000 parts", 0),
    "<flow>": Offender(
        {"catalyst_payload": "messages: " + "[" * 40_000}, None, "catalyst_payload: is nested too deeply", 0
    ),
    "<file>": Offender(
        payload_with("<file>", **schema_format({"$ref": "file:///etc/hostname"})),
        None,
        "catalyst_payload: has an invalid JSON schema: its $ref 'file:///etc/hostname' leads to nothing within",
        0,
    ),
    "<url>": Offender(
        payload_with("<url>", **schema_format({"$id": "http://127.0.0.1:9/", "items": {"$dynamicRef": "other.json"}})),
        None,
        "catalyst_payload: has an invalid JSON schema: its $dynamicRef 'other.json' leads to nothing within",
        0,
    ),
    "<dangling>": Offender(
        payload_with("<dangling>", **schema_format({"items": {"$ref": "#/$defs/none"}})),
        None,
        "catalyst_payload: has an invalid JSON schema: its $ref '#/$defs/none' leads to nothing within",
        0,
    ),
    "<path>": Offender(
        payload_with("<path>"),
        None,
        "catalyst_apiKey: 'groq/../engine_password' is not the bare name of a secret",
        0,
        {"catalyst_secretSource": "file", "catalyst_apiKey": "groq/../engine_password"},
    ),
    "<word>": Offender(
        payload_with("<word>"),
        None,
        "catalyst_apiKey: ",
        0,
        {"catalyst_secretSource": "variable", "catalyst_apiKey": '${`"\\"choices\\""`}'},
    ),
    "<hurry>": Offender(payload_with("<hurry>"), {"delay": 2}, ": timed out", None, {"catalyst_timeout": "0.2"}),
}
