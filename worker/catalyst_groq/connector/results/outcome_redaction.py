"""Removes keys from an outcome before anything shows or reports it. Pure."""

from dataclasses import replace
from typing import Any

from catalyst_groq.domain.call_records import CallRecord
from catalyst_groq.domain.outcomes import BpmnError, CollectedResult, Completion, Failure, Outcome, Unlocked
from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.domain.variables import TypedValue


def texts_of(outcome: Outcome) -> list[Any]:
    """Return what `redact_outcome` searches for keys."""
    values = outcome.variables.values()
    texts: list[Any] = [value.value if isinstance(value, TypedValue) else value for value in values]
    match outcome:
        case Failure(details=details):
            return [*texts, details]
        case Completion(collected=CollectedResult(value=value)) | BpmnError(collected=CollectedResult(value=value)):
            return [*texts, value]
        case _:
            return texts


def redact_outcome(outcome: Outcome, redactor: Redactor) -> Outcome:
    """Return the outcome without keys, in its messages and its variables."""
    variables = redactor.mask_all(outcome.variables)
    match outcome:
        case Completion():
            collected, call = _redact_collected(outcome.collected, redactor), _redact_call(outcome.call, redactor)
            if variables is outcome.variables and collected is outcome.collected and call is outcome.call:
                return outcome
            return replace(outcome, variables=variables, collected=collected, call=call)
        case BpmnError():
            collected, call = _redact_collected(outcome.collected, redactor), _redact_call(outcome.call, redactor)
            message = redactor.mask(outcome.message)
            return replace(outcome, message=message, variables=variables, collected=collected, call=call)
        case Failure():
            message, details = redactor.mask(outcome.message), redactor.mask(outcome.details)
            call = _redact_call(outcome.call, redactor)
            return replace(outcome, message=message, details=details, variables=variables, call=call)
        case Unlocked():
            return outcome


def _redact_call(call: CallRecord | None, redactor: Redactor) -> CallRecord | None:
    """Mask keys in what a process or a server has named: models, the id of the request, the reason of its end."""
    if call is None:
        return None
    texts = [call.model_asked, call.model_used, call.request_id, call.finish_reason]
    models = [attempt.model for attempt in call.attempts]
    masked = redactor.mask_all([*texts, *models])
    if masked == [*texts, *models]:
        return call
    asked, used, request_id, finish_reason, *models = masked
    attempts = tuple(replace(attempt, model=model) for attempt, model in zip(call.attempts, models, strict=True))
    return replace(
        call, model_asked=asked, model_used=used, request_id=request_id, finish_reason=finish_reason, attempts=attempts
    )


def _redact_collected(collected: CollectedResult | None, redactor: Redactor) -> CollectedResult | None:
    if collected is None:
        return None
    key, value, error = redactor.mask(collected.key), redactor.mask_all(collected.value), redactor.mask(collected.error)
    return replace(collected, key=key, value=value, error=error)
