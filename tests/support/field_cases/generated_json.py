"""Family 1: JSON that was cut off, or never was JSON."""

from typing import Any

from support.field_cases.case import CHAT, Case, Completed, ErrorEvent, Incident
from support.field_cases.responses import answered, refused

JSON_MODE: dict[str, Any] = {
    "model": CHAT["model"],
    "max_tokens": 512,
    "response_format": {"type": "json_object"},
    "messages": [{"role": "system", "content": "Answer in JSON."}, *CHAT["messages"]],
}
MAPPING = {
    "text": "choices[0].message.content",
    "amount": "parse_json(choices[0].message.content).amount",
    "approved": "parse_json(choices[0].message.content).approved",
}
SCHEMA = {
    "type": "object",
    "properties": {
        "approved": {"type": "boolean"},
        "amount": {"type": "number"},
        "lines": {"type": "array", "items": {"type": "string"}},
    },
    "additionalProperties": False,
}
NOT_WHOLE, CUT_OFF, NO_OBJECT = "not one whole JSON value", "ends before its JSON does", "not a JSON object"
CUT = '{"approved": true, "amount": 125'


def case(case_id, server, *answers, outcome=None, calls=2, paid=2, problem=NOT_WHOLE, payload=JSON_MODE):
    expected = outcome or Incident(("The response is not what was requested", problem))
    return Case(
        case_id, server, answers, expected, calls=calls, paid=paid, payload=payload, mapping=MAPPING, boundary=True
    )


CASES = (
    case(
        "04a-failed-generation-cut-number",
        "refuses its own output, which ends inside a number, as `json_validate_failed`",
        refused(
            400,
            "Failed to generate JSON. Please adjust your prompt. See 'failed_generation' for more details.",
            "json_validate_failed",
            failed_generation=CUT,
        ),
        outcome=ErrorEvent("INVALID_REQUEST", "Failed to generate JSON"),
        paid=0,
    ),
    case("04b-stop-but-cut", "sends JSON that ends inside a number, as complete (`stop`)", answered(CUT)),
    case(
        "04c-gateway-spells-max_tokens",
        "sends JSON that was cut off, with a finish reason of its own: `max_tokens`",
        answered(CUT, "max_tokens"),
        problem=CUT_OFF,
    ),
    case(
        "04e-prose-with-brackets",
        "sends prose with brackets instead of JSON",
        answered("I am sorry, I cannot judge invoice [4711] without {details}."),
    ),
    case(
        "04f-finish-error",
        "sends half of the JSON, with the finish reason `error`",
        answered(CUT, "error"),
        calls=3,
        paid=0,
        outcome=Incident(("502 The server broke the response off (finish_reason: error)",)),
    ),
    case(
        "04h-empty-object",
        "sends prose instead of JSON of a schema, twice",
        answered("I cannot do that."),
        answered("Sorry {no}"),
        payload=CHAT | {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}},
    ),
    case(
        "04i-json-then-prose",
        "sends prose with two different JSON objects in it",
        answered('First idea: {"amount": 1, "approved": false}. No, rather: {"amount": 2, "approved": true}'),
    ),
    case(
        "04j-cut-length-groq",
        "sends JSON that was cut off at `max_tokens` (`length`)",
        answered(CUT, "length"),
        problem=CUT_OFF,
    ),
    case("37a-json-42", "sends the number 42 in JSON mode, which is for objects", answered("42"), problem=NO_OBJECT),
    case("37b-json-null", "sends `null` in JSON mode", answered("null"), problem=NO_OBJECT),
    case(
        "37c-json-twice",
        "sends two JSON objects, one after the other",
        answered('{"amount": 5, "approved": true}\n{"amount": 7, "approved": false}'),
    ),
    case("37d-json-comment", "sends `1,250.50` as a number", answered('{"amount": 1,250.50, "approved": true}')),
    case("37e-json-german-number", "sends `1.250,50` as a number", answered('{"amount": 1.250,50, "approved": true}')),
    case(
        "37g-python-dict",
        "sends a Python dictionary instead of JSON",
        answered("{'amount': 5, 'approved': True}"),
        outcome=Completed({"amount": 5, "approved": True}),
        calls=1,
        paid=1,
    ),
)
