"""Removes keys from an outcome before anything shows or reports it. Pure."""

from dataclasses import replace
from typing import Any

from catalyst_groq.domain.call_records import CallRecord
from catalyst_groq.domain.outcomes import BpmnError, CollectedResult, Completion, Failure, Outcome, Unlocked
from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.domain.variables import TypedValue

ERROR_VARIABLE = "catalyst_error"
"""The variable with a message of the worker."""


def texts_of(outcome: Outcome) -> list[Any]:
    """Return what `redact_outcome` searches for keys: texts, and structures with texts."""
    values = [value.value if isinstance(value, TypedValue) else value for value in outcome.variables.values()]
    texts: list[Any] = [*outcome.variables, *values]
    match outcome:
        case Failure(message=message, problem=problem, details=details, call=call):
            return [*texts, *outcome.warnings, message, problem, details, *_texts_of_call(call)]
        case Completion(collected=collected, call=call):
            return [*texts, *outcome.warnings, *_texts_of_collected(collected), *_texts_of_call(call)]
        case BpmnError(collected=collected, call=call):
            own = (outcome.message, outcome.problem, outcome.remedy)
            return [*texts, *outcome.warnings, *own, *_texts_of_collected(collected), *_texts_of_call(call)]
        case Unlocked():
            return texts


def redact_outcome(outcome: Outcome, redactor: Redactor) -> Outcome:
    """Return the outcome without keys, in its messages and its variables."""
    outcome = _redact_messages(outcome, redactor)
    if redactor.finds_nothing(texts_of(outcome)):
        return outcome
    variables = redactor.mask_all(outcome.variables)
    match outcome:
        case Completion():
            collected, call = _redact_collected(outcome.collected, redactor), _redact_call(outcome.call, redactor)
            return replace(outcome, variables=variables, collected=collected, call=call)
        case BpmnError():
            collected, call = _redact_collected(outcome.collected, redactor), _redact_call(outcome.call, redactor)
            return replace(outcome, variables=variables, collected=collected, call=call)
        case Failure():
            return replace(outcome, variables=variables, call=_redact_call(outcome.call, redactor))
        case Unlocked():
            return outcome


def _redact_messages(outcome: Outcome, redactor: Redactor) -> Outcome:
    """Return the outcome with its messages masked: also the beginning of a key where one cuts a text."""
    mask = redactor.mask_message
    match outcome:
        case Unlocked():
            return outcome
        case Completion():
            if not outcome.collected and not outcome.warnings:
                return outcome
        case BpmnError():
            message, problem, remedy = mask(outcome.message), mask(outcome.problem), mask(outcome.remedy)
            outcome = replace(outcome, message=message, problem=problem, remedy=remedy)
        case Failure():
            message, problem = mask(outcome.message), mask(outcome.problem)
            remedy, details = mask(outcome.instance_remedy), mask(outcome.details)
            outcome = replace(outcome, message=message, problem=problem, instance_remedy=remedy, details=details)
    if not isinstance(outcome, Failure) and outcome.collected:
        outcome = replace(outcome, collected=replace(outcome.collected, error=mask(outcome.collected.error)))
    variables = {
        name: mask(value) if name == ERROR_VARIABLE and isinstance(value, str) else value
        for name, value in outcome.variables.items()
    }
    return replace(outcome, variables=variables, warnings=tuple(map(mask, outcome.warnings)))


def _texts_of_call(call: CallRecord | None) -> list[str]:
    """Return what a process or a server has named: models, the id of the request, the reason of its end."""
    if call is None:
        return []
    models = [attempt.model for attempt in call.attempts]
    return [call.model_asked, call.model_used, call.request_id, call.finish_reason, *models]


def _texts_of_collected(collected: CollectedResult | None) -> list[Any]:
    return [] if collected is None else [collected.key, collected.value, collected.error]


def _redact_call(call: CallRecord | None, redactor: Redactor) -> CallRecord | None:
    if call is None:
        return None
    asked, used, request_id, finish_reason, *models = redactor.mask_all(_texts_of_call(call))
    attempts = tuple(replace(attempt, model=model) for attempt, model in zip(call.attempts, models, strict=True))
    return replace(
        call, model_asked=asked, model_used=used, request_id=request_id, finish_reason=finish_reason, attempts=attempts
    )


def _redact_collected(collected: CollectedResult | None, redactor: Redactor) -> CollectedResult | None:
    if collected is None:
        return None
    key, value, error = redactor.mask(collected.key), redactor.mask_all(collected.value), redactor.mask(collected.error)
    return replace(collected, key=key, value=value, error=error)
