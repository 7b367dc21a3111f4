"""Validation of a response: reasoning, content and tool calls in one form each, and JSON in the requested format.

It runs after the response has been stored in the journal. Its result describes the response, and is never a reason to
pay for the response again.
"""

from dataclasses import dataclass
from typing import NamedTuple

from catalyst_groq.common.bounded_execution import BoundedExecutor
from catalyst_groq.groq.api.error_kinds import ErrorKind
from catalyst_groq.groq.api.errors import EMPTY_ANSWER, OUTPUT_PARSE_FAILED, ApiError
from catalyst_groq.groq.api.operations import Payload
from catalyst_groq.groq.api.reasoning import UnreadableContentError, split_reasoning
from catalyst_groq.groq.api.responses import Response
from catalyst_groq.groq.api.structured_output import (
    JSON_VALIDATE_FAILED,
    InvalidOutput,
    output_format_of,
    validate_output,
)
from catalyst_groq.groq.api.tool_calls import INVALID_TOOL_CALLS, correct_calls

TOOL_USE_FAILED = "tool_use_failed"
"""Groq's own error code for tool calls that cannot be made."""

CALL_REASONS = ("tool_calls", "function_call")


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
        try:
            separated = split_reasoning(response)
        except UnreadableContentError as cause:
            unreadable = _unusable(response, ErrorKind.INVALID_OUTPUT, OUTPUT_PARSE_FAILED, str(cause))
            return ValidatedResponse(response, error or unreadable)
        response, output_format = correct_calls(separated, payload), output_format_of(payload)
        problem = _find_problem(response)
        if problem and (output_format is None or problem.kind is not ErrorKind.EMPTY_ANSWER):
            return ValidatedResponse(response, error or problem)
        if output_format is None:
            return ValidatedResponse(response, error)
        verdict = await validate_output(response, output_format, payload["model"], self.executor)
        if isinstance(verdict, InvalidOutput):
            message = f"The response is not what was requested: {problem.message if problem else verdict.problem}"
            causes = (JSON_VALIDATE_FAILED, *(problem.causes if problem else ()))
            return ValidatedResponse(response, error or _not_as_requested(response, message, causes), invalid=verdict)
        return ValidatedResponse(verdict.response, None if verdict.response.ok else error, verdict.repaired)


def _find_problem(response: Response) -> ApiError | None:
    """Return why the first choice is unusable: it has no content, and no tool call that can be made."""
    choice = response.choices[0] if response.ok and response.choices else {}
    message, reason = choice.get("message"), choice.get("finish_reason")
    if not isinstance(message, dict) or message.get("tool_calls"):
        return None
    if invalid := message.get(INVALID_TOOL_CALLS):
        text = f"No tool call can be made: {'; '.join(dict.fromkeys(call['error'] for call in invalid))}"
        return _unusable(response, ErrorKind.INVALID_OUTPUT, TOOL_USE_FAILED, text)
    if reason in CALL_REASONS and "tool_calls" in message:
        text = f"finish_reason is '{reason}', but the response has no tool call"
        return _unusable(response, ErrorKind.INVALID_OUTPUT, TOOL_USE_FAILED, text)
    content = message.get("content")
    if content and not (isinstance(content, str) and content.isspace()):
        return None
    refusal = message.get("refusal")
    text = f"The model refuses: {refusal}" if refusal else f"The answer is empty (finish_reason: {reason or 'none'})"
    return _unusable(response, ErrorKind.EMPTY_ANSWER, EMPTY_ANSWER, text)


def _unusable(response: Response, kind: ErrorKind, cause: str, message: str) -> ApiError:
    return ApiError(kind, (cause,), message, response.status)


def _not_as_requested(response: Response, message: str, causes: tuple[str, ...] = (JSON_VALIDATE_FAILED,)) -> ApiError:
    return ApiError(ErrorKind.INVALID_OUTPUT, causes, message, response.status)
