"""PDF and Word documents for tests, as small as they can be."""

from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
PICTURE = "q 100 0 0 100 0 0 cm BI /W 1 /H 1 /CS /G /BPC 8 ID x EI Q"
"""What a page draws: a picture of one pixel."""


def draw_text(text):
    """Return the operators that write a text onto a page of `make_pdf`, in WinAnsi (windows-1252)."""
    lines = " ".join(f"({line}) Tj 0 -15 Td" for line in text.split("\n"))
    return f"BT /F1 12 Tf 50 700 Td {lines} ET"


HELVETICA = "/Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding"


def make_pdf(*pages, objects=(), catalog="", page_entries="", trailer="", font=HELVETICA):
    """Return a PDF with these pages, each as the operators that draw it.

    `objects` are further objects: the first one has the number 4 + 2 × pages. Entries are those of PDF's syntax.
    """
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    written = [
        f"<< /Type /Catalog /Pages 2 0 R {catalog} >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        f"<< /Type /Font {font} >>",
    ]
    for number, drawn in enumerate(pages):
        resources = f"/Resources << /Font << /F1 3 0 R >> >> /MediaBox [0 0 600 800] {page_entries}"
        written.append(f"<< /Type /Page /Parent 2 0 R /Contents {5 + 2 * number} 0 R {resources} >>")
        written.append(f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream")
    return _write_pdf([*written, *objects], trailer)


def _write_pdf(objects, trailer):
    written, offsets = "%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(written))
        written += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    count = len(objects) + 1
    end = f"trailer\n<< /Size {count} /Root 1 0 R {trailer} >>\nstartxref\n{len(written)}\n%%EOF\n"
    return f"{written}xref\n0 {count}\n0000000000 65535 f \n{table}{end}".encode("cp1252")


def make_docx(body="", *, doctype="", **parts):
    """Return a Word document with that XML in its body; `parts` are the XML inside of further ones (`header1`)."""
    written = BytesIO()
    with ZipFile(written, "w", ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", _part("document", f"<w:body>{body}</w:body>", doctype))
        for name, content in parts.items():
            archive.writestr(f"word/{name}.xml", _part(name, content))
    return written.getvalue()


def paragraph(text):
    """Return the XML of a paragraph."""
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def _part(name, content, doctype=""):
    return f'<?xml version="1.0" encoding="UTF-8"?>{doctype}<w:{name} xmlns:w="{WORD}">{content}</w:{name}>'
