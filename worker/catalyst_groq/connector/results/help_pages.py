"""The pages of the documentation about what a task can fail with. A test checks that each exists. Pure."""

from catalyst_groq.connector.fields.names import CHAT_DEFAULTS, TRANSCRIPTION_DEFAULTS
from catalyst_groq.domain.outcomes import ERRORS_PAGE
from catalyst_groq.groq.api.error_kinds import ERROR_KINDS, ErrorKind

FIELD_PAGE = f"{ERRORS_PAGE}#mistakes-in-a-field"
DIAGRAM_PAGE = f"{ERRORS_PAGE}#a-diagram-that-cannot-be-read"
UNCAUGHT_PAGE = f"{ERRORS_PAGE}#a-bpmn-error-that-nothing-catches"
FILES_PAGE = "files.html#files-that-are-refused"


def page_of_field(name: str) -> str:
    """Return the page about a field of an element template."""
    pages = (("fields.html", CHAT_DEFAULTS), ("fields-transcribe.html", TRANSCRIPTION_DEFAULTS))
    return next((f"{page}#{name.lower()}" for page, fields in pages if name in fields), FIELD_PAGE)


def page_of_kind(kind: ErrorKind) -> str:
    """Return the page about a class of errors. Classes from outside of the package have none of their own."""
    return f"{ERRORS_PAGE}#{kind.name}" if kind in ERROR_KINDS else ERRORS_PAGE
