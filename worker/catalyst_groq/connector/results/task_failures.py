"""The failure of a task that comes to no call: by a field, the diagram, the engine, the journal, or a defect. Pure."""

from datetime import timedelta

from catalyst_groq.connector.fields.names import COMMON_DEFAULTS, RETRIES
from catalyst_groq.connector.fields.raw import RawFields
from catalyst_groq.connector.fields.retry_cycle import RetryCycle
from catalyst_groq.connector.results.diagram_remedies import remedy_for_field, remedy_for_missing_variable
from catalyst_groq.connector.results.help_pages import DIAGRAM_PAGE, page_of_field
from catalyst_groq.connector.results.incident_causes import ANSWERED
from catalyst_groq.connector.results.unsent_requests import missing_key, unreadable_file
from catalyst_groq.domain.external_task import ExternalTask
from catalyst_groq.domain.incident_messages import DEPLOY_AND_MIGRATE, add_instance_remedy
from catalyst_groq.domain.outcomes import Failure, FailureCause
from catalyst_groq.errors import (
    DefinitionError,
    EngineError,
    EngineResponseTooLarge,
    EngineUnreachable,
    FieldError,
    JournalError,
    MissingKey,
    UnreadableEntry,
    UnreadableFile,
)

JOURNAL_RETRY_TIMEOUT = timedelta(seconds=30)
"""How long a task waits in the engine for a journal that is required and unavailable."""

UNREADABLE_ENTRY = (
    f"{ANSWERED}: {{}}. It is set aside and kept for CATALYST_JOURNAL_MAX_AGE. {{}}, then raise the task's retries: "
    "the response is used, Groq is not asked. If the retries are raised without that, Groq is asked again, and the "
    "answer is paid for a second time."
)

DEFAULT_RETRIES = RetryCycle.parse(RETRIES, COMMON_DEFAULTS[RETRIES])


def field_failure(fields: RawFields, error: FieldError) -> Failure:
    """Return the failure of a task whose fields, or the variables that they use, are wrong."""
    match error:
        case UnreadableFile():
            return unreadable_file(error).failure
        case MissingKey():
            return missing_key(error).failure
        case FieldError(missing_variable=name) if name:
            remedy = remedy_for_missing_variable(name)
        case _:
            remedy = remedy_for_field(fields, error.field)
    failure = Failure(str(error), cause=FailureCause.FIELD, page=page_of_field(error.field))
    return add_instance_remedy(failure, remedy)


def error_to_failure(task: ExternalTask, error: DefinitionError | EngineError | JournalError) -> Failure:
    """Return the failure of a task that could not be processed without the engine's data or the journal."""
    retries = DEFAULT_RETRIES.retries_left(task.retries)
    match error:
        case DefinitionError():
            failure = Failure(str(error), cause=FailureCause.DEFINITION, page=DIAGRAM_PAGE)
            return add_instance_remedy(failure, DEPLOY_AND_MIGRATE)
        case EngineResponseTooLarge():
            message = f"{error}. Store less in the diagram, then raise the task's retries."
            return Failure(message, cause=FailureCause.ENGINE)
        case EngineUnreachable():
            return Failure(str(error), retries=retries, cause=FailureCause.ENGINE)
        case UnreadableEntry():
            return Failure(UNREADABLE_ENTRY.format(error.problem, error.remedy), cause=FailureCause.JOURNAL)
        case JournalError():
            message = f"{error}. No request is sent until the journal is available"
            return Failure(message, retries=retries, retry_timeout=JOURNAL_RETRY_TIMEOUT, cause=FailureCause.JOURNAL)
        case EngineError():
            message = f"The engine refused to return data of the process: {error}"
            return attempt_failed(task, message, FailureCause.ENGINE)


def attempt_failed(task: ExternalTask, message: str, cause: FailureCause) -> Failure:
    """Return the failure of an attempt that another one may follow, by the default of the Retries field."""
    left, retry_timeout = DEFAULT_RETRIES.after_failure(task.retries)
    return Failure(message, retries=left, retry_timeout=retry_timeout, cause=cause)
