"""What to do about an error: words of Groq for Groq only, and of the Request Payload where there is one."""

import pytest

from catalyst_groq.groq.api.error_kinds import ERROR_KINDS, ErrorKind
from catalyst_groq.groq.api.operations import CHAT_COMPLETION, TRANSCRIPTION, TRANSLATION
from catalyst_groq.groq.api.remedies import remedy_for


@pytest.mark.parametrize("kind", ERROR_KINDS, ids=lambda kind: kind.name)
def test_remedy_names_groqs_pages_for_groq_only(kind):
    remedy = remedy_for(kind, CHAT_COMPLETION, is_groq=False)
    assert "console" not in remedy
    assert "status" not in remedy


@pytest.mark.slow
@pytest.mark.parametrize("operation", [TRANSCRIPTION, TRANSLATION], ids=lambda operation: operation.path)
@pytest.mark.parametrize("kind", ERROR_KINDS, ids=lambda kind: kind.name)
def test_remedy_of_a_recording_names_no_request_payload(kind, operation):
    for is_groq in (True, False):
        remedy = remedy_for(kind, operation, is_groq=is_groq)
        assert "Request Payload" not in remedy
        assert "max_tokens" not in remedy


def test_remedy_of_a_refused_key_at_groq_names_its_console():
    assert "console.groq.com" in remedy_for(ErrorKind.AUTHENTICATION, CHAT_COMPLETION, is_groq=True)
