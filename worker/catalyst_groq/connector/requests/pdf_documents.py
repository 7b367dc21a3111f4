"""The text of a PDF, page by page, with the entries of its form. Pure, but for the library, which is an extra."""

from collections.abc import Iterator
from typing import Any

from catalyst_groq.connector.requests.unreadable_document import OR_IMAGES, UnreadableDocumentError

MAX_UNMAPPED_SHARE = 0.2
"""Of the characters of a page. PDFium guesses the others, and what it guesses is no text."""

SAMPLED_CHARACTERS = 200
"""Of a page, at least: to ask about every character takes as long as to read it."""

HYPHEN_AT_LINE_END = "\ufffe"
WITH_TEXT = f"Upload a PDF with text (OCR), {OR_IMAGES}"


def read_pdf(content: bytes) -> str:
    """Return the text of a PDF. Raises `UnreadableDocumentError`."""
    import pypdfium2  # noqa: PLC0415 -- an extra
    from pypdfium2 import raw  # noqa: PLC0415

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        if error.err_code in {raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY}:
            raise UnreadableDocumentError("is encrypted", "Remove its password") from error
        raise UnreadableDocumentError("is broken", "Save it again as PDF") from error
    if document.get_formtype() == raw.FORMTYPE_XFA_FULL:
        raise UnreadableDocumentError("is a form (XFA) whose pages only Adobe's programs show", "Print it as PDF")
    pages = list(_read_pages(document, raw))
    if not any(text for text, _ in pages):
        raise UnreadableDocumentError("has no text: it is blank, or contains pictures only, as a scan does", WITH_TEXT)
    return "\n\n".join(text or note for text, note in pages if text or note)


def _read_pages(document: Any, raw: Any) -> Iterator[tuple[str, str]]:
    """Yield the text of each page, and what to write for a page that has no text but something else on it."""
    for number in range(len(document)):
        page = document[number]
        # Makes entries of forms, and texts that were written onto the page, a part of it.
        if raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY) == raw.FLATTEN_SUCCESS:
            page.close()
            page = document[number]
        text_page = page.get_textpage()
        text = text_page.get_text_range().replace("\r\n", "\n").replace(HYPHEN_AT_LINE_END, "-").strip()
        note = f"[Page {number + 1} contains pictures only]" if raw.FPDFPage_CountObjects(page) else ""
        is_mapped = _is_mapped(text_page, raw)
        text_page.close()
        page.close()
        if not is_mapped:
            problem = f"has a font on page {number + 1} that does not say which characters it shows"
            raise UnreadableDocumentError(problem, WITH_TEXT)
        yield text, note


def _is_mapped(text_page: Any, raw: Any) -> bool:
    """Whether the fonts of a page say which characters they show."""
    count = text_page.count_chars()
    sample = range(0, count, max(count // SAMPLED_CHARACTERS, 1))
    unmapped = sum(raw.FPDFText_HasUnicodeMapError(text_page, index) == 1 for index in sample)
    return bool(unmapped <= len(sample) * MAX_UNMAPPED_SHARE)
