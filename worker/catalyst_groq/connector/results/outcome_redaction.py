"""Removes keys from an outcome before anything shows or reports it. Pure."""

from dataclasses import replace
from typing import Any

from catalyst_groq.domain.outcomes import BpmnError, Completion, Failure, Outcome, Unlocked
from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.domain.variables import TypedValue


def texts_of(outcome: Outcome) -> list[Any]:
    """Return what `redact_outcome` searches for keys."""
    values = outcome.variables.values()
    texts: list[Any] = [value.value if isinstance(value, TypedValue) else value for value in values]
    return [*texts, outcome.details] if isinstance(outcome, Failure) else texts


def redact_outcome(outcome: Outcome, redactor: Redactor) -> Outcome:
    """Return the outcome without keys, in its messages and its variables."""
    variables = redactor.mask_all(outcome.variables)
    match outcome:
        case Completion():
            return outcome if variables is outcome.variables else replace(outcome, variables=variables)
        case BpmnError():
            return replace(outcome, message=redactor.mask(outcome.message), variables=variables)
        case Failure():
            message, details = redactor.mask(outcome.message), redactor.mask(outcome.details)
            return replace(outcome, message=message, details=details, variables=variables)
        case Unlocked():
            return outcome
