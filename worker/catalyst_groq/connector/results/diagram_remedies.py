"""The last sentence of an incident: how its task goes on when the cause is corrected. Pure.

An instance stays on its version of the process when another one is deployed.
"""

from collections.abc import Sequence

from catalyst_groq.common.texts import shorten
from catalyst_groq.connector.fields.names import AUDIO, URL
from catalyst_groq.connector.fields.raw import RawFields
from catalyst_groq.connector.fields.template import VARIABLE_NAME_FIELDS
from catalyst_groq.domain.incident_messages import DEPLOY_AND_MIGRATE, IF_IN_DIAGRAM
from catalyst_groq.groq.api.error_kinds import ErrorKind
from catalyst_groq.groq.api.operations import Operation

MAX_NAMES, MAX_NAME_CHARS = 3, 40
"""Of variables in a sentence."""

IN_DIAGRAM = {ErrorKind.BAD_REQUEST, ErrorKind.EMPTY_ANSWER, ErrorKind.MODEL_NOT_FOUND}
"""Kinds of errors that the modeller corrects."""

MAYBE_IN_DIAGRAM = {
    ErrorKind.GENERATION_FAILED,
    ErrorKind.INVALID_OUTPUT,
    ErrorKind.MISSING_API_KEY,
    ErrorKind.MODEL_FORBIDDEN,
    ErrorKind.NOT_IN_PLAN,
    ErrorKind.RESPONSE_TOO_LARGE,
    ErrorKind.TOO_LARGE,
    ErrorKind.UNREADABLE_FILE,
    ErrorKind.WRONG_URL,
}
"""Kinds of errors that may also be corrected in the data, by the operator, or by another attempt."""


THEN_RETRY = "Then raise the task's retries."
OUTSIDE_DIAGRAM = {
    ErrorKind.ACCOUNT_RESTRICTED,
    ErrorKind.AUTHENTICATION,
    ErrorKind.FORBIDDEN,
    ErrorKind.HEADERS_TOO_LARGE,
    ErrorKind.SPEND_LIMIT,
}
"""Kinds of errors that are corrected outside of the process, and whose remedies do not say how the task goes on."""


def remedy_for_field(fields: RawFields, name: str) -> str:
    """Return the sentence for a mistake in a field. The value of a variable, or an operator, may be the cause too.

    A name that is no field's is misspelt in the diagram.
    """
    is_misspelt = name not in fields.fields
    is_certain = name in fields.template.constants and name not in VARIABLE_NAME_FIELDS and name not in {AUDIO, URL}
    return DEPLOY_AND_MIGRATE if is_misspelt or is_certain else IF_IN_DIAGRAM


def remedy_for_missing_variable(name: str) -> str:
    """Return the sentence for a process variable that does not exist: the instance may get it, or another diagram."""
    return (
        f"Set '{shorten(name, MAX_NAME_CHARS)}' in this instance, or deploy the corrected diagram and migrate this "
        "instance to it; then raise the task's retries."
    )


def remedy_for_files(variables: Sequence[str]) -> str:
    """Return the sentence for Files whose content cannot be used. Their variables may be unknown."""
    names = ", ".join(f"'{shorten(name, MAX_NAME_CHARS)}'" for name in variables[:MAX_NAMES])
    return f"Set the variable {f'{names} ' if names else ''}again, then raise the task's retries."


def remedy_for_kind(kind: ErrorKind, operation: Operation) -> str:
    """Return the sentence for an error of a request; empty if a diagram has no part in it."""
    if kind not in IN_DIAGRAM | MAYBE_IN_DIAGRAM:
        return ""
    is_data = operation.model_kind == "transcription" and kind is not ErrorKind.MODEL_NOT_FOUND
    return DEPLOY_AND_MIGRATE if kind in IN_DIAGRAM and not is_data else IF_IN_DIAGRAM
