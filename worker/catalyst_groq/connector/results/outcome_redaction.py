"""Removes keys from an outcome before anything shows or reports it. Pure."""

from dataclasses import replace
from typing import Any

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
            collected = _redact_collected(outcome.collected, redactor)
            if variables is outcome.variables and collected is outcome.collected:
                return outcome
            return replace(outcome, variables=variables, collected=collected)
        case BpmnError():
            collected = _redact_collected(outcome.collected, redactor)
            return replace(outcome, message=redactor.mask(outcome.message), variables=variables, collected=collected)
        case Failure():
            message, details = redactor.mask(outcome.message), redactor.mask(outcome.details)
            return replace(outcome, message=message, details=details, variables=variables)
        case Unlocked():
            return outcome


def _redact_collected(collected: CollectedResult | None, redactor: Redactor) -> CollectedResult | None:
    if collected is None:
        return None
    key, value, error = redactor.mask(collected.key), redactor.mask_all(collected.value), redactor.mask(collected.error)
    return replace(collected, key=key, value=value, error=error)
