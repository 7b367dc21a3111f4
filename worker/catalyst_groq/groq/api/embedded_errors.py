"""Errors that servers send inside a response with status 200, whole or streamed. Pure.

Groq sends `error` or `x_groq.error` in a stream; OpenRouter `error` in the body or in a choice; vLLM an object `error`;
TGI a text.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from catalyst_groq.common.json_codec import to_bytes
from catalyst_groq.groq.api.error_bodies import reports_error
from catalyst_groq.groq.api.responses import Response

STATUS_NAMES = ("status_code", "status", "code")
STATUS = re.compile(r"[1-9]\d\d", re.ASCII)
STATUS_BY_NAME = {
    "rate_limit_exceeded": HTTPStatus.TOO_MANY_REQUESTS,
    "rate_limit_error": HTTPStatus.TOO_MANY_REQUESTS,
    "tokens": HTTPStatus.TOO_MANY_REQUESTS,
    "requests": HTTPStatus.TOO_MANY_REQUESTS,
    "invalid_api_key": HTTPStatus.UNAUTHORIZED,
    "authentication_error": HTTPStatus.UNAUTHORIZED,
    "permission_error": HTTPStatus.FORBIDDEN,
    "not_found_error": HTTPStatus.NOT_FOUND,
    "invalid_request_error": HTTPStatus.BAD_REQUEST,
    "validation": HTTPStatus.UNPROCESSABLE_ENTITY,
    "RESOURCE_EXHAUSTED": HTTPStatus.TOO_MANY_REQUESTS,
    "UNAUTHENTICATED": HTTPStatus.UNAUTHORIZED,
    "PERMISSION_DENIED": HTTPStatus.FORBIDDEN,
    "NOT_FOUND": HTTPStatus.NOT_FOUND,
    "INVALID_ARGUMENT": HTTPStatus.BAD_REQUEST,
    "UNAVAILABLE": HTTPStatus.SERVICE_UNAVAILABLE,
    "overloaded": HTTPStatus.SERVICE_UNAVAILABLE,
    "overloaded_error": HTTPStatus.SERVICE_UNAVAILABLE,
}
"""By `code`, `type` or `status`, where an error has no status."""

BROKEN_OFF = frozenset(("error", "network_error"))
"""Values of `finish_reason` and `native_finish_reason` of a response that the server could not complete."""


def surface_error(response: Response) -> Response:
    """Return a response with the status of the error inside it; the response itself if there is none."""
    if not response.is_success or not isinstance(response.body, dict):
        return response
    error = find_error(response.body)
    return response if error is None else error_response(response, error)


def error_response(response: Response, error: Mapping[str, Any]) -> Response:
    """Return the response that a server would have sent for an error at once."""
    return Response(status_of(error), response.headers, to_bytes({"error": error}), response.seconds)


def find_error(body: Mapping[str, Any], *, is_error: bool = False) -> dict[str, Any] | None:
    """Return the error in a body or in a chunk of a stream as an `error` object; None when there is none.

    `is_error`: the body is known to be one, because it is the data of an event `error`.
    """
    x_groq = body.get("x_groq")
    for error in (body.get("error"), x_groq.get("error") if isinstance(x_groq, dict) else None):
        if reports_error(error):
            return _as_object(error, body)
    if is_error or body.get("object") == "error":
        return _as_object({name: value for name, value in body.items() if name != "object"}, body)
    choices = body.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict) and (error := _find_error_of_choice(choice)):
            return error
    return None


def status_of(error: Mapping[str, Any]) -> int:
    """Return the HTTP status that an error means; 500 when it does not say."""
    for name in STATUS_NAMES:
        status = _read_status(error.get(name))
        if HTTPStatus.BAD_REQUEST <= status < 600:  # noqa: PLR2004
            return status
    for name in ("code", "type", "status"):
        value = error.get(name)
        if isinstance(value, str) and value in STATUS_BY_NAME:
            return STATUS_BY_NAME[value]
    return HTTPStatus.INTERNAL_SERVER_ERROR


def _read_status(value: Any) -> int:
    """Return the number in a value, 0 for anything else."""
    if isinstance(value, str):
        return int(value) if STATUS.fullmatch(value) else 0
    return int(value) if isinstance(value, int | float) and value == value // 1 else 0


def _find_error_of_choice(choice: Mapping[str, Any]) -> dict[str, Any] | None:
    if reports_error(error := choice.get("error")):
        return _as_object(error, choice)
    for name in ("finish_reason", "native_finish_reason"):
        if isinstance(reason := choice.get(name), str) and reason in BROKEN_OFF:
            message = f"The server broke the response off ({name}: {reason})"
            return {"message": message, "code": HTTPStatus.BAD_GATEWAY.value}
    return None


def _as_object(error: Any, container: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(error, dict):
        kind = container.get("error_type")
        return {"message": str(error)} | ({"type": kind} if isinstance(kind, str) else {})
    return error
