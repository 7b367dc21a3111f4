"""The message of an incident: what the engine stores of it, and the link at its end."""

import pytest

from catalyst_groq.domain.incident_messages import MAX_MESSAGE_CHARS, HelpLinks, add_sentence
from catalyst_groq.domain.outcomes import Failure

SENTENCE = "Deploy the corrected diagram, migrate this instance to it, then raise its retries."
DOCS = "https://docs.example.com/groq"


@pytest.mark.parametrize("message", ["short", "It ends.", "x" * 1000, "x" * 583])
def test_sentence_is_stored_whole(message):
    shown = add_sentence(message, SENTENCE)

    assert len(shown) <= MAX_MESSAGE_CHARS
    assert shown.endswith(SENTENCE)
    assert add_sentence(message, "") == message


@pytest.mark.parametrize(("message", "shown"), [("Why", "Why. Do."), ("Why.", "Why. Do."), ("Why?", "Why? Do.")])
def test_sentence_follows_the_end_of_another(message, shown):
    assert add_sentence(message, "Do.") == shown


def test_help_link_ends_an_incident_and_fits_in():
    shown = HelpLinks(DOCS).message_of(Failure("x" * 1000, page="errors.html#budget"))

    assert shown.endswith(f"… See {DOCS}/errors.html#budget")
    assert len(shown) == MAX_MESSAGE_CHARS


@pytest.mark.parametrize(("base_url", "retries"), [(DOCS, 1), ("", 0)])
def test_help_link_is_left_out_of_retries_and_without_docs(base_url, retries):
    assert HelpLinks(base_url).message_of(Failure("Groq: busy.", retries=retries)) == "Groq: busy."
