"""Groq's own errors."""

from collections.abc import Callable, Mapping

from catalyst_groq.sandbox.emulator.error_catalog import BY_CODE
from catalyst_groq.sandbox.emulator.error_responses import ErrorResponse, bad_request, semantic_error
from catalyst_groq.sandbox.emulator.named_answers.answer import NamedAnswer, NamedRequest, RawAnswer

DESCRIPTIONS: Mapping[str, str] = {
    "tool_use_failed": "Groq: a tool call that it cannot read",
    "output_parse_failed": "Groq: an output that it cannot parse",
    "json_validate_failed": "Groq: an output that is not the requested JSON",
    "invalid_api_key": "Groq: the key is refused",
    "expired_api_key": "Groq: the key has expired",
    "organization_restricted": "Groq: the organization is restricted",
    "not_available_for_plan": "Groq: the plan does not include the feature",
    "spend_limit_reached": "Groq: the spend limit is reached",
    "model_terms_required": "Groq: nobody has accepted the terms of the model",
    "model_permission_blocked_org": "Groq: the organization does not allow the model",
    "model_permission_blocked_project": "Groq: the project does not allow the model",
    "model_not_found": "Groq: there is no such model",
    "model_decommissioned": "Groq: the model is retired",
    "context_length_exceeded": "Groq: the request is longer than the context",
    "rate_limit_exceeded": "Groq: a rate limit is reached",
    "capacity_exceeded": "Groq: the flex tier is full (498)",
    "over_capacity": "Groq: the model is over capacity (503)",
    "network_blocked": "Groq: the network is blocked (403)",
    "cloudflare_blocked": "Groq: Cloudflare's page with status 403",
}
"""By code, what Groq's error says."""


def _groq(name: str, description: str, make_error: Callable[[str], ErrorResponse]) -> NamedAnswer:
    """Return an error of Groq."""

    def make(request: NamedRequest) -> RawAnswer:
        error = make_error(request.model)
        return RawAnswer(error.status, (error.body.encode(),), error.content_type, error.headers, is_from_groq=True)

    return NamedAnswer(name, description, make)


GROQ_ERRORS = (
    *(_groq(code, description, BY_CODE[code]) for code, description in DESCRIPTIONS.items()),
    _groq("unprocessable", "Groq: an output that is invalid (422)", lambda _model: semantic_error()),
    _groq(
        "output_both_empty",
        "Groq: neither text nor tool calls, without a code",
        lambda _model: bad_request(
            "model output must contain either output text or tool calls, these cannot both be empty"
        ),
    ),
)
