"""Validation of a response: separates reasoning from content, and checks JSON against the requested format.

It runs after the response has been stored in the journal. Its result describes the response, and is never a reason to
pay for the response again.
"""

from dataclasses import dataclass
from typing import NamedTuple

from catalyst_groq.common.bounded_execution import BoundedExecutor
from catalyst_groq.groq.api.error_kinds import ErrorKind
from catalyst_groq.groq.api.errors import ApiError
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


@dataclass(frozen=True, slots=True)
class ResponseValidator:
    """Validates responses; what may take any time or memory runs in `executor`."""

    executor: BoundedExecutor

    async def validate(self, response: Response, payload: Payload, error: ApiError | None) -> ValidatedResponse:
        """Validate a response; `error` is its classification. Raises `OSError` if the executor cannot run anything."""
        try:
            return await self._validate(response, payload, error)
        except OSError:
            raise
        except Exception as problem:  # noqa: BLE001 -- a response may contain anything, and no content of it may fail the task
            message = f"The response cannot be validated: {type(problem).__name__}: {problem}"
            return ValidatedResponse(response, error or _not_as_requested(response, message))

    async def _validate(self, response: Response, payload: Payload, error: ApiError | None) -> ValidatedResponse:
        response, output_format = split_reasoning(response), output_format_of(payload)
        if output_format is None:
            return ValidatedResponse(response, error)
        verdict = await validate_output(response, output_format, payload["model"], self.executor)
        if isinstance(verdict, InvalidOutput):
            message = f"The response is not what was requested: {verdict.problem}"
            return ValidatedResponse(response, error or _not_as_requested(response, message), invalid=verdict)
        return ValidatedResponse(verdict.response, None if verdict.response.ok else error, verdict.repaired)


def _not_as_requested(response: Response, message: str) -> ApiError:
    return ApiError(ErrorKind.GENERATION_FAILED, (JSON_VALIDATE_FAILED,), message, response.status)
