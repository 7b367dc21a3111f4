"""From what came of asking Groq to the task's outcome. Pure."""

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from catalyst_groq.connector.task_request import TaskRequest
from catalyst_groq.domain.outcomes import NO_RETRY, BpmnError, Completion, Failure, Outcome, Retry
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.api.errors import ApiError, ErrorKind, RetryAction
from catalyst_groq.groq.api.responses import Response
from catalyst_groq.groq.models.pricing import cost_usd
from catalyst_groq.groq.routing.call_result import spent_on
from catalyst_groq.groq.routing.retry import Attempt, CallResult

MAX_QUOTED_CHARS = 400
"""Characters of Groq's own words in a message: the engine keeps 666, and the mend must fit in too."""

UNREACHABLE_REMEDY = (
    "Check that the worker reaches the URL (network, proxy, GROQ_API_URL), then raise the task's retries."
)
REMEDIES = {
    ErrorKind.TRANSIENT: "Look at groqstatus.com, then raise the task's retries.",
    ErrorKind.RATE_LIMITED: "Raise the task's retries later, lengthen 'Give up waiting after', or get a higher limit.",
    ErrorKind.TOO_LARGE: "Send less: shorter messages, a lower max_tokens, a smaller recording (free plan: 25 MB).",
    ErrorKind.GENERATION_FAILED: "Raise max_tokens or make the prompt plainer in the Request Payload.",
    ErrorKind.MODEL_NOT_FOUND: "Name a living model in the Model field or the Request Payload.",
    ErrorKind.AUTHENTICATION: "Check the key at console.groq.com and where the Secret Source field takes it from.",
    ErrorKind.FORBIDDEN: "Check the worker's network, and what the key's organization allows.",
    ErrorKind.SPEND_LIMIT: "Raise the spend limit at console.groq.com.",
    ErrorKind.WRONG_URL: "Mend the URL field, or have the operator mend GROQ_API_URL.",
    ErrorKind.REDIRECTED: "Mend the URL field or GROQ_API_URL, or log in to the network, then raise the retries.",
    ErrorKind.BUDGET: "Ask the operator to raise it, or wait for a new day's; then raise the task's retries.",
    ErrorKind.BAD_REQUEST: "Mend the Request Payload, or the field that Groq names.",
}


def to_outcome(fields: TaskRequest, exchange: CallResult, retries: int | None, payload: Mapping[str, Any]) -> Outcome:
    """Return the outcome of an exchange.

    `retries` are the task's attempts left before this one (None: never failed). The error mapping has its say once
    waiting and trying again have come to an end.
    """
    standard = standard_variables(exchange, payload["model"])
    refusal = exchange.error
    if refusal is None:
        assert isinstance(exchange.response, Response)  # noqa: S101 -- what is not refused is an answer
        try:
            body = exchange.response.body
            variables = fields.response_mapping.apply(body) | standard | fields.builder.output_variables(payload, body)
        except FieldError as error:
            return Failure(str(error), variables=standard)
        return Completion(variables, fields.retries.after_failure(retries) if exchange.kept else NO_RETRY)
    if exchange.wait_more is not None:
        again = Retry(fields.retries.retries_left(retries), timedelta(seconds=exchange.wait_more))
        return _retry_failure(refusal, again, standard)
    again = fields.retries.after_failure(retries)
    if refusal.kind.action is RetryAction.RETRY and again.left:
        return _retry_failure(refusal, again, standard)
    message = error_message(refusal)
    if code := fields.error_mapping.code_for(refusal.causes):
        return BpmnError(code, message, standard)
    return Failure(message, variables=standard)


def error_message(refusal: ApiError) -> str:
    """Say within what the engine keeps: the cause in Groq's words first, then the mend."""
    unreached = refusal.kind is ErrorKind.TRANSIENT and not refusal.status
    return f"{_cause(refusal)} {UNREACHABLE_REMEDY if unreached else REMEDIES[refusal.kind]}"


def _retry_failure(refusal: ApiError, again: Retry, variables: Mapping[str, Any]) -> Failure:
    """Leave it to the engine to offer the task again: nobody needs to do anything."""
    wait = math.ceil(again.timeout.total_seconds())
    said = f"{_cause(refusal)} Asked again by itself in {wait:,} s."
    return Failure(said, retries=again.left, retry_timeout=again.timeout, variables=variables)


def _cause(refusal: ApiError) -> str:
    quoted = refusal.message if len(refusal.message) <= MAX_QUOTED_CHARS else refusal.message[:MAX_QUOTED_CHARS] + "…"
    return f"Groq: {quoted.rstrip('.')}."


def standard_variables(exchange: CallResult, asked_model: str) -> dict[str, Any]:
    """Return the variables that are always set, whatever came of it."""
    answer, refusal = exchange.response, exchange.error
    return {
        "catalyst_responseBody": answer.text if isinstance(answer, Response) else "",
        "catalyst_statusCode": answer.status if isinstance(answer, Response) else None,
        "catalyst_success": refusal is None,
        "catalyst_error": refusal.message if refusal else "",
        "catalyst_meta": _meta(exchange, asked_model),
    }


def _meta(exchange: CallResult, asked_model: str) -> dict[str, Any]:
    answer = exchange.response
    good = answer if isinstance(answer, Response) and answer.ok else None
    usage = good.body.get("usage") if good else None
    tokens: Mapping[str, Any] = usage if isinstance(usage, dict) else {}
    return {
        "modelAsked": asked_model,
        "modelUsed": _text(good.body.get("model")) if good else None,
        "promptTokens": _count(tokens.get("prompt_tokens")),
        "completionTokens": _count(tokens.get("completion_tokens")),
        "costUsd": _dollars(exchange),
        "finishReason": good.choices[0].get("finish_reason") if good and good.choices else None,
        "requestId": answer.request_id if isinstance(answer, Response) else None,
        "firstTokenMs": _milliseconds(answer.first_token) if isinstance(answer, Response) else None,
        "modelsTried": list(dict.fromkeys(step.model for step in exchange.way if step.asked)),
        "attempts": list(map(_step, exchange.way)),
        "jsonRepaired": exchange.mended,
        "truncated": exchange.left_out,
        "attemptCount": exchange.attempts,
        "waitedMs": round(exchange.waited * 1000),
        "totalMs": round(exchange.seconds * 1000),
        "replayed": exchange.replayed,
    }


def _step(step: Attempt) -> dict[str, Any]:
    said = {"endpoint": step.endpoint, "model": step.model, "result": step.result}
    return said | {"changed": list(step.changes)} if step.changes else said


def _dollars(exchange: CallResult) -> float | None:
    spent = spent_on(exchange)
    return float(spent) if spent or cost_usd(exchange.response) is not None else None


def _text(found: Any) -> str | None:
    return found if isinstance(found, str) else None


def _count(found: Any) -> int | None:
    return found if isinstance(found, int) and found >= 0 else None


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
