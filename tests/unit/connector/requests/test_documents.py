"""Documents in messages: their text is extracted in a process with bounds, or they are refused."""

from functools import partial
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from catalyst_groq.common.bounded_execution import ProcessPool
from catalyst_groq.connector.requests import documents
from catalyst_groq.connector.requests.documents import extract_texts
from catalyst_groq.domain.variables import FileVariable
from catalyst_groq.errors import FieldError
from support.documents import PICTURE, draw_text, make_docx, make_pdf, paragraph
from support.inline_executor import InlineExecutor

pytestmark = pytest.mark.anyio

LETTER, OFFER, NOTE = make_pdf(draw_text("Dear Ada")), make_docx(paragraph("Offer 7")), b"a note"


def make_file(name):
    return FileVariable("File", name, "", "UTF-8", f"{name}.bin")


def payload_of(*contents):
    return {"model": "m", "messages": [{"role": "user", "content": content} for content in contents]}


async def extract(content, executor=None):
    return (await extract_texts(payload_of(make_file("file")), {"file": content}, executor or InlineExecutor()))["file"]


async def test_documents_in_messages_become_texts():
    contents = {"letter": LETTER, "offer": OFFER, "note": NOTE}
    payload = payload_of(make_file("letter"), ["Read", [make_file("offer")]], make_file("note"))

    texts = await extract_texts(payload, contents, InlineExecutor())

    assert texts == {"letter": "Dear Ada", "offer": "Offer 7", "note": NOTE}


async def test_documents_outside_of_messages_stay_as_they_are():
    executor = InlineExecutor()
    assert await extract_texts({"file": make_file("letter")}, {"letter": LETTER}, executor) == {"letter": LETTER}
    assert executor.functions == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            make_pdf(PICTURE),
            "a PDF that has no text: it is blank, or contains pictures only, as a scan does. Upload a PDF with text",
        ),
        (b"%PDF-", "a PDF that is broken. Save it again as PDF"),
        (OFFER[:-30], "a Word document that is broken"),
    ],
)
async def test_document_without_text_is_refused(content, message):
    with pytest.raises(FieldError) as caught:
        await extract(content)

    assert str(caught.value).startswith(f"catalyst_payload: uses the File 'file', {message}")


async def test_document_without_content_is_not_read():
    executor = InlineExecutor()
    file = FileVariable("File", "letter", "application/pdf", "UTF-8", "letter.pdf")
    assert await extract_texts(payload_of(file), {"letter": b""}, executor) == {"letter": b""}
    assert executor.functions == []


async def test_document_has_a_maximum_size(monkeypatch):
    monkeypatch.setattr(documents, "MAX_DOCUMENT_BYTES", 100)
    with pytest.raises(FieldError, match=r"a PDF that has \d+ bytes; the worker reads 100. Send a part of it, or its"):
        await extract(LETTER)


async def test_document_that_needs_an_extra_names_it(monkeypatch):
    monkeypatch.setattr(documents, "find_spec", lambda _: None)
    with pytest.raises(FieldError, match=r"extra 'documents' can read. Have the operator install it: pip install 'cat"):
        await extract(LETTER)
    assert await extract(OFFER) == "Offer 7"


@pytest.fixture
async def pool():
    pool = ProcessPool()
    yield pool
    await pool.aclose()


def make_bomb(size):
    """Return a Word document of some kilobytes that unpacks to that size."""
    written = BytesIO()
    with ZipFile(written, "w", ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * size)
    return written.getvalue()


@pytest.mark.slow
async def test_document_is_read_in_another_process(pool):
    assert await extract(LETTER, pool) == "Dear Ada"
    assert await extract(OFFER, pool) == "Offer 7"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (partial(make_docx, "<w:p>" * 2000 + "</w:p>" * 2000), "is nested too deeply"),
        (partial(make_bomb, 300_000_000), "unpacks to 300,000,000 bytes"),
    ],
    ids=["deep", "bomb"],
)
async def test_document_beyond_a_bound_is_refused(pool, make, reason):
    with pytest.raises(FieldError, match=reason):
        await extract(make(), pool)
