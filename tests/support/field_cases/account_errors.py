"""Family 7: whose fault it is. The cases 28 are those of two endpoints: the first one fails, the second one answers."""

from support.field_cases.case import Case, Completed, ErrorEvent, Incident
from support.field_cases.generations import CALL_FAILED, HARMONY, PARSE_FAILED
from support.field_cases.responses import answered, chat, http, refused
from support.raw_server import Received

RESTRICTED = "Organization has been restricted. Please reach out to support if you believe this was in error."
QUOTA = "You exceeded your current quota, please check your plan and billing details."
ORGANIZATION_RESTRICTED = refused(400, RESTRICTED, "organization_restricted")
INSUFFICIENT_QUOTA = refused(429, QUOTA, "insufficient_quota", type="insufficient_quota", param=None)
CONTEXT = "This model's maximum context length is 512 tokens. However, you requested 1724 tokens."
WITHOUT_PATIENCE = {"properties": {"catalyst_giveUpAfter": "PT3S"}, "calls": 3, "fewest_calls": 1}
"""A refused account is tried again now and then, until the time to give up."""

FIRST, SECOND = "28-first", "28-second"
"""The names of the two endpoints."""

FAILURES = {
    "28ctx": ("its context is too small", http(400, {"error": {"message": CONTEXT, "code": 400}})),
    "28finerr": (
        "an error 502 in the choice",
        http(
            200,
            {
                **chat(),
                "choices": [
                    {
                        "error": {"message": "Upstream error", "code": 502},
                        "finish_reason": "error",
                        "index": 0,
                        "message": {"role": "assistant", "content": ""},
                    }
                ],
            },
        ),
    ),
    "28null": ("an answer without content", answered(None)),
    "28parse": ("`output_parse_failed`", refused(400, PARSE_FAILED, "output_parse_failed", failed_generation=HARMONY)),
    "28tool": ("`tool_use_failed`", refused(400, CALL_FAILED, "tool_use_failed", failed_generation="x")),
    "28terms": (
        "terms that must be accepted",
        refused(400, "The model `openai/gpt-oss-120b` requires terms acceptance.", "model_terms_required"),
    ),
    "28e401": (
        "an error 401 with status 200",
        http(200, {"error": {"message": "No auth credentials found", "code": 401}}),
    ),
    "28org": ("`organization_restricted`", ORGANIZATION_RESTRICTED),
    "28quota": ("`insufficient_quota` (429)", INSUFFICIENT_QUOTA),
}


def respond_as_first(received: Received) -> bytes:
    """Answer as the first endpoint: the message names the case."""
    return FAILURES[received.body["messages"][0]["content"]][1]


def respond_as_second(_: Received) -> bytes:
    """Answer as the second endpoint."""
    return answered("from the second")


def two_endpoints(case_id, **settings):
    what, _ = FAILURES[case_id]
    return Case(
        case_id,
        f"is the first of two endpoints, and sends: {what}",
        (),
        settings.pop("outcome", Completed({"aiReply": "from the second"})),
        errors={},
        variables={"userMessage": {"type": "String", "value": case_id}},
        worker="endpoints",
        has_own_url=False,
        **{"calls": 2, **settings},
    )


def incident(case_id, server, answer, *texts, not_about=(), **settings):
    return Case(case_id, server, [answer], Incident(texts, not_about), paid=0, errors={}, **settings)


def not_the_payload(case_id, server, answer, *texts, **settings):
    """Return a case in which nothing is wrong with the request."""
    return incident(case_id, server, answer, *texts, not_about=("Request Payload",), **settings)


CASES = (
    Case(
        "12a-org-restricted",
        "has restricted the organization (400); the error mapping has an entry for 400",
        [ORGANIZATION_RESTRICTED],
        ErrorEvent("INVALID_REQUEST", "Organization has been restricted."),
        paid=0,
        boundary=True,
    ),
    not_the_payload(
        "12b-org-restricted-incident",
        "has restricted the organization (400)",
        ORGANIZATION_RESTRICTED,
        "Organization has been restricted.",
        "Have an administrator clear this up",
        **WITHOUT_PATIENCE,
    ),
    not_the_payload(
        "12c-terms",
        "requires the terms of a model to be accepted",
        refused(
            400,
            "The model `canopylabs/orpheus-v1-english` requires terms acceptance. Please have the org admin accept the "
            "terms at https://console.groq.com/playground?model=canopylabs%2Forpheus-v1-english",
            "model_terms_required",
        ),
        "requires terms acceptance",
        "accept its terms",
    ),
    Case(
        "12e-insufficient-quota",
        "has no money left (429 `insufficient_quota`); the error mapping has an entry for 429",
        [INSUFFICIENT_QUOTA],
        ErrorEvent("RATE_LIMITED", QUOTA),
        paid=0,
        boundary=True,
        errors={"429": "RATE_LIMITED"},
        properties={"catalyst_giveUpAfter": "PT20S"},
    ),
    two_endpoints("28ctx"),
    two_endpoints("28finerr"),
    two_endpoints("28null", outcome=Incident(("The answer is empty (finish_reason: stop)",)), calls=1),
    two_endpoints("28parse", calls=3),
    two_endpoints("28tool", calls=3),
    two_endpoints("28e401"),
    two_endpoints("28org"),
    two_endpoints("28quota"),
    two_endpoints("28terms", fewest_calls=1),
    not_the_payload(
        "36a-own-server-401",
        "is an own server, and refuses the key",
        refused(401, "Authentication Error, Invalid proxy server token passed.", "401", type="auth_error"),
        "Authentication Error, Invalid proxy server token passed.",
        **WITHOUT_PATIENCE,
    ),
    incident(
        "38a-json-word",
        "requires the word JSON in the messages",
        refused(
            400, "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
        ),
        "'messages' must contain the word 'json' in some form",
    ),
    incident(
        "38b-media",
        "cannot load an image from its URL",
        refused(400, "failed to retrieve media: received status code: 403"),
        "failed to retrieve media: received status code: 403",
    ),
    not_the_payload(
        "38c-plan",
        "does not offer something for the plan of the account",
        refused(
            403, "This feature is not available for your plan.", "not_available_for_plan", type="permissions_error"
        ),
        "This feature is not available for your plan.",
        "have the account's plan upgraded",
    ),
    not_the_payload(
        "38d-expired",
        "refuses a key that has expired",
        refused(401, "Expired API Key", "expired_api_key"),
        "Expired API Key",
        **WITHOUT_PATIENCE,
    ),
    not_the_payload(
        "38e-flex",
        "does not offer the service tier for the plan of the account",
        refused(
            400, "The service_tier `flex` is not available for this organization. Please upgrade to the Developer tier."
        ),
        "The service_tier `flex` is not available for this organization.",
    ),
    not_the_payload(
        "38f-blocked",
        "has blocked the account because of a spend alert",
        refused(
            400, "Organization has blocked API access because a spend alert threshold was met.", "blocked_api_access"
        ),
        "Organization has blocked API access because a spend alert threshold was met.",
        "Raise the account's spend limit",
        **WITHOUT_PATIENCE,
    ),
    incident(
        "38g-request_too_large",
        "refuses a request with too many bytes (413)",
        refused(413, "Request Entity Too Large", "request_too_large"),
        "Request Entity Too Large",
        "Send less",
    ),
    not_the_payload(
        "38h-project-gone",
        "has archived the project of the key",
        refused(
            403, "The project you are trying to access has been archived.", "project_archived", type="permissions_error"
        ),
        "The project you are trying to access has been archived.",
        **WITHOUT_PATIENCE,
    ),
)
