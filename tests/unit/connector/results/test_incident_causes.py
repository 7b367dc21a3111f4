"""The causes of incidents, read from their messages."""

import pytest

from catalyst_groq.connector.results.diagram_remedies import remedy_for_files, remedy_for_kind
from catalyst_groq.connector.results.help_pages import FILES_PAGE, UNCAUGHT_PAGE, page_of_kind
from catalyst_groq.connector.results.incident_causes import CAUSES, FIELD, STATUS, find_causes
from catalyst_groq.connector.results.outcome_mapping import error_message
from catalyst_groq.connector.results.task_failures import UNREADABLE_ENTRY
from catalyst_groq.domain.incident_messages import IF_IN_DIAGRAM, HelpLinks, add_sentence
from catalyst_groq.domain.outcomes import Failure
from catalyst_groq.groq.api.error_kinds import ERROR_KINDS, ErrorKind
from catalyst_groq.groq.api.errors import ApiError
from catalyst_groq.groq.api.operations import CHAT_COMPLETION, TRANSCRIPTION
from catalyst_groq.groq.routing.endpoints import GROQ
from catalyst_groq.journal.base import RESTORE_REMEDY

MISSING_API_KEY = ErrorKind.MISSING_API_KEY
LONG_TEXT = "The server's own words. " * 100


@pytest.mark.parametrize("server", ["", GROQ, "own"])
@pytest.mark.parametrize("operation", [CHAT_COMPLETION, TRANSCRIPTION])
@pytest.mark.parametrize("kind", ERROR_KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("message", ["503 The words", LONG_TEXT])
def test_cause_of_an_incident_is_the_kind_of_its_error(kind, operation, server, message):
    status = 503 if message.startswith("503") else None
    text = error_message(server, ApiError(kind, (), message, status), operation)
    causes = find_causes(add_sentence(text, remedy_for_kind(kind, operation)))

    assert causes == ((kind.name, "503") if status else (kind.name,))


@pytest.mark.parametrize("operation", [CHAT_COMPLETION, TRANSCRIPTION])
@pytest.mark.parametrize("kind", ERROR_KINDS, ids=lambda kind: kind.name)
def test_cause_of_an_incident_with_a_link_is_the_same(kind, operation):
    text = error_message("own-server", ApiError(kind, (), LONG_TEXT), operation)
    failure = Failure(add_sentence(text, remedy_for_kind(kind, operation)), page=page_of_kind(kind))
    message = HelpLinks(f"https://docs.example.com/{'a-long-path/' * 10}latest").message_of(failure)

    assert find_causes(message) == (kind.name,)


@pytest.mark.parametrize(
    ("message", "causes"),
    [
        ("catalyst_payload: is empty. Write a JSON object", ("catalyst_payload",)),
        ("catalyst_responseMapping: 'total' is required", ("catalyst_responseMapping",)),
        ("The BPMN of the process definition order:1 is not well-formed XML", ("unreadable_diagram",)),
        ("groq: 429 Slow down. Nothing catches the BPMN error X: attach an event to 'Ask'.", ("uncaught_error", "429")),
        (
            "Nothing in this process catches the BPMN error X, and the calling process cannot be read",
            ("uncaught_error",),
        ),
        (f"groq: 429 Slow down… See https://docs.example.com/{UNCAUGHT_PAGE}", ("uncaught_error", "429")),
        (
            f"catalyst_payload: uses the File (a.xlsx). Export it as CSV. {remedy_for_files(['a'])} {IF_IN_DIAGRAM}",
            ("unreadable_file", "catalyst_payload"),
        ),
        (
            f"The File 'photo' cannot be read: gone. {remedy_for_files(['photo', 'x' * 50, 'y' * 50, 'z'])}",
            ("unreadable_file",),
        ),
        (
            f"catalyst_payload: uses the… See https://docs.example.com/{FILES_PAGE}",
            ("unreadable_file", "catalyst_payload"),
        ),
        (
            f"catalyst_apiKey: {MISSING_API_KEY.remedy} Nothing catches the BPMN error X. {IF_IN_DIAGRAM}",
            ("missing_api_key", "catalyst_apiKey", "uncaught_error"),
        ),
        ("Groq: timed out: no response within 60 s. Nothing", ("timeout",)),
        ("connection timed out: to 10.0.0.1", ("timeout",)),
        ("gateway.test: connection reset: Server disconnected. Check", ("network",)),
        ("Somebody's: word: timed out: no", ("other",)),
        (UNREADABLE_ENTRY.format("it is damaged", RESTORE_REMEDY), ("unreadable_entry",)),
        ("The engine refused to complete the task: Unknown property used in expression", ("report_refused",)),
        ("The engine refused the BPMN error NO_KEY: Unknown property", ("report_refused",)),
        ("The engine refused to return data of the process: 403: no right", ("403",)),
        ("", ("other",)),
        ("Somebody else's words: 12345", ("other",)),
        ("12345", ("other",)),
    ],
)
def test_cause_of_other_incidents(message, causes):
    assert find_causes(message) == causes
    assert all(cause in CAUSES or FIELD.fullmatch(cause) or STATUS.fullmatch(cause) for cause in causes)
