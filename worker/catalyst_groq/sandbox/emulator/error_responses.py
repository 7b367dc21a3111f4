"""Groq's error responses, with Groq's exact text where it is known.

Bodies not marked "invented" come from Groq's documentation and from users' reports (reference/groq-api.md,
section 2.3).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

_DEPRECATIONS = "https://console.groq.com/docs/deprecations"
_LIMITS = "https://console.groq.com/settings"
_BILLING = "https://console.groq.com/settings/billing"
FLEX_FULL = 498
"""Groq's own status code: no flex capacity is available at the moment."""


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """An error response: status, exact body and its specific headers."""

    status: int
    body: str
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    def with_headers(self, headers: Mapping[str, str]) -> Self:
        """Return a copy with additional headers."""
        return replace(self, headers={**self.headers, **headers})


def error_response(
    status: int, message: str, kind: str | None = "invalid_request_error", code: str | None = None, **more: Any
) -> ErrorResponse:
    """Create an error response in Groq's usual form. Fields that are None are left out."""
    error = {"message": message, "type": kind, **_param_before_code(code, more)}
    fields = {key: value for key, value in error.items() if value is not None}
    return ErrorResponse(status, json.dumps({"error": fields}, ensure_ascii=False, separators=(",", ":")) + "\n")


def _param_before_code(code: str | None, more: dict[str, Any]) -> dict[str, Any]:
    param = more.pop("param", None)
    return {"param": param, "code": code, **more}


def bad_request(message: str, *, param: str | None = None) -> ErrorResponse:
    """400: the request breaks a rule. `message` is Groq's text for the rule."""
    return error_response(400, message, param=param)


def invalid_api_key() -> ErrorResponse:
    """401: the key is missing or wrong."""
    return error_response(401, "Invalid API Key", code="invalid_api_key")


def network_blocked() -> ErrorResponse:
    """403: the client's address is blocked (VPN, data centre, country), before the key is checked."""
    return error_response(403, "Access denied. Please check your network settings.", kind=None)


def model_blocked(model: str, level: str) -> ErrorResponse:
    """403: the organization or the project has disabled the model."""
    admin, scope = ("the org admin", "org") if level == "org" else ("a project admin", "project")
    name = "organization" if level == "org" else "project"
    page = "limits" if level == "org" else "project/limits"
    return error_response(
        403,
        f"The model `{model}` is blocked at the {name} level. Please have {admin} enable this model in the "
        f"{scope} settings at {_LIMITS}/{page}",
        kind="permissions_error",
        code=f"model_permission_blocked_{level}",
    )


def model_not_found(model: str) -> ErrorResponse:
    """404: the model is unknown, or was retired recently."""
    return error_response(
        404, f"The model `{model}` does not exist or you do not have access to it.", code="model_not_found"
    )


def model_decommissioned(model: str) -> ErrorResponse:
    """400: the model was retired long ago."""
    return error_response(
        400,
        f"The model `{model}` has been decommissioned and is no longer supported. Please refer to "
        f"{_DEPRECATIONS} for a recommendation on which model to use instead.",
        code="model_decommissioned",
    )


def unknown_url(method: str, path: str) -> ErrorResponse:
    """404: the path is not an endpoint."""
    return error_response(
        404,
        f"Unknown request URL: {method} {path}. Please check the URL for typos, or see the docs at "
        "https://console.groq.com/docs/",
        code="unknown_url",
    )


def context_length_exceeded() -> ErrorResponse:
    """400: the messages exceed the model's context window."""
    return error_response(
        400, "Please reduce the length of the messages or completion.", code="context_length_exceeded", param="messages"
    )


def output_cap_exceeded(field_name: str, cap: int) -> ErrorResponse:
    """400: the requested output tokens exceed the model's maximum."""
    return bad_request(
        f"`{field_name}` must be less than or equal to `{cap}`, the maximum value for `{field_name}` is less "
        "than the `context_window` for this model",
        param=field_name,
    )


