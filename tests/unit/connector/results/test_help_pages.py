"""Each page that an incident links to exists in the documentation, with its anchor."""

import re
from pathlib import Path

import pytest

from catalyst_groq.connector.fields.names import CHAT_DEFAULTS, OPERATION, TRANSCRIPTION_DEFAULTS
from catalyst_groq.connector.results.help_pages import (
    DIAGRAM_PAGE,
    FIELD_PAGE,
    FILES_PAGE,
    UNCAUGHT_PAGE,
    page_of_field,
    page_of_kind,
)
from catalyst_groq.domain.incident_messages import REFUSED_REPORT_PAGE
from catalyst_groq.domain.outcomes import ERRORS_PAGE
from catalyst_groq.groq.api.error_kinds import ERROR_KINDS
from support.factories import make_response
from support.handler_harness import HandlerHarness

DOCS = Path(__file__).parents[4] / "docs"
FIELDS = sorted({*CHAT_DEFAULTS, *TRANSCRIPTION_DEFAULTS} - {OPERATION})


def anchors(page):
    """Return the anchors of a page: its headings in lower case, with hyphens for spaces, without other signs."""
    headings = re.findall(r"^#+ (.+)$", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(
    "link",
    [
        *(ERRORS_PAGE, DIAGRAM_PAGE, FIELD_PAGE, FILES_PAGE, UNCAUGHT_PAGE, REFUSED_REPORT_PAGE),
        *map(page_of_kind, ERROR_KINDS),
        *map(page_of_field, FIELDS),
        page_of_field("a field of another operation"),
    ],
)
def test_page_of_an_incident_exists(link):
    page, _, anchor = link.partition("#")
    assert not anchor or anchor in anchors(page.replace(".html", ".md"))


def test_page_of_a_field_is_its_own():
    assert page_of_field("catalyst_payload") == "fields.html#catalyst_payload"
    assert page_of_field("catalyst_audio") == "fields-transcribe.html#catalyst_audio"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("response", "properties", "page"),
    [
        (make_response(), {"catalyst_timeout": "soon"}, "fields.html#catalyst_timeout"),
        (make_response(), {"catalyst_responseMapping": '{"a!": "nowhere"}'}, "fields.html#catalyst_responsemapping"),
        (make_response(404, {"error": {"code": "model_not_found"}}), {}, "errors.html#model_not_found"),
        (make_response(400, {"error": {"message": "no"}}), {}, UNCAUGHT_PAGE),
        (make_response(400, {"error": {"message": "no"}}), {"catalyst_errorMapping": "{}"}, "errors.html#bad_request"),
    ],
)
async def test_incident_has_the_page_of_its_cause(response, properties, page):
    outcome = await HandlerHarness(response).handle({"userMessage": "Hi"}, properties)
    assert outcome.page == page


@pytest.mark.anyio
async def test_diagram_that_cannot_be_read_has_its_page():
    outcome = await HandlerHarness(make_response(), process='<serviceTask id="AskGroq"/>').handle()
    assert outcome.page == DIAGRAM_PAGE
