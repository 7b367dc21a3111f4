"""The text of a PDF."""

import pytest

from catalyst_groq.connector.requests.pdf_documents import read_pdf
from catalyst_groq.connector.requests.unreadable_document import UnreadableDocumentError
from support.documents import PICTURE, draw_text, make_pdf

LETTER = draw_text("Grüße an Ada")
ENCRYPTED = f"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <{'41' * 32}> /U <{'42' * 32}> >> /ID [<41> <41>]"


def read(*pages, **parts):
    return read_pdf(make_pdf(*pages, **parts))


def problem_of(content):
    with pytest.raises(UnreadableDocumentError) as caught:
        read_pdf(content)
    return str(caught.value)


def test_pdf_gives_the_text_of_its_pages():
    assert read(LETTER, draw_text("one\ntwo"), "") == "Grüße an Ada\n\none\ntwo"


def test_pdf_page_without_text_is_marked():
    assert read(LETTER, PICTURE) == "Grüße an Ada\n\n[Page 2 contains pictures only]"


def test_pdf_includes_the_entries_of_its_form():
    drawn = "BT /F1 12 Tf 2 5 Td (Lovelace) Tj ET"
    form = "/Type /XObject /Subtype /Form /BBox [0 0 250 20] /Resources << /Font << /F1 3 0 R >> >>"
    objects = [
        "<< /Type /Annot /Subtype /Widget /FT /Tx /T (n) /V (x) /F 4 /Rect [50 600 300 620] /AP << /N 7 0 R >> >>",
        f"<< {form} /Length {len(drawn)} >>\nstream\n{drawn}\nendstream",
    ]

    assert read(LETTER, objects=objects, page_entries="/Annots [6 0 R]") == "Grüße an Ada\nLovelace"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            make_pdf(PICTURE),
            "has no text: it is blank, or contains pictures only, as a scan does. Upload a PDF with text (OCR), or ",
        ),
        (make_pdf(""), "has no text: it is blank, or contains pictures only"),
        (make_pdf(), "is broken"),
        (make_pdf(LETTER, trailer=ENCRYPTED), "is encrypted. Remove its password"),
        (b"%PDF-1.7\nand nothing else", "is broken. Save it again as PDF"),
        (
            make_pdf(LETTER, catalog="/NeedsRendering true /AcroForm << /Fields [] /XFA (x) >>"),
            "is a form (XFA) whose pages only Adobe's programs show. Print it as PDF",
        ),
    ],
    ids=["scan", "blank", "no pages", "encrypted", "broken", "XFA"],
)
def test_pdf_that_has_no_text_names_the_fix(content, message):
    assert problem_of(content).startswith(message)


def test_pdf_with_a_font_without_characters_is_refused():
    differences = "/Subtype /Type1 /BaseFont /X /Encoding << /Differences [65 /g1 /g2 /g3] >>"
    problem = problem_of(make_pdf(LETTER, draw_text("ABCABC"), font=differences))

    assert problem.startswith("has a font on page 1 that does not say which characters it shows. Upload a PDF")
