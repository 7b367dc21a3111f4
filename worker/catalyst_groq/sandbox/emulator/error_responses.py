"""Every answer with which Groq says no, word for word where its words are known.

Bodies not marked "made up" were collected from Groq's documentation and from users' reports
(reference/groq-api.md, section 2.3).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

_DEPRECATIONS = "https://console.groq.com/docs/deprecations"
_LIMITS = "https://console.groq.com/settings"
_BILLING = "https://console.groq.com/settings/billing"
FLEX_FULL = 498
"""The status of Groq's own that says: no flex capacity at the moment."""


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """An answer that says no: status, exact body and the headers that come only with it."""

    status: int
    body: str
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    def with_headers(self, headers: Mapping[str, str]) -> Self:
        """Return the same refusal with further headers."""
        return replace(self, headers={**self.headers, **headers})


def error_response(
    status: int, message: str, kind: str | None = "invalid_request_error", code: str | None = None, **more: Any
) -> ErrorResponse:
    """Make a refusal in Groq's base shape; Groq leaves out what it has nothing to say about."""
    error = {"message": message, "type": kind, **_param_before_code(code, more)}
    told = {key: value for key, value in error.items() if value is not None}
    return ErrorResponse(status, json.dumps({"error": told}, ensure_ascii=False, separators=(",", ":")) + "\n")


def _param_before_code(code: str | None, more: dict[str, Any]) -> dict[str, Any]:
    param = more.pop("param", None)
    return {"param": param, "code": code, **more}


def bad_request(message: str, *, param: str | None = None) -> ErrorResponse:
    """Refuse a request that breaks a rule; `message` is Groq's wording of the rule."""
    return error_response(400, message, param=param)


def invalid_api_key() -> ErrorResponse:
    """Refuse a missing or wrong key."""
    return error_response(401, "Invalid API Key", code="invalid_api_key")


def network_blocked() -> ErrorResponse:
    """Refuse an address (VPN, data centre, country) before the key is looked at."""
    return error_response(403, "Access denied. Please check your network settings.", kind=None)


def model_blocked(model: str, level: str) -> ErrorResponse:
    """Refuse a model that the organization or the project has switched off."""
    admin, place = ("the org admin", "org") if level == "org" else ("a project admin", "project")
    name = "organization" if level == "org" else "project"
    page = "limits" if level == "org" else "project/limits"
    return error_response(
        403,
        f"The model `{model}` is blocked at the {name} level. Please have {admin} enable this model in the "
        f"{place} settings at {_LIMITS}/{page}",
        kind="permissions_error",
        code=f"model_permission_blocked_{level}",
    )


def model_not_found(model: str) -> ErrorResponse:
    """Refuse an unknown model, or one retired not long ago."""
    return error_response(
        404, f"The model `{model}` does not exist or you do not have access to it.", code="model_not_found"
    )


def model_decommissioned(model: str) -> ErrorResponse:
    """Refuse a model retired long ago."""
    return error_response(
        400,
        f"The model `{model}` has been decommissioned and is no longer supported. Please refer to "
        f"{_DEPRECATIONS} for a recommendation on which model to use instead.",
        code="model_decommissioned",
    )


def unknown_url(method: str, path: str) -> ErrorResponse:
    """Refuse a path that is no endpoint."""
    return error_response(
        404,
        f"Unknown request URL: {method} {path}. Please check the URL for typos, or see the docs at "
        "https://console.groq.com/docs/",
        code="unknown_url",
    )


def context_length_exceeded() -> ErrorResponse:
    """Refuse messages that do not fit the model's context window."""
    return error_response(
        400, "Please reduce the length of the messages or completion.", code="context_length_exceeded", param="messages"
    )


def output_cap_exceeded(field_name: str, cap: int) -> ErrorResponse:
    """Refuse more output tokens than the model can give."""
    return bad_request(
        f"`{field_name}` must be less than or equal to `{cap}`, the maximum value for `{field_name}` is less "
        "than the `context_window` for this model",
        param=field_name,
    )


