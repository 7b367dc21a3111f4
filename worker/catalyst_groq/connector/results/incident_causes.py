"""What an incident is due to, read from its message: the words that commands for operators know it by. Pure.

The engine keeps nothing of a failure but its message and details, and each message ends with the remedy of its cause.
"""

import re
from collections.abc import Iterator

from catalyst_groq.connector.fields.error_causes import UNSENT_KINDS
from catalyst_groq.connector.results.help_pages import FILES_PAGE, UNCAUGHT_PAGE, page_of_kind
from catalyst_groq.connector.results.outcome_mapping import UNREACHABLE_REMEDY
from catalyst_groq.domain.outcomes import FailureCause
from catalyst_groq.groq.api.error_kinds import ERROR_KINDS, ErrorKind
from catalyst_groq.groq.api.errors import KIND_BY_REASON, NETWORK_FAILURE
from catalyst_groq.groq.api.remedies import AUDIO_REMEDIES, GROQ_REMEDIES
from catalyst_groq.groq.api.responses import NoResponseReason

OTHER_CAUSE = "other"
UNCAUGHT_ERROR = "uncaught_error"
"""The cause of an incident because nothing catches a BPMN error."""

UNREADABLE_DIAGRAM = "unreadable_diagram"
UNREADABLE_ENTRY = "unreadable_entry"
"""The cause of an incident because the stored response of a task cannot be read."""

CAUSE_BY_REASON = {
    **{reason.value: NETWORK_FAILURE[1][0] for reason in NoResponseReason},
    **{reason.value: causes[0] for reason, (_, causes) in KIND_BY_REASON.items()},
}
OF_NO_RESPONSE = ("timeout", "network")
"""The causes of an error mapping that the message of a transient failure tells apart."""

CAUSES = (
    *(kind.name for kind in ERROR_KINDS),
    *OF_NO_RESPONSE,
    *(UNCAUGHT_ERROR, UNREADABLE_DIAGRAM, UNREADABLE_ENTRY, FailureCause.REPORT.value, OTHER_CAUSE),
)
"""The causes by name; a field (`catalyst_payload`) and a status (`503`) are causes, too."""

UNSENT = {kind.name for kind in UNSENT_KINDS}
FIELD = re.compile(r"catalyst_\w+")
STATUS = re.compile(r"(?:[^:]{1,60}: )?(?P<status>[1-5]\d\d)\b")
"""The status of a server at the beginning of a message, perhaps behind the server's name."""

UNCAUGHT = re.compile(r"Nothing (?:in this process )?catches the BPMN error")
"""In the message of `Catchers.explain_missing`, which stands behind the error's own message."""

LINK = re.compile(r" See \S+/(?P<page>[\w-]+\.html#[\w-]+)$")
"""At the end of a message where `CATALYST_DOCS_URL` is set; see `HelpLinks`."""

REASON = re.compile(rf"(?:[^:]{{1,60}}: )?(?P<reason>{'|'.join(map(re.escape, CAUSE_BY_REASON))}): ")
"""Why there is no response, at the beginning of a message, perhaps behind the server's name."""

SET_AGAIN = re.compile(r"Set the variable (?:'.{1,150}' )?again, then raise the task's retries\.")
"""The remedy for Files, with the names of their variables; see `remedy_for_files`."""

KINDS_BY_PAGE = {page_of_kind(kind): kind.name for kind in ERROR_KINDS} | {FILES_PAGE: ErrorKind.UNREADABLE_FILE.name}
DIAGRAM = "The BPMN of the process definition "
"""How the message of a `DefinitionError` begins."""

REFUSED_REPORT = ("The engine refused to complete the task", "The engine refused the ")
"""How the message begins when the engine has refused a completion, a BPMN error or any outcome."""

ANSWERED = "CATALYST_JOURNAL: Groq has answered this task, but the stored response cannot be read"
"""How the message of an `UnreadableEntry` begins."""


def find_causes(message: str) -> tuple[str, ...]:
    """Return the causes of an incident, the main one first: an error kind, a field, a status; or `other`."""
    return tuple(dict.fromkeys(_find(message))) or (OTHER_CAUSE,)


def _find(message: str) -> Iterator[str]:
    kind = _find_kind(message)
    if kind in UNSENT:
        yield kind  # more exact than the field
    if field := FIELD.match(message):
        yield field[0]
    if message.startswith(DIAGRAM):
        yield UNREADABLE_DIAGRAM
    if message.startswith(ANSWERED):
        yield UNREADABLE_ENTRY
    if message.startswith(REFUSED_REPORT):
        yield FailureCause.REPORT.value
    if kind:
        yield kind
    if (reason := REASON.match(message)) and CAUSE_BY_REASON[reason["reason"]] in OF_NO_RESPONSE:
        yield CAUSE_BY_REASON[reason["reason"]]
    link = LINK.search(message)
    if UNCAUGHT.search(message) or (link and link["page"] == UNCAUGHT_PAGE):
        yield UNCAUGHT_ERROR
    if status := STATUS.match(message):
        yield status["status"]


def _find_kind(message: str) -> str | None:
    # A long message has lost the end of its remedy to the link.
    if (link := LINK.search(message)) and link["page"] in KINDS_BY_PAGE:
        return KINDS_BY_PAGE[link["page"]]
    if SET_AGAIN.search(message):
        return ErrorKind.UNREADABLE_FILE.name
    found = [(len(remedy), kind.name) for remedy, kind in _remedies() if remedy in message]
    return max(found)[1] if found else None  # a remedy may begin as another one does


def _remedies() -> Iterator[tuple[str, ErrorKind]]:
    for kind in ERROR_KINDS:
        yield kind.remedy, kind
    for remedies in (GROQ_REMEDIES, AUDIO_REMEDIES):
        yield from ((remedy, kind) for kind, remedy in remedies.items())
    yield UNREACHABLE_REMEDY, ErrorKind.TRANSIENT
