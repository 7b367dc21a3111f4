"""Validation of a response: separates reasoning from content, and checks JSON against the requested format. Pure.

It runs after the response has been stored in the journal. Its result describes the response, and is never a reason to
pay for the response again.
"""

from typing import NamedTuple

from catalyst_groq.groq.api.errors import ApiError, ErrorKind
from catalyst_groq.groq.api.operations import Payload
from catalyst_groq.groq.api.reasoning import split_reasoning
from catalyst_groq.groq.api.responses import Response
from catalyst_groq.groq.api.structured_output import (
    JSON_VALIDATE_FAILED,
    InvalidOutput,
    output_format_of,
    validate_output,
)


class ValidatedResponse(NamedTuple):
    """A response as the process receives it, and what is wrong with it."""

    response: Response
    error: ApiError | None
    repaired: bool = False
    """Whether the content is valid JSON only after a repair."""
    invalid: InvalidOutput | None = None
    """Set when the content is not the JSON that was requested."""


async def validate_response(response: Response, payload: Payload, error: ApiError | None) -> ValidatedResponse:
    """Validate a response; `error` is its classification. Never raises.

    It is a coroutine, so that a function that validates in an executor can replace it without changes to its callers.
    """
    try:
        return _validate(response, payload, error)
    except Exception as problem:  # noqa: BLE001 -- a response may contain anything, and no content of it may fail the task
        message = f"The response cannot be validated: {type(problem).__name__}: {problem}"
        return ValidatedResponse(
            response, error or ApiError(ErrorKind.GENERATION_FAILED, (JSON_VALIDATE_FAILED,), message, response.status)
        )


def _validate(response: Response, payload: Payload, error: ApiError | None) -> ValidatedResponse:
    response, output_format = split_reasoning(response), output_format_of(payload)
    if output_format is None:
        return ValidatedResponse(response, error)
    verdict = validate_output(response, output_format, payload["model"])
    if isinstance(verdict, InvalidOutput):
        message = f"The response is not what was requested: {verdict.problem}"
        failed = ApiError(ErrorKind.GENERATION_FAILED, (JSON_VALIDATE_FAILED,), message, response.status)
        return ValidatedResponse(response, error or failed, invalid=verdict)
    return ValidatedResponse(verdict.response, None if verdict.response.ok else error, verdict.repaired)