def json_validate_failed(generation: str) -> ErrorResponse:
    """Refuse because the model's text was not the JSON that was asked for."""
    return error_response(
        400,
        "Failed to generate JSON. Please adjust your prompt. See 'failed_generation' for more details.",
        code="json_validate_failed",
        failed_generation=generation,
    )


def tool_use_failed(generation: str, reason: str | None = None) -> ErrorResponse:
    """Refuse because the model's tool call could not be read, or broke a rule (`reason`)."""
    return error_response(
        400,
        reason or "Failed to call a function. Please adjust your prompt. See 'failed_generation' for more details.",
        code="tool_use_failed",
        failed_generation=generation,
    )


def spend_limit_reached() -> ErrorResponse:
    """Refuse because the organization has spent what it wanted to spend."""
    return error_response(
        400,
        "Organization has blocked API access because a spend alert threshold was met. Please visit "
        f"{_BILLING} to manage your spend alerts.",
        code="spend_limit_reached",
    )


def over_capacity(model: str) -> ErrorResponse:
    """Refuse because too many ask for the model."""
    return error_response(
        503,
        f"{model} is currently over capacity. Please try again and back off exponentially. Visit "
        "https://groqstatus.com to see if there is an active incident.",
        kind="internal_server_error",
    )


def flex_full() -> ErrorResponse:
    """Refuse a flex request for want of capacity (only status and code are known; the words are made up)."""
    return error_response(
        FLEX_FULL,
        "Flex tier capacity exceeded. Please try again later.",
        kind="invalid_request_error",
        code="capacity_exceeded",
    )


def failed_dependency() -> ErrorResponse:
    """Refuse because a remote MCP server did (made up)."""
    return error_response(424, "A dependent request failed.", kind="invalid_request_error", code="failed_dependency")


def semantic_error() -> ErrorResponse:
    """Refuse a well-formed request that could not be carried out (made up)."""
    return error_response(422, "The request could not be processed. Please try again.")


def body_too_large() -> ErrorResponse:
    """Refuse a body of too many bytes (status documented, words made up)."""
    return error_response(413, "Request Entity Too Large", code="request_too_large")


def internal_error() -> ErrorResponse:
    """Fail inside (made up: no such body has been seen)."""
    return error_response(500, "Internal Server Error", kind="internal_server_error")


def rate_limited(model: str, retry_after: str = "2") -> ErrorResponse:
    """Refuse the 31st request of a minute, as a plan of 30 does; `retry_after` is in seconds."""
    return error_response(
        429,
        f"Rate limit reached for model `{model}` in organization `org_emulator` service tier `on_demand` on "
        f"requests per minute (RPM): Limit 30, Used 30, Requested 1. Please try again in {retry_after}s. Need more "
        f"tokens? Upgrade to Dev Tier today at {_BILLING}",
        kind="requests",
        code="rate_limit_exceeded",
    ).with_headers({"retry-after": retry_after})


def cloudflare_blocked() -> ErrorResponse:
    """Refuse as the edge does to a client it takes for a robot."""
    return _page(403, "Attention Required! | Cloudflare", "Sorry, you have been blocked")


def bad_gateway() -> ErrorResponse:
    """Answer as the edge does when Groq cannot be reached."""
    return _page(502, "api.groq.com | 502: Bad gateway", "Bad gateway")


def edge_timeout() -> ErrorResponse:
    """Answer as the edge does when Groq takes too long."""
    return _page(524, "api.groq.com | 524: A timeout occurred", "A timeout occurred")


def _page(status: int, title: str, headline: str) -> ErrorResponse:
    page = (
        f'<!DOCTYPE html>\n<html lang="en-US">\n<head><title>{title}</title></head>\n'
        f"<body><h1>{headline}</h1><p>Error code {status}</p><p>Cloudflare Ray ID: 8f0e0c0ffee00000</p></body>\n"
        "</html>\n"
    )
    return ErrorResponse(status, page, "text/html; charset=UTF-8")
