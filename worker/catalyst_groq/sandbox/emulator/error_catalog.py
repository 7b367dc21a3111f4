"""Error responses that a script or a test can select: by Groq's error code or by status."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.client import responses
from urllib.parse import quote

from catalyst_groq.sandbox.emulator.error_responses import (
    ErrorResponse,
    bad_gateway,
    body_too_large,
    cloudflare_blocked,
    context_length_exceeded,
    edge_timeout,
    error_response,
    failed_dependency,
    flex_full,
    internal_error,
    invalid_api_key,
    json_validate_failed,
    model_blocked,
    model_decommissioned,
    model_not_found,
    network_blocked,
    over_capacity,
    rate_limited,
    semantic_error,
    spend_limit_reached,
    tool_use_failed,
)

BY_CODE: Mapping[str, Callable[[str], ErrorResponse]] = {
    "invalid_api_key": lambda _model: invalid_api_key(),
    "network_blocked": lambda _model: network_blocked(),
    "cloudflare_blocked": lambda _model: cloudflare_blocked(),
    "model_permission_blocked_org": lambda model: model_blocked(model, "org"),
    "model_permission_blocked_project": lambda model: model_blocked(model, "project"),
    "model_not_found": model_not_found,
    "model_decommissioned": model_decommissioned,
    "context_length_exceeded": lambda _model: context_length_exceeded(),
    "json_validate_failed": lambda _model: json_validate_failed('{"answer": "unfinished'),
    "tool_use_failed": lambda _model: tool_use_failed('look_up{"query": "x"}</function>'),
    "output_parse_failed": lambda _model: error_response(
        400,
        "Parsing failed. The model generated output that could not be parsed. Please adjust your prompt. See "
        "'failed_generation' for more details.",
        code="output_parse_failed",
        failed_generation="<|channel|>analysis<|message|>We need",
    ),
    "expired_api_key": lambda _model: error_response(401, "Expired API Key", code="expired_api_key"),
    "organization_restricted": lambda _model: error_response(
        400,
        "Organization has been restricted. Please reach out to support if you believe this was in error.",
        code="organization_restricted",
    ),
    "not_available_for_plan": lambda _model: error_response(
        403, "This feature is not available for your plan.", kind="permissions_error", code="not_available_for_plan"
    ),
    "model_terms_required": lambda model: error_response(
        400,
        f"The model `{model}` requires terms acceptance. Please have the org admin accept the terms at "
        f"https://console.groq.com/playground?model={quote(model, safe='')}",
        code="model_terms_required",
    ),
    "spend_limit_reached": lambda _model: spend_limit_reached(),
    "rate_limit_exceeded": rate_limited,
    "capacity_exceeded": lambda _model: flex_full(),
    "over_capacity": over_capacity,
}
"""Error responses by code. Each function takes the requested model."""

_BY_STATUS: Mapping[int, Callable[[str], ErrorResponse]] = {
    401: BY_CODE["invalid_api_key"],
    403: BY_CODE["network_blocked"],
    404: BY_CODE["model_not_found"],
    413: lambda _model: body_too_large(),
    422: lambda _model: semantic_error(),
    424: lambda _model: failed_dependency(),
    429: BY_CODE["rate_limit_exceeded"],
    498: BY_CODE["capacity_exceeded"],
    500: lambda _model: internal_error(),
    502: lambda _model: bad_gateway(),
    503: BY_CODE["over_capacity"],
    524: lambda _model: edge_timeout(),
}


def response_for_status(status: int, model: str) -> ErrorResponse:
    """Return Groq's error response for a status."""
    if status in _BY_STATUS:
        return _BY_STATUS[status](model)
    kind = "invalid_request_error" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "internal_server_error"
    return error_response(status, responses.get(status, "Error"), kind=kind)
