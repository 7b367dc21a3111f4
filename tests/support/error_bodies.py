"""Error responses verbatim as Groq sent them, each with its kind, code and wait."""

import json

from catalyst_groq.groq.api.error_kinds import ErrorKind

UPGRADE = "Need more tokens? Upgrade to Dev Tier today at https://console.groq.com/settings/billing"
CLOUDFLARE = "<!DOCTYPE html>\n<html><head><title>{}</title></head><body>…</body></html>"


def error_body(message, **more):
    return json.dumps({"error": {"message": message, **more}})


def invalid_request(message, **more):
    return error_body(message, type="invalid_request_error", **more)


def limit_error(model, limit, tail, kind="tokens"):
    message = f"for model `{model}` in organization `org_1` service tier `on_demand` on {limit}{tail}"
    return error_body(message, type=kind, code="rate_limit_exceeded")


def rate_limit(limit, tail, kind="tokens"):
    return limit_error("gemma2-9b-it", limit, tail, kind).replace("for model", "Rate limit reached for model", 1)


def too_large(limit, tail):
    return limit_error("qwen/qwen3.8-27b", limit, tail).replace("for model", "Request too large for model", 1)


ERRORS = {
    "invalid key": (
        401,
        invalid_request("Invalid API Key", code="invalid_api_key"),
        ErrorKind.AUTHENTICATION,
        "invalid_api_key",
        None,
    ),
    "network block": (
        403,
        error_body("Access denied. Please check your network settings."),
        ErrorKind.FORBIDDEN,
        None,
        None,
    ),
    "network block by Cloudflare": (
        403,
        CLOUDFLARE.format("Attention Required! | Cloudflare"),
        ErrorKind.FORBIDDEN,
        None,
        None,
    ),
    "blocked for the organization": (
        403,
        error_body(
            "The model `openai/gpt-oss-120b` is blocked at the organization level. Please have the org admin enable "
            "this model in the org settings at https://console.groq.com/settings/limits",
            type="permissions_error",
            code="model_permission_blocked_org",
        ),
        ErrorKind.MODEL_FORBIDDEN,
        "model_permission_blocked_org",
        None,
    ),
    "blocked for the project": (
        403,
        error_body(
            "The model `openai/gpt-oss-120b` is blocked at the project level. Please have a project admin enable "
            "this model in the project settings at https://console.groq.com/settings/project/limits",
            type="permissions_error",
            code="model_permission_blocked_project",
        ),
        ErrorKind.MODEL_FORBIDDEN,
        "model_permission_blocked_project",
        None,
    ),
    "unknown model": (
        404,
        invalid_request(
            "The model `llama-3.3-70b-versatile` does not exist or you do not have access to it.",
            code="model_not_found",
        ),
        ErrorKind.MODEL_NOT_FOUND,
        "model_not_found",
        None,
    ),
    "unknown model of another server": (
        404,
        {"error": {"message": 'model "gpt-oss:20b" not found, try pulling it first', "type": "api_error"}},
        ErrorKind.MODEL_NOT_FOUND,
        None,
        None,
    ),
    "retired model": (
        400,
        invalid_request(
            "The model `llama-3.1-70b-versatile` has been decommissioned and is no longer supported. Please refer to "
            "https://console.groq.com/docs/deprecations for a recommendation on which model to use instead.",
            code="model_decommissioned",
        ),
        ErrorKind.MODEL_NOT_FOUND,
        "model_decommissioned",
        None,
    ),
    "context": (
        400,
        invalid_request(
            "Please reduce the length of the messages or completion.", param="messages", code="context_length_exceeded"
        ),
        ErrorKind.TOO_LARGE,
        "context_length_exceeded",
        None,
    ),
    "output cap": (
        400,
        invalid_request(
            "`max_completion_tokens` must be less than or equal to `16384`, the maximum value for "
            "`max_completion_tokens` is less than the `context_window` for this model",
            param="max_completion_tokens",
        ),
        ErrorKind.BAD_REQUEST,
        None,
        None,
    ),
    "JSON mode": (
        400,
        invalid_request(
            "Failed to generate JSON. Please adjust your prompt. See 'failed_generation' for more details.",
            code="json_validate_failed",
            failed_generation="",
        ),
        ErrorKind.GENERATION_FAILED,
        "json_validate_failed",
        None,
    ),
    "schema": (
        400,
        invalid_request(
            "invalid schema for response format: response_format/json_schema/next_step: minItems is not supported"
        ),
        ErrorKind.BAD_REQUEST,
        None,
        None,
    ),
    "tool schema": (
        400,
        invalid_request(
            "invalid JSON schema for tool view_agent_graph, tools[24].function.parameters: 'required' present but "
            "'properties' is missing",
            param="tool view_agent_graph, tools[24].function.parameters",
        ),
        ErrorKind.BAD_REQUEST,
        None,
        None,
    ),
    "tool call": (
        400,
        invalid_request(
            "Failed to call a function. Please adjust your prompt. See 'failed_generation' for more details.",
            code="tool_use_failed",
            failed_generation='web_search{"query": "x", "filter_year": 2016}</function>',
        ),
        ErrorKind.GENERATION_FAILED,
        "tool_use_failed",
        None,
    ),
    "unsupported parameter": (
        400,
        invalid_request("`reasoning_format` is not supported with this model", param="reasoning_format"),
        ErrorKind.BAD_REQUEST,
        None,
        None,
    ),
    "spend limit": (
        400,
        invalid_request(
            "Organization has blocked API access because a spend alert threshold was met. Please visit "
            "https://console.groq.com/settings/billing to manage your spend alerts.",
            code="spend_limit_reached",
        ),
        ErrorKind.SPEND_LIMIT,
        "spend_limit_reached",
        None,
    ),
    "spend limit as documented": (
        400,
        invalid_request("API access is blocked", code="blocked_api_access"),
        ErrorKind.SPEND_LIMIT,
        "blocked_api_access",
        None,
    ),
    "request larger than TPM": (
        413,
        too_large(
            "tokens per minute (TPM)",
            f": Limit 6000, Requested 12328, please reduce your message size and try again. {UPGRADE}",
        ),
        ErrorKind.TOO_LARGE,
        "rate_limit_exceeded",
        None,
    ),
    "body too large": (413, "", ErrorKind.TOO_LARGE, None, None),
    "TPM": (
        429,
        rate_limit(
            "tokens per minute (TPM)",
            ": Limit 15000, Used 11972, Requested 4351. Please try again in 5.289s. Visit "
            "https://console.groq.com/docs/rate-limits for more information.",
        ),
        ErrorKind.RATE_LIMITED,
        "rate_limit_exceeded",
        5.289,
    ),
    "RPM": (
        429,
        rate_limit(
            "requests per minute (RPM)",
            f": Limit 30, Used 30, Requested 1. Please try again in 2s. {UPGRADE}",
            "requests",
        ),
        ErrorKind.RATE_LIMITED,
        "rate_limit_exceeded",
        2,
    ),
    "TPD": (
        429,
        rate_limit(
            "tokens per day (TPD)",
            f": Limit 100000, Used 99996, Requested 484. Please try again in 6m54.72s. {UPGRADE}",
            "compound",
        ),
        ErrorKind.RATE_LIMITED,
        "rate_limit_exceeded",
        414.72,
    ),
    "ASH": (
        429,
        rate_limit(
            "audio seconds per hour (ASH)",
            ": Limit 7200, Used 7190, Requested 180. Please try again in 20m. Need more?",
        ),
        ErrorKind.RATE_LIMITED,
        "rate_limit_exceeded",
        1200,
    ),
    "OTPM, larger than the limit": (
        429,
        too_large(
            "output tokens per minute (OTPM)",
            ": Limit 1000, Requested 1962. The request's expected output tokens exceed the enforced limit; reduce "
            f"max_tokens (or the request's expected output) and try again. {UPGRADE}",
        ),
        ErrorKind.TOO_LARGE,
        "rate_limit_exceeded",
        None,
    ),
    "over capacity": (
        503,
        error_body(
            "llama-3.3-70b-versatile is currently over capacity. Please try again and back off exponentially. Visit "
            "https://groqstatus.com to see if there is an active incident.",
            type="internal_server_error",
        ),
        ErrorKind.TRANSIENT,
        None,
        None,
    ),
    "bad gateway by Cloudflare": (
        502,
        CLOUDFLARE.format("api.groq.com | 502: Bad gateway"),
        ErrorKind.TRANSIENT,
        None,
        None,
    ),
    "flex tier full": (498, error_body("capacity_exceeded"), ErrorKind.TRANSIENT, None, None),
    "hallucination": (422, error_body("Unprocessable"), ErrorKind.GENERATION_FAILED, None, None),
    "request timeout": (408, "", ErrorKind.TRANSIENT, None, None),
    "conflict": (409, "", ErrorKind.TRANSIENT, None, None),
    "failed dependency": (424, error_body("MCP server refused"), ErrorKind.BAD_REQUEST, None, None),
    "server error without a body": (500, "", ErrorKind.TRANSIENT, None, None),
    "time-out at Cloudflare": (524, '{"error": {"mess', ErrorKind.TRANSIENT, None, None),
    "redirect": (302, "", ErrorKind.REDIRECTED, None, None),
    "unknown URL": (
        404,
        invalid_request(
            "Unknown request URL: POST /openai/v1/chat. Please check the URL for typos", code="unknown_url"
        ),
        ErrorKind.WRONG_URL,
        "unknown_url",
        None,
    ),
    "no API behind the URL": (404, "<html>Not Found</html>", ErrorKind.WRONG_URL, None, None),
    "page behind the URL": (405, "", ErrorKind.WRONG_URL, None, None),
    "truncated 200": (200, '{"id": "chatcmpl-1", "cho', ErrorKind.TRANSIENT, None, None),
}
