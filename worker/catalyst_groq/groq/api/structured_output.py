"""Structured output: responses whose content must be JSON, with or without a schema."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from catalyst_groq.common.bounded_execution import BoundedExecutor, Unfinished
from catalyst_groq.common.json_codec import NestedTooDeeplyError, check_finite, parse, to_text
from catalyst_groq.groq.api.json_schema import find_mismatch
from catalyst_groq.groq.api.lenient_json import parse_lenient
from catalyst_groq.groq.api.responses import Response

JSON_VALIDATE_FAILED = "json_validate_failed"
"""Groq's own error code for content that is not the requested JSON."""

OUT_OF_TOKENS = "max completion tokens reached"
"""Groq's text in `failed_generation` when the output limit ended the content."""

NATURAL_ENDS = frozenset(("", "stop", "eos", "eos_token", "stop_sequence", "end_turn", "tool_calls", "function_call"))
"""Values of `finish_reason` of Groq and of other servers: the model itself ended its response. Any other cut it off."""

MAX_LENIENT_CHARS = 2000
"""A longer text that is not JSON is parsed leniently in another process, which bounds time and memory."""

MAX_CHECK_SIZE = 250_000
"""Characters of a schema times characters of a content that are checked on the event loop."""

NAMES_OF_TYPES = frozenset(("array", "boolean", "integer", "null", "number", "object", "string"))
BOUNDED_KEYWORDS = frozenset(
    (
        *("type", "enum", "const", "properties", "required", "additionalProperties", "items"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength"),
        *("minItems", "maxItems", "minProperties", "maxProperties"),
        *("title", "description", "default", "examples", "format", "$comment"),
    )
)
"""Keywords of JSON Schema that look at each part of a content once. Any other may take any time for a short content."""

CUT_OFF = "the response ends before its JSON does, so a shorter one is needed"

NO_JSON, TOO_DEEP = object(), object()
"""In place of the value of a text."""


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """The format that the content must have: JSON that matches `schema`; without one a JSON object, or any JSON."""

    schema: Mapping[str, Any] | None = None
    is_object: bool = False


@dataclass(frozen=True, slots=True)
class ValidOutput:
    """A response whose content has the requested format. `repaired`: the form of the JSON was corrected."""

    response: Response
    repaired: bool = False


@dataclass(frozen=True, slots=True)
class ValidJson:
    """A text that is JSON. `repaired`: the JSON in place of a text with other forms; None when it is JSON itself."""

    repaired: str | None = None


@dataclass(frozen=True, slots=True)
class InvalidOutput:
    """Content without the requested format. `may_improve`: whether a follow-up request may get a better response."""

    problem: str
    content: str
    may_improve: bool = True


def output_format_of(payload: Mapping[str, Any]) -> OutputFormat | None:
    """Return the format that a request demands; None when the content may be any text."""
    response_format = payload.get("response_format")
    if not isinstance(response_format, dict):
        return None
    match response_format.get("type"):
        case "json_object":
            return OutputFormat(is_object=True)
        case "json_schema":
            json_schema = response_format.get("json_schema")
            schema = json_schema.get("schema") if isinstance(json_schema, dict) else None
            return OutputFormat(schema if isinstance(schema, dict) else None)
        case _:
            return None


async def validate_output(
    response: Response, output_format: OutputFormat, model: str, executor: BoundedExecutor
) -> ValidOutput | InvalidOutput:
    """Validate the content of a response, and correct the form of its JSON. A response with tool calls has no content.

    When Groq itself finds the content invalid, it responds with an error that contains the text. Text that is JSON but
    for its form becomes the content of a valid response of `model`.
    """
    if response.code != JSON_VALIDATE_FAILED:
        return await _validate_content(response, output_format, executor)
    generated = str(response.error.get("failed_generation") or "")
    if OUT_OF_TOKENS in generated:
        return InvalidOutput(CUT_OFF, generated)
    message = {"role": "assistant", "content": generated}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    body = {"object": "chat.completion", "model": model, "choices": [choice]}
    verdict = await _validate_content(replace(response, status=HTTPStatus.OK).with_body(body), output_format, executor)
    if isinstance(verdict, ValidOutput):
        return replace(verdict, repaired=True)
    return InvalidOutput(response.message, generated, may_improve=verdict.may_improve)


async def _validate_content(
    response: Response, output_format: OutputFormat, executor: BoundedExecutor
) -> ValidOutput | InvalidOutput:
    choice = response.choices[0] if response.ok and response.choices else {}
    message = choice.get("message")
    if not isinstance(message, dict) or message.get("tool_calls"):
        return ValidOutput(response)
    content = str(message.get("content") or "")
    if str(choice.get("finish_reason") or "").lower() not in NATURAL_ENDS:
        return InvalidOutput(CUT_OFF, content)
    verdict = await _check_json(content, output_format, executor)
    if isinstance(verdict, InvalidOutput):
        return verdict
    return (
        ValidOutput(_with_content(response, verdict.repaired), repaired=True)
        if verdict.repaired
        else ValidOutput(response)
    )


async def _check_json(
    content: str, output_format: OutputFormat, executor: BoundedExecutor
) -> ValidJson | InvalidOutput:
    if _is_quickly_checked(content, output_format.schema):
        return check_json(content, output_format)
    verdict: ValidJson | InvalidOutput | Unfinished = await executor.run(check_json, content, output_format)
    if isinstance(verdict, Unfinished):
        problem = f"its check against the response_format of catalyst_payload {verdict.reason}"
        return InvalidOutput(problem, content, may_improve=False)
    return verdict


def check_json(content: str, output_format: OutputFormat) -> ValidJson | InvalidOutput:
    """Check that a text is JSON of a format; correct its form. Takes time without bound."""
    value, repaired = _parse(content), None
    if value is NO_JSON:
        value = _parse(content, parse_lenient)
        if value is NO_JSON:
            return InvalidOutput("the response is not one whole JSON value", content)
        repaired = json.dumps(value, ensure_ascii=False)
    if value is TOO_DEEP:
        return InvalidOutput(str(NestedTooDeeplyError()), content, may_improve=False)
    if output_format.is_object and not isinstance(value, dict):
        return InvalidOutput("the response is not a JSON object", content)
    if output_format.schema is not None and (problem := find_mismatch(value, output_format.schema)):
        return InvalidOutput(problem, content)
    return ValidJson(repaired)


def _is_quickly_checked(content: str, schema: Mapping[str, Any] | None) -> bool:
    """Whether size and form bound the time of `check_json` to milliseconds."""
    if len(content) > MAX_LENIENT_CHARS and _parse(content) is NO_JSON:
        return False
    if schema is None:
        return True
    return len(to_text(schema, str)) * max(len(content), 1) <= MAX_CHECK_SIZE and _has_bounded_keywords(schema)


def _has_bounded_keywords(schema: Any) -> bool:
    """Whether a schema and those in it have only `BOUNDED_KEYWORDS`, in the form that they have in every draft."""
    remaining = [schema]
    while remaining:
        part = remaining.pop()
        if isinstance(part, bool):
            continue
        if not isinstance(part, Mapping) or not part.keys() <= BOUNDED_KEYWORDS:
            return False
        types, properties = part.get("type", []), part.get("properties", {})
        if not isinstance(properties, Mapping) or not all(
            isinstance(name, str) and name in NAMES_OF_TYPES for name in (types if isinstance(types, list) else [types])
        ):
            return False
        remaining += [part.get("items", True), part.get("additionalProperties", True), *properties.values()]
    return True


def _parse(content: str, parse: Callable[[str], Any] = parse) -> Any:
    """Return the value of a text. Infinity and NaN are no JSON: the process would receive null."""
    try:
        value = parse(content)
        check_finite(value)
    except NestedTooDeeplyError:
        return TOO_DEEP
    except ValueError:
        return NO_JSON
    return value


def _with_content(response: Response, content: str) -> Response:
    first, *others = response.choices
    message = {**first["message"], "content": content}
    return response.with_body({**response.body, "choices": [{**first, "message": message}, *others]})
