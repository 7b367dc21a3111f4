"""The classification of errors: bodies verbatim as Groq sent them, each with its kind, causes and wait."""

import json

import pytest

from catalyst_groq.groq.api.errors import ERROR_KINDS, ApiError, ErrorKind, Failover, RetryAction, classify
from catalyst_groq.groq.api.responses import HELD_BACK_REASONS, NoResponse, NoResponseReason
from support.factories import make_response

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
        ErrorKind.MODEL_NOT_FOUND,
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
        ErrorKind.MODEL_NOT_FOUND,
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


def classify_error(response) -> ApiError:
    error = classify(response)
    assert error is not None
    return error


@pytest.mark.parametrize(("status", "body", "kind", "code", "wait"), ERRORS.values(), ids=ERRORS)
def test_error_has_one_kind_and_its_causes_in_order(status, body, kind, code, wait):
    error = classify_error(make_response(status, body))

    assert error.kind is kind
    assert error.causes == ((code,) if code else ()) + (str(status), f"{status // 100}xx")
    assert error.wait == pytest.approx(wait)
    assert error.status == status
    assert error.message.startswith(f"{status} ")
    assert "\n" not in error.message


def test_usable_response_has_no_error():
    assert classify(make_response()) is None


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        (
            kind,
            {"rate_limited": RetryAction.WAIT, "transient": RetryAction.RETRY, "redirected": RetryAction.RETRY}.get(
                kind.name, RetryAction.GIVE_UP
            ),
        )
        for kind in ERROR_KINDS
    ],
)
def test_error_kind_has_an_action(kind, action):
    assert kind.action is action


@pytest.mark.parametrize("kind", ERROR_KINDS, ids=lambda kind: kind.name)
def test_error_kind_has_a_description_and_a_remedy(kind):
    assert kind is getattr(ErrorKind, kind.name.upper())
    assert kind.description
    assert kind.remedy.endswith(".")


def test_error_kinds_are_complete_and_distinct():
    declared = {name for name, annotation in ErrorKind.__annotations__.items() if "ClassVar" in str(annotation)}

    assert {kind.name.upper() for kind in ERROR_KINDS} == declared
    assert len({kind.description for kind in ERROR_KINDS}) == len(ERROR_KINDS)


@pytest.mark.parametrize(
    ("failover", "kinds"),
    [
        (Failover.OTHER_MODEL, {"transient", "rate_limited", "model_not_found"}),
        (Failover.OTHER_ACCOUNT, {"authentication", "forbidden", "spend_limit", "wrong_url", "redirected"}),
        (Failover.NONE, {"too_large", "generation_failed", "budget", "bad_request"}),
    ],
)
def test_error_kind_determines_the_failover(failover, kinds):
    assert {kind.name for kind in ERROR_KINDS if kind.failover == failover} == kinds


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("https://ada:secret@portal.test/login?key=secret#secret", "https://portal.test/login"),
        ("/login?next=secret", "/login"),
        ("", "nowhere"),
    ],
)
def test_redirect_message_hides_secrets_in_the_target(location, shown):
    error = classify_error(make_response(302, "<html>Moved</html>", location=location))

    assert error.message == f"302 The URL redirects to {shown}, and redirects are not followed"


@pytest.mark.parametrize(
    ("retry_after", "wait"),
    [("2", 2), ("0.5", 0.5), ("0", 0), ("-3", 0), ("soon", None), ("Sat, 21 Nov 2026 10:00:00 GMT", None)],
)
def test_retry_after_header_counts_without_a_wait_in_the_message(retry_after, wait):
    assert classify_error(make_response(429, "", retry_after=retry_after)).wait == wait


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("Please try again in 7.66s.", 7.66),
        ("Please try again in 6m 11.52s. Need", 371.52),
        ("Please try again in 585ms", 0.585),
        ("TRY AGAIN IN 1h23m45.6s", 5025.6),
        ("Please try again in 2.2.2s", 9),
        ("Please try again in a few minutes", 9),
    ],
)
def test_wait_in_the_message_overrides_the_header(text, wait):
    assert classify_error(make_response(429, error_body(text), retry_after="9")).wait == pytest.approx(wait)


@pytest.mark.parametrize("reason", sorted(set(NoResponseReason) - HELD_BACK_REASONS))
def test_no_response_is_a_transient_network_error_or_timeout(reason):
    error = classify_error(NoResponse(reason, "no data", sent=True, seconds=1))

    assert error.kind is ErrorKind.TRANSIENT
    assert error.causes == (("timeout",) if "timed out" in reason else ("network",))
    assert error.message == f"{reason.value}: no data"
    assert (error.status, error.wait) == (None, None)


@pytest.mark.parametrize(
    ("reason", "kind", "status"),
    [
        (NoResponseReason.RATE_LIMITED_LOCALLY, ErrorKind.RATE_LIMITED, "429"),
        (NoResponseReason.EXCEEDS_LIMIT, ErrorKind.TOO_LARGE, "413"),
    ],
)
def test_request_that_is_held_back_has_the_causes_of_a_refusal(reason, kind, status):
    error = classify_error(NoResponse(reason, "TPM", sent=False, seconds=0, wait=3))

    assert (error.kind, error.causes, error.wait) == (kind, ("rate_limit_exceeded", status, "4xx"), 3)


def test_exhausted_budget_is_a_final_error():
    error = classify_error(NoResponse(NoResponseReason.BUDGET_EXHAUSTED, "1 of 1 USD", sent=False, seconds=0))

    assert (error.kind, error.causes, error.kind.action) == (
        ErrorKind.BUDGET,
        ("budget_exceeded",),
        RetryAction.GIVE_UP,
    )
