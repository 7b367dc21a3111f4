"""The types of Files: normalised MIME types, signatures, and which of them counts."""

from io import BytesIO
from zipfile import ZipFile, ZipInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.connector.requests.file_types import (
    DOCX,
    HEIC,
    OLE,
    OPEN_DOCUMENT,
    PDF,
    PPTX,
    TEXT,
    UNKNOWN,
    XLSX,
    ZIP,
    find_signature,
    normalize,
    recognize,
)
from catalyst_groq.domain.variables import FileVariable
from support.documents import make_docx, make_pdf

PNG = b"\x89PNG\r\n\x1a\n"
OCTETS = "application/octet-stream"


FIXED_TIME = (2026, 1, 1, 0, 0, 0)


def make_archive(**entries):
    """Return a ZIP archive of entries that are not compressed; `__` in a name stands for a slash, `_` for a dot."""
    written = BytesIO()
    with ZipFile(written, "w") as archive:
        for name, content in entries.items():
            # With a fixed time: the archive is part of test ids, which must be the same in all processes.
            entry = ZipInfo(name.replace("__", "/").replace("_", "."), FIXED_TIME)
            archive.writestr(entry, content)
    return written.getvalue()


OPEN_TEXT = "application/vnd.oasis.opendocument.text"


@pytest.mark.parametrize(
    ("written", "mimetype"),
    [
        ("image/jpeg", "image/jpeg"),
        ("IMAGE/JPG", "image/jpeg"),
        (" image/pjpeg ; charset=binary", "image/jpeg"),
        ("image/x-png", "image/png"),
        ("audio/webm;codecs=opus", "audio/webm"),
        ("audio/x-m4a", "audio/mp4"),
        ("audio/mpeg3", "audio/mpeg"),
        ("audio/x-mpeg-3", "audio/mpeg"),
        ("audio/x-mp3", "audio/mpeg"),
        ("audio/x-wav", "audio/wav"),
        ("audio/vnd.wave", "audio/wav"),
        ("audio/x-flac", "audio/flac"),
        ("application/x-pdf", PDF),
        ("text/csv; header=present", "text/csv"),
        ("application/octet-stream", UNKNOWN),
        ("binary/octet-stream", UNKNOWN),
        ("", UNKNOWN),
        ("undefined", UNKNOWN),
        ("image/", UNKNOWN),
        ("audio/wav\r\nx: y", UNKNOWN),
    ],
)
def test_mime_type_is_normalised(written, mimetype):
    assert normalize(written) == mimetype


@given(st.text())
def test_mime_type_stays_the_same_when_normalised_again(text):
    assert normalize(normalize(text)) == normalize(text)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "mimetype"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", HEIC),
        (b"\0\0\0\x18ftypmif1\0\0\0\0", HEIC),
        (b"\0\0\0\x18ftypM4A \0\0\0\0", "audio/mp4"),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "video/mp4"),
        (b"\0\0\0\x18ftypqt  \0\0\0\0", "video/quicktime"),
        (b"ID3\x04\0\0", "audio/mpeg"),
        (b"\xff\xfb\x90\0", "audio/mpeg"),
        (b"\xff\xf1\x50\x80", "audio/aac"),
        (b"#!AMR\n", "audio/amr"),
        (b"caff\0\x01", "audio/caf"),
        (b"OggS\0\x02", "audio/ogg"),
        (b"fLaC\0\0\0\x22", "audio/flac"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm", "audio/webm"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x88matroska", "video/matroska"),
        (make_pdf(""), PDF),
        (make_docx(), DOCX),
        (make_docx()[:-30], DOCX),
        (make_archive(a_txt="x" * 200_000, word__document2_xml="", b_txt="x" * 200_000), DOCX),
        (make_archive(xl__workbook_xml=""), XLSX),
        (make_archive(xl__workbook_xml="")[:-30], XLSX),
        (make_archive(ppt__presentation_xml=""), PPTX),
        (make_archive(mimetype=OPEN_TEXT, content_xml=""), OPEN_DOCUMENT),
        (make_archive(password__documents_txt=""), ZIP),
        (make_archive(password__documents_txt="")[:-30], ZIP),
        (make_archive(word__documents_txt=""), ZIP),
        (make_archive(old__word__document_xml=""), ZIP),
        (make_archive(a_txt="word/document.xml, xl/workbook.xml"), ZIP),
        (make_archive(offer_docx=make_docx()), ZIP),
        (b"PK\x03\x04....a.txt", ZIP),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE),
        (b"The ftyp box of an MP4 file", UNKNOWN),
        (b"the ftypM4A brand", UNKNOWN),
        (b"the ftypheic brand", UNKNOWN),
        (b"BMW sells cars.", UNKNOWN),
        (b"ID3 is a format", UNKNOWN),
        (b"RIFF is a format", UNKNOWN),
        (b"PK is a name", UNKNOWN),
        ("Grüße".encode("utf-16"), UNKNOWN),
        (b"", UNKNOWN),
    ],
)
def test_signature_proves_the_type(content, mimetype):
    assert find_signature(content) == mimetype


@pytest.mark.parametrize(
    ("filename", "declared", "content", "mimetype"),
    [
        ("photo.jpg", "image/jpeg", PNG, "image/png"),
        ("notes.txt", "text/plain", PNG, "image/png"),
        ("a.pdf", PDF, PNG, "image/png"),
        ("photo.png", OCTETS, PNG, "image/png"),
        ("photo", "", PNG, "image/png"),
        ("orders.csv", "application/vnd.ms-excel", b"a;b\n1;2\n", TEXT),
        ("orders", "application/vnd.ms-excel", b"a;b\n1;2\n", TEXT),
        ("mail.eml", "message/rfc822", b"Subject: x\n\nhello", TEXT),
        ("a.svg", "image/svg+xml", b"<svg/>", TEXT),
        ("a.svg", OCTETS, b"<svg/>", TEXT),
        ("a.md", "", "Grüße".encode("latin-1"), TEXT),
        ("main.ts", "video/mp2t", b"let x = 1", TEXT),
        ("a", "application/xhtml+xml", b"<html/>", TEXT),
        ("a", "application/x-yaml", b"a: 1", TEXT),
        ("a", "application/vnd.acme", b"a: 1", TEXT),
        ("a", "", "Grüße".encode(), TEXT),
        ("a", "", "Grüße".encode("utf-16"), TEXT),
        ("a", "", b"", TEXT),
        ("a", "", "ü".encode() * 100_000, TEXT),
        ("a", "", b" " + "ü".encode() * 100_000, TEXT),
        ("a", "application/vnd.acme", b"\0\1\2", "application/vnd.acme"),
        ("a.bin", OCTETS, b"\0\1\2", UNKNOWN),
        ("a", "", "Grüße".encode("latin-1"), UNKNOWN),
        ("photo.png", OCTETS, b"<html>", "image/png"),
        ("photo", "image/heic", b"\0\1\2", HEIC),
        ("a.pdf", "", b"<html>", PDF),
        ("a.docx", "", b"<html>", DOCX),
    ],
)
def test_file_is_recognized(filename, declared, content, mimetype):
    assert recognize(FileVariable("File", "file", declared, "UTF-8", filename), content) == mimetype