def json_validate_failed(generation: str) -> ErrorResponse:
    """400: the generated text is not the requested JSON."""
    return error_response(
        400,
        "Failed to generate JSON. Please adjust your prompt. See 'failed_generation' for more details.",
        code="json_validate_failed",
        failed_generation=generation,
    )


def tool_use_failed(generation: str, reason: str | None = None) -> ErrorResponse:
    """400: the generated tool call is unreadable, or breaks a rule (`reason`)."""
    return error_response(
        400,
        reason or "Failed to call a function. Please adjust your prompt. See 'failed_generation' for more details.",
        code="tool_use_failed",
        failed_generation=generation,
    )


def spend_limit_reached() -> ErrorResponse:
    """400: the organization has reached its spend limit."""
    return error_response(
        400,
        "Organization has blocked API access because a spend alert threshold was met. Please visit "
        f"{_BILLING} to manage your spend alerts.",
        code="spend_limit_reached",
    )


def over_capacity(model: str) -> ErrorResponse:
    """503: the model is over capacity."""
    return error_response(
        503,
        f"{model} is currently over capacity. Please try again and back off exponentially. Visit "
        "https://groqstatus.com to see if there is an active incident.",
        kind="internal_server_error",
    )


def flex_full() -> ErrorResponse:
    """498: no flex capacity. Only status and code are known; the text is invented."""
    return error_response(
        FLEX_FULL,
        "Flex tier capacity exceeded. Please try again later.",
        kind="invalid_request_error",
        code="capacity_exceeded",
    )


def failed_dependency() -> ErrorResponse:
    """424: a remote MCP server failed (invented)."""
    return error_response(424, "A dependent request failed.", kind="invalid_request_error", code="failed_dependency")


def semantic_error() -> ErrorResponse:
    """422: a well-formed request could not be processed (invented)."""
    return error_response(422, "The request could not be processed. Please try again.")


def body_too_large() -> ErrorResponse:
    """413: the body has too many bytes. The status is documented; the text is invented."""
    return error_response(413, "Request Entity Too Large", code="request_too_large")


def internal_error() -> ErrorResponse:
    """500: internal error (invented: no such body has been observed)."""
    return error_response(500, "Internal Server Error", kind="internal_server_error")


def rate_limited(model: str, retry_after: str = "2") -> ErrorResponse:
    """429: the 31st request within a minute on a plan with 30 RPM. `retry_after` is in seconds."""
    return error_response(
        429,
        f"Rate limit reached for model `{model}` in organization `org_emulator` service tier `on_demand` on "
        f"requests per minute (RPM): Limit 30, Used 30, Requested 1. Please try again in {retry_after}s. Need more "
        f"tokens? Upgrade to Dev Tier today at {_BILLING}",
        kind="requests",
        code="rate_limit_exceeded",
    ).with_headers({"retry-after": retry_after})


def cloudflare_blocked() -> ErrorResponse:
    """403 of Cloudflare: the client looks like a bot."""
    return _page(403, "Attention Required! | Cloudflare", "Sorry, you have been blocked")


def bad_gateway() -> ErrorResponse:
    """502 of Cloudflare: Groq is unreachable."""
    return _page(502, "api.groq.com | 502: Bad gateway", "Bad gateway")


def edge_timeout() -> ErrorResponse:
    """524 of Cloudflare: Groq timed out."""
    return _page(524, "api.groq.com | 524: A timeout occurred", "A timeout occurred")


def _page(status: int, title: str, headline: str) -> ErrorResponse:
    page = (
        f'<!DOCTYPE html>\n<html lang="en-US">\n<head><title>{title}</title></head>\n'
        f"<body><h1>{headline}</h1><p>Error code {status}</p><p>Cloudflare Ray ID: 8f0e0c0ffee00000</p></body>\n"
        "</html>\n"
    )
    return ErrorResponse(status, page, "text/html; charset=UTF-8")
