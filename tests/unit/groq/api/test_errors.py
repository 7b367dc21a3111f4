"""The classification of errors: their kinds, causes and waits."""

import pytest

from catalyst_groq.groq.api.error_kinds import ERROR_KINDS, Blame, ErrorKind, Failover, RetryAction
from catalyst_groq.groq.api.errors import ApiError, classify
from catalyst_groq.groq.api.responses import HELD_BACK_REASONS, NoResponse, NoResponseReason
from support.error_bodies import ERRORS, error_body
from support.factories import make_response


def classify_error(response) -> ApiError:
    error = classify(response)
    assert error is not None
    return error


@pytest.mark.slow
@pytest.mark.parametrize(("status", "body", "kind", "code", "wait"), ERRORS.values(), ids=ERRORS)
def test_error_has_one_kind_and_its_causes_in_order(status, body, kind, code, wait):
    error = classify_error(make_response(status, body))

    assert error.kind is kind
    mapped = 413 if kind is ErrorKind.TOO_LARGE and status == 429 else status
    assert error.causes == ((code,) if code else ()) + (str(mapped), f"{status // 100}xx")
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
        (
            Failover.OTHER_MODEL,
            {
                "transient",
                "rate_limited",
                "too_large",
                "generation_failed",
                "model_not_found",
                "model_forbidden",
                "not_in_plan",
            },
        ),
        (
            Failover.OTHER_ACCOUNT,
            {
                "authentication",
                "account_restricted",
                "forbidden",
                "spend_limit",
                "wrong_url",
                "redirected",
                "headers_too_large",
            },
        ),
        # What was paid for is not asked of another model.
        (
            Failover.NONE,
            {
                *("empty_answer", "invalid_output", "response_too_large", "unreadable_response", "budget"),
                *("bad_request", "unreadable_file", "missing_api_key"),
            },
        ),
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
    ("blame", "kinds"),
    [
        (Blame.REQUEST, {"bad_request", "too_large", "model_not_found", "wrong_url", "unreadable_file"}),
        (
            Blame.ACCOUNT,
            {
                *("authentication", "account_restricted", "forbidden", "spend_limit", "model_forbidden", "not_in_plan"),
                *("headers_too_large", "missing_api_key"),
            },
        ),
        (Blame.LIMIT, {"rate_limited", "budget", "response_too_large"}),
        (Blame.MODEL, {"generation_failed", "invalid_output", "empty_answer"}),
        (Blame.SERVER, {"transient", "redirected", "unreadable_response"}),
    ],
)
def test_error_kind_says_what_an_error_is_due_to(blame, kinds):
    assert {kind.name for kind in ERROR_KINDS if kind.blame is blame} == kinds


@pytest.mark.parametrize(
    ("param", "shown"),
    [("max_token", " (parameter: max_token)"), ("role", ""), ("", ""), (None, ""), (5, ""), (["role"], "")],
)
def test_message_names_the_parameter_that_the_server_names(param, shown):
    error = classify_error(make_response(400, {"error": {"message": "Bad role.", "param": param}}))
    assert error.message == f"400 Bad role.{shown}"


@pytest.mark.parametrize(
    ("retry_after", "wait"),
    [("2", 2), ("0.5", 0.5), ("0", 0), ("-3", 0), ("soon", None), ("Sat, 21 Nov 2026 10:00:00 GMT", 0)],
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
        ("Please try again in 9999999h.", 86_400),
    ],
)
def test_wait_in_the_message_overrides_the_header(text, wait):
    assert classify_error(make_response(429, error_body(text), retry_after="9")).wait == pytest.approx(wait)


UNUSABLE = {NoResponseReason.RESPONSE_TOO_LARGE, NoResponseReason.UNREADABLE}


@pytest.mark.parametrize("reason", sorted(set(NoResponseReason) - HELD_BACK_REASONS - UNUSABLE))
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


def test_response_larger_than_its_bound_is_a_final_error():
    error = classify_error(NoResponse(NoResponseReason.RESPONSE_TOO_LARGE, "of 9 bytes", sent=True, seconds=1))

    assert (error.causes, error.kind.action) == (("response_too_large",), RetryAction.GIVE_UP)
    assert not error.kind.failover
    assert "CATALYST_MAX_RESPONSE_BYTES" in error.kind.remedy


def test_unreadable_response_is_a_final_error():
    error = classify_error(NoResponse(NoResponseReason.UNREADABLE, "compress", sent=True, seconds=1))

    assert (error.causes, error.kind.action) == (("unreadable_response",), RetryAction.GIVE_UP)
    assert not error.kind.failover


