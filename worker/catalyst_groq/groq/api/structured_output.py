"""Answers that must be JSON: read, mended where a model was careless, checked against their schema. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

import json_repair

from catalyst_groq.groq.api.responses import Response

JSON_VALIDATE_FAILED = "json_validate_failed"
"""What Groq calls it when it notices by itself that an answer is not what was asked for."""

OUT_OF_TOKENS = "max completion tokens reached"
MAX_EXCERPT_CHARS = 300
"""Characters of a problem that the model and the modeller are told."""


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """What an answer must be: JSON, of any kind or as a schema has it."""

    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ValidOutput:
    """An answer whose content is JSON that fits. `mended` says whether it was so only after a repair."""

    response: Response
    repaired: bool = False


@dataclass(frozen=True, slots=True)
class InvalidOutput:
    """An answer that is not what was asked for; `may_improve` says whether asking again can help."""

    problem: str
    content: str
    may_improve: bool = True


def output_format_of(payload: Mapping[str, Any]) -> OutputFormat | None:
    """Return what a request wants its answer to be; nothing where any text will do."""
    wanted = payload.get("response_format")
    if not isinstance(wanted, dict):
        return None
    match wanted.get("type"):
        case "json_object":
            return OutputFormat()
        case "json_schema":
            named = wanted.get("json_schema")
            schema = named.get("schema") if isinstance(named, dict) else None
            return OutputFormat(schema if isinstance(schema, dict) else None)
        case _:
            return None


def schema_problem(schema: Mapping[str, Any]) -> str | None:
    """Say why a schema is none."""
    from jsonschema.exceptions import SchemaError  # noqa: PLC0415 -- 2 MB that most workers never need
    from jsonschema.validators import validator_for  # noqa: PLC0415 -- the same

    try:
        validator_for(schema).check_schema(dict(schema))
    except SchemaError as error:
        return error.message[:MAX_EXCERPT_CHARS]
    return None


def _mismatch(value: Any, schema: Mapping[str, Any]) -> str | None:
    from jsonschema.exceptions import best_match  # noqa: PLC0415 -- 2 MB that most workers never need
    from jsonschema.validators import validator_for  # noqa: PLC0415 -- the same

    error = best_match(validator_for(schema)(schema).iter_errors(value))
    return f"at {error.json_path} {error.message}"[:MAX_EXCERPT_CHARS] if error else None


def validate_output(answer: Response, wanted: OutputFormat, model: str) -> ValidOutput | InvalidOutput:
    """Check an answer, and mend its JSON where it is broken. A call of tools is no misfit: the answer comes later.

    What Groq itself found wrong comes as a refusal with the text in it; where that can be mended, it is the answer.
    """
    if answer.code != JSON_VALIDATE_FAILED:
        return _validate_content(answer, wanted)
    generated = str(answer.error.get("failed_generation") or "")
    if OUT_OF_TOKENS in generated:
        return InvalidOutput(answer.message, generated, may_improve=False)
    message = {"role": "assistant", "content": generated}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    body = {"object": "chat.completion", "model": model, "choices": [choice]}
    verdict = _validate_content(replace(answer, status=HTTPStatus.OK).with_body(body), wanted)
    return (
        replace(verdict, repaired=True)
        if isinstance(verdict, ValidOutput)
        else InvalidOutput(answer.message, generated)
    )


def _validate_content(answer: Response, wanted: OutputFormat) -> ValidOutput | InvalidOutput:
    choice = answer.choices[0] if answer.ok and answer.choices else {}
    message = choice.get("message")
    if not isinstance(message, dict) or message.get("tool_calls"):
        return ValidOutput(answer)
    content = str(message.get("content") or "")
    if choice.get("finish_reason") == "length":
        return InvalidOutput("the answer ends before its JSON does", content, may_improve=False)
    try:
        value, mended = json.loads(content), False
    except (ValueError, RecursionError):
        value, mended = json_repair.loads(content), True
    if mended and not isinstance(value, dict | list):
        return InvalidOutput("the answer is no JSON", content)
    if wanted.schema is not None and (problem := _mismatch(value, wanted.schema)):
        return InvalidOutput(problem, content)
    return ValidOutput(_with_content(answer, value), repaired=True) if mended else ValidOutput(answer)


def repair_request(payload: Mapping[str, Any], misfit: InvalidOutput) -> dict[str, Any]:
    """Return the request that shows the model its answer and what is wrong with it."""
    complaint = f"That is not the JSON that was asked for: {misfit.problem}. Answer once more, with that JSON only."
    turns = [{"role": "assistant", "content": misfit.content}, {"role": "user", "content": complaint}]
    return {**payload, "messages": [*payload["messages"], *turns]}


def _with_content(answer: Response, value: Any) -> Response:
    first, *others = answer.choices
    said = {**first["message"], "content": json.dumps(value, ensure_ascii=False)}
    return answer.with_body({**answer.body, "choices": [{**first, "message": said}, *others]})
