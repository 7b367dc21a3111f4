"""The text of a Word document."""

from io import BytesIO
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_LZMA, ZipFile

import pytest

from catalyst_groq.connector.requests import word_documents
from catalyst_groq.connector.requests.unreadable_document import UnreadableDocumentError
from catalyst_groq.connector.requests.word_documents import read_docx
from support.documents import make_docx, paragraph

TEXT_BOX = "<w:txbxContent>" + paragraph("in a box") + "</w:txbxContent>"
MC = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
TABLE = "<w:tbl><w:tblPr/><w:tr><w:trPr/>{}</w:tr><w:tr>{}</w:tr></w:tbl>".format(
    *("".join(f"<w:tc><w:tcPr/>{paragraph(text)}</w:tc>" for text in row) for row in (("Item", "Price"), ("Pen", "2")))
)


ALTERNATIVES = f"<mc:Choice>{TEXT_BOX}</mc:Choice><mc:Fallback>{TEXT_BOX}</mc:Fallback>"
CHANGES = "<w:ins><w:r><w:t>new</w:t></w:r></w:ins><w:del><w:r><w:delText>old</w:delText></w:r></w:del>"


def make_part(compression, encoding="UTF-8"):
    """Return a Word document that has only its main part."""
    written = BytesIO()
    with ZipFile(written, "w", compression) as archive:
        archive.writestr("word/document.xml", f'<?xml version="1.0" encoding="{encoding}"?><document/>')
    return written.getvalue()


def run(content):
    return f"<w:p><w:r>{content}</w:r></w:p>"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (paragraph("Grüße &amp; &lt;Co&gt;") + paragraph("Ada"), "Grüße & <Co>\nAda"),
        (TABLE, "Item\tPrice\nPen\t2"),
        (run("<w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t><w:noBreakHyphen/><w:t>d</w:t>"), "a\tb\nc-d"),
        ("<w:p><w:pPr><w:tabs><w:tab/></w:tabs></w:pPr><w:r><w:t>a</w:t></w:r></w:p>", "a"),
        (f"<w:sdt><w:sdtPr/><w:sdtContent>{paragraph('in a control')}</w:sdtContent></w:sdt>", "in a control"),
        (f"<w:p>{CHANGES}</w:p>", "new"),
        ("<w:p><w:hyperlink><w:r><w:t>a link</w:t></w:r></w:hyperlink></w:p>", "a link"),
        (run("<w:instrText>PAGE</w:instrText><w:t>3</w:t>"), "3"),
        (run('<w:sym w:font="Symbol" w:char="2713"/>'), "✓"),
        (run('<w:sym w:char="zz"/><w:sym w:char="FFFFFFFF"/><w:sym w:char="110000"/>'), "\ufffd" * 3),
        (run('<w:sym w:char="D800"/><w:sym w:char="dfff"/><w:sym w:char="0000"/>'), "\ufffd" * 3),
        (run('<w:sym w:char="-1"/><w:sym w:char="0x41"/><w:sym w:char="4_1"/>'), "\ufffd" * 3),
        (run('<w:t>a</w:t><w:sym/><w:t>b</w:t><w:sym w:char="1F600"/>'), "a b😀"),
        (f"<w:p {MC}><w:r><mc:AlternateContent>{ALTERNATIVES}</mc:AlternateContent></w:r></w:p>", "in a box"),
    ],
)
def test_docx_gives_its_text(body, text):
    assert read_docx(make_docx(body)) == text


def test_docx_includes_headers_footers_and_notes():
    body = '<w:p><w:r><w:t>Text</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r></w:p>'
    notes = '<w:footnote w:id="0" w:type="separator"/>' + f'<w:footnote w:id="2">{paragraph("a note")}</w:footnote>'
    header = paragraph("Invoice 7")
    content = make_docx(body, header1=header, header2=header, footer1=paragraph("Bank"), footnotes=notes)

    assert read_docx(content) == "Invoice 7\n\nText[2]\n\nBank\n\n[2] a note"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            make_docx("<w:p/>"),
            "has no text. Upload one with text, or images of its pages if the diagram names a model that supports",
        ),
        (make_docx(paragraph("x"))[:-30], "is broken (File is not a zip file). Save it again as docx"),
        (make_docx("<w:p>"), "is broken (mismatched tag"),
        (make_part(ZIP_DEFLATED, encoding="klingon"), "is broken (unknown encoding"),
        (make_part(ZIP_DEFLATED, encoding="shift_jis"), "is broken (multi-byte encodings are not supported"),
        (make_part(ZIP_LZMA).replace(b"\5\0]", b"\5\0\xff"), "is broken (Invalid or unsupported options"),
        (make_part(ZIP_BZIP2).replace(b"BZh", b"BZx"), "is broken (Invalid data stream"),
        (make_docx().replace(b"word/document", b"word/missing!"), "is broken (it has no word/document.xml)"),
    ],
    ids=["empty", "cut off", "no XML", "encoding", "multi-byte", "LZMA", "bzip2", "no part"],
)
def test_docx_that_cannot_be_read_names_the_fix(content, message):
    with pytest.raises(UnreadableDocumentError) as caught:
        read_docx(content)

    assert str(caught.value).startswith(message)


def test_docx_with_a_document_type_is_refused():
    """Entities could grow without bound, or fetch files."""
    doctype = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
    with pytest.raises(UnreadableDocumentError, match="has a document type in its XML"):
        read_docx(make_docx(paragraph("&e;"), doctype=doctype))


def test_docx_that_unpacks_to_too_much_is_refused(monkeypatch):
    monkeypatch.setattr(word_documents, "MAX_XML_BYTES", 10_000)
    with pytest.raises(UnreadableDocumentError, match="of text; the worker reads 10,000"):
        read_docx(make_docx(paragraph("x" * 10_000)))