TOO_LONG = [
    (400, {"message": "This model's maximum context length is 512 tokens. However, you requested 1724 tokens."}),
    (422, {"message": "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 3500 `inputs` tokens"}),
    (429, {"message": 'litellm: GroqException - {"error":{"message":"Request too large for model `x`"', "code": "429"}),
    (429, {"message": "Rate limit reached: Limit 7000, Used 0, Requested ~12903. Please try again in 3.5s."}),
    (400, {"message": "prompt is too long: 208310 tokens > 200000 maximum"}),
    (400, {"message": "the request exceeds the available context size. try increasing the context size"}),
]


@pytest.mark.parametrize(("status", "error"), TOO_LONG)
def test_request_that_never_fits_is_too_large_in_every_servers_words(status, error):
    assert classify(make_response(status, {"error": error})).kind is ErrorKind.TOO_LARGE


def test_rate_limit_that_a_wait_helps_is_none_that_never_fits():
    message = "Rate limit reached: Limit 8000, Used 7900, Requested 500. Please try again in 2s."
    assert classify(make_response(429, {"error": {"message": message}})).kind is ErrorKind.RATE_LIMITED


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "organization_restricted", ErrorKind.ACCOUNT_RESTRICTED),
        (403, "project_archived", ErrorKind.ACCOUNT_RESTRICTED),
        (403, "not_available_for_plan", ErrorKind.NOT_IN_PLAN),
        (400, "model_terms_required", ErrorKind.MODEL_FORBIDDEN),
        (429, "insufficient_quota", ErrorKind.SPEND_LIMIT),
        (402, "", ErrorKind.SPEND_LIMIT),
        (404, "DeploymentNotFound", ErrorKind.MODEL_NOT_FOUND),
    ],
)
def test_errors_of_account_and_money_have_their_own_kinds(status, code, kind):
    assert classify(make_response(status, {"error": {"message": "No", "code": code}})).kind is kind


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (400, "openai/gpt-oss-120b is not a valid model ID", ErrorKind.MODEL_NOT_FOUND),
        (404, 'model "gpt-oss:20b" not found, try pulling it first', ErrorKind.MODEL_NOT_FOUND),
        (404, "The model `m` does not exist.", ErrorKind.MODEL_NOT_FOUND),
        (404, "No endpoints found for openai/gpt-oss.", ErrorKind.MODEL_NOT_FOUND),
        (404, "models/m is not found for API version v1main", ErrorKind.MODEL_NOT_FOUND),
        (400, "Invalid model name passed in model=m. Call `/v1/models`", ErrorKind.MODEL_NOT_FOUND),
        (400, "The requested model 'm' is not supported by any provider you have enabled.", ErrorKind.MODEL_NOT_FOUND),
        (404, "No endpoints found that support tool use", ErrorKind.MODEL_NOT_FOUND),
        (404, "No allowed providers are available for the selected model.", ErrorKind.MODEL_NOT_FOUND),
        (400, "This model does not support tools.", ErrorKind.BAD_REQUEST),
        (400, "Invalid model parameters: temperature must be between 0 and 2", ErrorKind.BAD_REQUEST),
        (400, "The model cannot continue: tool_call_id 'call_7' not found", ErrorKind.BAD_REQUEST),
        (400, "API key not valid. Please pass a valid API key.", ErrorKind.AUTHENTICATION),
        (400, "Incorrect API key provided: xa***", ErrorKind.AUTHENTICATION),
        (400, "Budget has been exceeded! Current cost: 1.2", ErrorKind.SPEND_LIMIT),
        (403, "Key limit exceeded (monthly limit)", ErrorKind.SPEND_LIMIT),
        (403, "The model requires moderation and your input was flagged", ErrorKind.BAD_REQUEST),
        (429, "You exceeded your current quota. Please retry in 26.6s.", ErrorKind.RATE_LIMITED),
        (400, "The input (5000 tokens) is longer than the model's context length (4096 tokens).", ErrorKind.TOO_LARGE),
        (400, "The decoder prompt is longer than the maximum model length of 4096", ErrorKind.TOO_LARGE),
        (400, "The input token count exceeds the maximum number of tokens allowed", ErrorKind.TOO_LARGE),
        (400, "Input is too long for requested model", ErrorKind.TOO_LARGE),
        (422, "Failed to deserialize the JSON body into the target type: missing field `role`", ErrorKind.BAD_REQUEST),
        (404, "Not Found", ErrorKind.WRONG_URL),
        (400, "Organization has been restricted.", ErrorKind.ACCOUNT_RESTRICTED),
        (403, "Your account has been suspended", ErrorKind.ACCOUNT_RESTRICTED),
        (403, "Forbidden", ErrorKind.FORBIDDEN),
        (400, "Your credit balance is too low to access the API.", ErrorKind.SPEND_LIMIT),
        (429, "You exceeded your current quota, please check your plan", ErrorKind.SPEND_LIMIT),
        (429, "Rate limit reached. Need more tokens? Upgrade to Dev Tier today", ErrorKind.RATE_LIMITED),
        (
            400,
            "The service_tier `flex` is not available for this organization. Please upgrade to the Developer tier.",
            ErrorKind.NOT_IN_PLAN,
        ),
        (403, "This feature is not available for your plan.", ErrorKind.NOT_IN_PLAN),
        (400, "400 Request Header Or Cookie Too Large", ErrorKind.HEADERS_TOO_LARGE),
        (431, "", ErrorKind.HEADERS_TOO_LARGE),
        (425, "Too early", ErrorKind.TRANSIENT),
        (422, "Input validation error: `top_p` must be > 0.0 and < 1.0", ErrorKind.BAD_REQUEST),
        (422, "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096", ErrorKind.TOO_LARGE),
        (422, "Unprocessable entity", ErrorKind.GENERATION_FAILED),
    ],
)
def test_errors_of_other_servers_have_their_kinds_by_words(status, message, kind):
    assert classify(make_response(status, {"error": {"message": message}})).kind is kind


