"""The forms of Groq's answers. Pure.

A form is a JSON schema. Unlike in a schema, properties that are not listed do not exist, unless `additionalProperties`
allows them. The schema of a text that is JSON stands in `contentSchema`. `{}` stands for anything.
Source: Groq's API reference (reference/groq-api.md, sections 1.3 and 3).
"""

from collections.abc import Mapping
from typing import Any

from catalyst_groq.groq.api.structured_output import output_format_of

Form = Mapping[str, Any]
ANYTHING: Form = {}
TEXT: Form = {"type": "string"}
NUMBER: Form = {"type": "number"}
USAGE_FIGURES = (
    *("prompt_tokens", "completion_tokens", "total_tokens"),
    *("queue_time", "prompt_time", "completion_time", "total_time"),
)
USAGE_DETAILS = ("prompt_tokens_details", "completion_tokens_details")


def chat_form(payload: Mapping[str, Any], *, is_groq: bool) -> Form:
    """Return the form of a chat completion that answers the payload."""
    output = output_format_of(payload)
    content: dict[str, Any] = {**TEXT, "contentSchema": (output.schema if output else None) or ANYTHING}
    function = make_object(name=TEXT, arguments=TEXT)
    call = make_object(id=TEXT, type=TEXT, index=NUMBER, function=function)
    message = make_object(
        role=TEXT,
        content=content,
        reasoning=TEXT,
        tool_calls=make_list(call),
        function_call=function,
        executed_tools=ANYTHING,
        annotations=ANYTHING,
    )
    choice = make_object(index=NUMBER, message=message, finish_reason=TEXT, logprobs=ANYTHING)
    others = dict.fromkeys(("usage_breakdown", "x_groq", "mcp_list_tools"), ANYTHING)
    texts = dict.fromkeys(("id", "object", "model", "system_fingerprint", "service_tier"), TEXT)
    usage = make_object(**dict.fromkeys(USAGE_FIGURES, NUMBER), **dict.fromkeys(USAGE_DETAILS, ANYTHING))
    answer = make_object(**texts, **others, created=NUMBER, usage=usage, choices=make_list(choice))
    if not is_groq:
        for part in (answer, choice, message, usage):
            part["additionalProperties"] = True
    return answer


def transcription_form(response_format: str, *, is_groq: bool) -> Form:
    """Return the form of a transcription."""
    answer = make_object(text=TEXT, model=TEXT)
    if response_format != "text":
        answer["properties"]["x_groq"] = ANYTHING
    if response_format == "verbose_json":
        answer["properties"] |= {"task": TEXT, "language": TEXT, "duration": NUMBER}
        answer["properties"] |= {"segments": make_list(ANYTHING), "words": make_list(ANYTHING)}
    return answer if is_groq else {**answer, "additionalProperties": True}


def tool_calls_form(payload: Mapping[str, Any]) -> Form:
    """Return the form of what the function `tool_calls` returns."""
    tools = payload.get("tools")
    functions = [tool.get("function") for tool in (tools if isinstance(tools, list) else ()) if isinstance(tool, dict)]
    schemas = [function.get("parameters") for function in functions if isinstance(function, dict)]
    only = schemas[0] if len(schemas) == 1 and isinstance(schemas[0], dict) and "properties" in schemas[0] else None
    return make_list(make_object(id=TEXT, name=TEXT, arguments=only or ANYTHING))


def make_object(**properties: Form) -> dict[str, Any]:
    """Return the form of an object with these properties."""
    return {"type": "object", "properties": properties}


def make_list(items: Form) -> dict[str, Any]:
    """Return the form of a list."""
    return {"type": "array", "items": items}
