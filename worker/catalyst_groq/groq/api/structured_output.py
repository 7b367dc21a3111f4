"""Structured output: responses whose content must be JSON, with or without a schema. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

import json_repair

from catalyst_groq.groq.api.responses import Response

JSON_VALIDATE_FAILED = "json_validate_failed"
"""Groq's own error code for content that is not the requested JSON."""

OUT_OF_TOKENS = "max completion tokens reached"
"""Groq's text in `failed_generation` when the output limit ended the content."""
MAX_EXCERPT_CHARS = 300
"""Length to which a problem is described to the model and to the modeller."""


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """The format that the content must have: JSON that matches `schema`; any JSON without a schema."""

    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ValidOutput:
    """A response whose content has the requested format. `repaired`: the JSON was malformed, and was repaired."""

    response: Response
    repaired: bool = False


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
            return OutputFormat()
        case "json_schema":
            json_schema = response_format.get("json_schema")
            schema = json_schema.get("schema") if isinstance(json_schema, dict) else None
            return OutputFormat(schema if isinstance(schema, dict) else None)
        case _:
            return None


def schema_problem(schema: Mapping[str, Any]) -> str | None:
    """Describe what is wrong with a JSON schema; None when it is valid."""
    from jsonschema.exceptions import SchemaError  # noqa: PLC0415 -- 2 MB that most workers never need
    from jsonschema.validators import validator_for  # noqa: PLC0415 -- the same

    try:
        validator_for(schema).check_schema(dict(schema))
    except SchemaError as error:
        return error.message[:MAX_EXCERPT_CHARS]
    return None


def validate_output(response: Response, output_format: OutputFormat, model: str) -> ValidOutput | InvalidOutput:
    """Validate the content of a response, and repair malformed JSON. A response with tool calls has no such content.

    When Groq itself finds the content invalid, it responds with an error that contains the text. Text that can be
    repaired becomes the content of a valid response of `model`.
    """
    if response.code != JSON_VALIDATE_FAILED:
        return _validate_content(response, output_format)
    generated = str(response.error.get("failed_generation") or "")
    if OUT_OF_TOKENS in generated:
        return InvalidOutput(response.message, generated, may_improve=False)
    message = {"role": "assistant", "content": generated}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    body = {"object": "chat.completion", "model": model, "choices": [choice]}
    verdict = _validate_content(replace(response, status=HTTPStatus.OK).with_body(body), output_format)
    if isinstance(verdict, ValidOutput):
        return replace(verdict, repaired=True)
    return InvalidOutput(response.message, generated)


def _validate_content(response: Response, output_format: OutputFormat) -> ValidOutput | InvalidOutput:
    choice = response.choices[0] if response.ok and response.choices else {}
    message = choice.get("message")
    if not isinstance(message, dict) or message.get("tool_calls"):
        return ValidOutput(response)
    content = str(message.get("content") or "")
    if choice.get("finish_reason") == "length":
        return InvalidOutput("the response ends before its JSON does", content, may_improve=False)
    try:
        value, repaired = json.loads(content), False
    except (ValueError, RecursionError):
        value, repaired = json_repair.loads(content), True
    if repaired and not isinstance(value, dict | list):
        return InvalidOutput("the response is not JSON", content)
    if output_format.schema is not None and (problem := _find_mismatch(value, output_format.schema)):
        return InvalidOutput(problem, content)
    return ValidOutput(_with_content(response, value), repaired=True) if repaired else ValidOutput(response)


def _find_mismatch(value: Any, schema: Mapping[str, Any]) -> str | None:
    from jsonschema.exceptions import best_match  # noqa: PLC0415 -- 2 MB that most workers never need
    from jsonschema.validators import validator_for  # noqa: PLC0415 -- the same

    error = best_match(validator_for(schema)(schema).iter_errors(value))
    return f"at {error.json_path} {error.message}"[:MAX_EXCERPT_CHARS] if error else None


def repair_request(payload: Mapping[str, Any], invalid: InvalidOutput) -> dict[str, Any]:
    """Return the follow-up request, which shows the model its response and what is wrong with it."""
    correction = f"That is not the JSON that was requested: {invalid.problem}. Answer once more, with that JSON only."
    follow_up = [{"role": "assistant", "content": invalid.content}, {"role": "user", "content": correction}]
    return {**payload, "messages": [*payload["messages"], *follow_up]}


def _with_content(response: Response, value: Any) -> Response:
    first, *others = response.choices
    message = {**first["message"], "content": json.dumps(value, ensure_ascii=False)}
    return response.with_body({**response.body, "choices": [{**first, "message": message}, *others]})