@pytest.mark.parametrize(
    ("kind_of_error", "kind"),
    [("key_model_access_denied", ErrorKind.MODEL_FORBIDDEN), ("budget_exceeded", ErrorKind.SPEND_LIMIT)],
)
def test_type_of_an_error_counts_where_its_code_is_a_status(kind_of_error, kind):
    error = {"message": "no", "type": kind_of_error, "code": "401"}
    assert classify(make_response(401, {"error": error})).kind is kind


@pytest.mark.parametrize(
    ("message", "wait"),
    [
        ("Please try again in 500 milliseconds", 0.5),
        ("Please retry in 26.6s.", 26.6),
        ("Retry after 2 minutes", 120),
        ("Please try again in 1m20.5s.", 80.5),
        ("Please try again in 500 meters", None),
    ],
)
def test_wait_is_read_in_words_and_as_a_go_duration(message, wait):
    assert classify(make_response(429, {"error": {"message": message}})).wait == wait


def test_quoted_server_behind_a_gateway_is_understood():
    error = {"message": "Provider returned error", "code": 400, "metadata": {"raw": "maximum context length is 512"}}
    found = classify(make_response(400, {"error": error}))
    assert found.kind is ErrorKind.TOO_LARGE
    assert found.message == "400 Provider returned error: maximum context length is 512"


def test_finding_of_a_server_about_a_field_is_a_bad_request():
    unknown = [{"type": "extra_forbidden", "loc": ["body", "logit_bias"], "msg": "Extra inputs"}]
    assert classify(make_response(422, {"detail": unknown})).kind is ErrorKind.BAD_REQUEST
    detail = [
        {"type": "string_type", "loc": ["body", "messages", 0, "content"], "msg": "Input should be a valid string"}
    ]
    error = classify(make_response(422, {"detail": detail}))
    assert error.kind is ErrorKind.BAD_REQUEST
    assert error.message == "422 body.messages.0.content: Input should be a valid string"


def test_request_that_never_fits_is_no_rate_limit_for_a_mapping():
    message = "litellm.RateLimitError: GroqException - Request too large for model `m`: Limit 8000, Requested 12328"
    error = classify(make_response(429, {"error": {"message": message, "code": "429"}}))
    assert (error.kind, error.causes, error.status) == (ErrorKind.TOO_LARGE, ("413", "4xx"), 429)


def test_output_that_cannot_be_read_has_its_code_without_one():
    message = "model output must contain either output text or tool calls, these cannot both be empty"
    error = classify(make_response(400, {"error": {"message": message, "type": "invalid_request_error"}}))
    assert (error.kind, error.causes) == (ErrorKind.GENERATION_FAILED, ("output_parse_failed", "400", "4xx"))


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"text": None, "duration": 2.5}, ErrorKind.EMPTY_ANSWER),
        ({"choices": None, "usage": {"completion_tokens": 9}}, ErrorKind.EMPTY_ANSWER),
        ({"choices": []}, ErrorKind.TRANSIENT),
        ({"choices": None}, ErrorKind.TRANSIENT),
        ({}, ErrorKind.TRANSIENT),
    ],
)
def test_success_without_a_result_is_final_once_it_was_paid_for(body, kind):
    error = classify(make_response(200, body))
    assert error.kind is kind
    assert ("empty_answer" in error.causes) is (kind is ErrorKind.EMPTY_ANSWER)
