"""File variables in a payload: which parts they become, and where they are refused."""

from typing import Any

import pytest

from catalyst_groq.connector.fields.structured_text import fill
from catalyst_groq.connector.requests import files
from catalyst_groq.connector.requests.files import MAX_IMAGE_BYTES, files_in, insert_files
from catalyst_groq.connector.requests.payload import render_payload
from catalyst_groq.domain.variables import FileVariable
from catalyst_groq.errors import FieldError, UnreadableFile
from catalyst_groq.groq.models.catalog import shipped_catalog

VISION = "qwen/qwen3.8-27b"


def make_file(name, mimetype, encoding="UTF-8", filename=""):
    return FileVariable("File", name, mimetype, encoding, filename)


PHOTO, SCAN, NOTE = make_file("photo", "image/png"), make_file("scan", "image/jpeg"), make_file("note", "text/plain")
VARIABLES = {
    "left_out": None,
    "photo": PHOTO,
    "scan": SCAN,
    "note": NOTE,
    "fake": make_file("fake", "image/png"),
    "sheet": make_file("sheet", "application/vnd.ms-excel", filename="orders.xls"),
    "letter": make_file("letter", "application/pdf"),
}
CONTENTS = {
    "photo": b"\x89PNG",
    "scan": b"\xff\xd8",
    "note": "Grüße".encode(),
    "fake": b"<html>",
    "sheet": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "letter": "Dear Ada",
}
PHOTO_PART: dict[str, Any] = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}}
SCAN_PART = {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,/9g="}}
NOTE_PART = {"type": "text", "text": "Grüße"}


def content(written, model=VISION, contents=CONTENTS):
    """Return the content of a message with its files."""
    template = {"model": model, "messages": [{"role": "user", "content": written}]}
    payload = render_payload(template, VARIABLES, None, default_model=model)
    return insert_files(payload, contents, shipped_catalog())["messages"][0]["content"]


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("${photo}", [PHOTO_PART]),
        ("${note}", [NOTE_PART]),
        ("${letter}", [{"type": "text", "text": "Dear Ada"}]),
        (["${left_out}"], ""),
        ("Hi", "Hi"),
        (["Hi", "${left_out}"], [{"type": "text", "text": "Hi"}]),
        (["What is this?", "${photo}"], [{"type": "text", "text": "What is this?"}, PHOTO_PART]),
        (["${[photo, scan]}", "${note}"], [PHOTO_PART, SCAN_PART, NOTE_PART]),
        (
            [{"type": "image_url", "image_url": {"url": "${photo}", "detail": "low"}}],
            [{"type": "image_url", "image_url": {**PHOTO_PART["image_url"], "detail": "low"}}],
        ),
    ],
)
def test_file_becomes_an_image_part_or_a_text_part(written, parts):
    assert content(written) == parts


@pytest.mark.parametrize("image", [7, None, [1], {"url": 7}, "https://example.com/a.png"])
def test_image_of_any_form_is_left_to_the_server(image):
    part = {"type": "image_url", "image_url": image}
    assert content([part]) == [part]


def test_files_of_a_payload_are_listed_once():
    payload = {"messages": [{"content": [PHOTO, "x", PHOTO]}, {"content": [[NOTE]]}], "model": "m"}
    assert files_in(payload) == [PHOTO, NOTE]


@pytest.mark.parametrize(
    ("written", "model", "message"),
    [
        ("${sheet}", VISION, r"uses the File 'sheet' \(orders.xls, application/x-ole-storage\), which cannot be sent"),
        ("${fake}", VISION, "uses the File 'fake', whose content is not image/png. Convert it to JPEG or PNG"),
        (
            [{"type": "image_url", "image_url": {"url": "${note}"}}],
            VISION,
            "uses the File 'note' as an image, which it",
        ),
        ("${photo}", "openai/gpt-oss-120b", "uses the File 'photo' as an image, but openai/gpt-oss"),
        (["${photo}"] * 4, VISION, f"sends 4 images; {VISION} takes 3. Send fewer images"),
        ([{"type": "text", "text": "${photo}"}], VISION, "holds the File 'photo' where no file can be"),
        ("This: ${photo}", VISION, r"has no text. Write it as an entry of its own: \"content\": "),
    ],
)
def test_file_that_cannot_be_sent_is_refused(written, model, message):
    with pytest.raises(FieldError, match=message):
        content(written, model)


BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    ("file", "empty"),
    [
        (make_file("none", "application/octet-stream"), b""),  # as Tasklist stores a File when none was chosen
        (make_file("text", "text/plain", filename="a.txt"), b""),
        (make_file("pdf", "application/pdf", filename="a.pdf"), b""),
        (make_file("word", "", filename="a.docx"), b""),
        (make_file("image", "image/png", filename="a.png"), b""),
        (make_file("sheet", "", filename="a.xlsx"), b""),
        (make_file("sound", "audio/mpeg", filename="a.mp3"), b""),
        (make_file("blank", "text/plain"), b" \r\n"),
        (make_file("mark", "text/plain"), BYTE_ORDER_MARK),
    ],
    ids=lambda value: value.name if isinstance(value, FileVariable) else "",
)
def test_file_without_content_is_refused(file, empty):
    payload = {"model": VISION, "messages": [{"role": "user", "content": ["Sum it up:", file]}]}
    with pytest.raises(UnreadableFile) as caught:
        insert_files(payload, {file.name: empty}, shipped_catalog())

    assert str(caught.value) == f"catalyst_payload: the File '{file.name}' is empty. Choose a file"
    assert caught.value.variables == (file.name,)


def test_file_that_is_an_image_is_refused_for_other_models():
    with pytest.raises(UnreadableFile) as caught:
        content(["${note}", "${photo}"], "openai/gpt-oss-120b")

    assert str(caught.value) == (
        "catalyst_payload: uses the File 'photo' as an image, but openai/gpt-oss-120b does not support images. "
        f"Choose a file with text, or let the diagram name {VISION}"
    )
    assert caught.value.variables == ("photo",)


def test_file_is_not_blamed_for_an_image_of_the_diagram():
    image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    with pytest.raises(FieldError, match="sends images, but openai/gpt-oss-120b does not support images") as caught:
        content(["${note}", image], "openai/gpt-oss-120b")

    assert not isinstance(caught.value, UnreadableFile)


def test_files_with_too_many_images_are_named():
    with pytest.raises(UnreadableFile, match=f"sends 4 images; {VISION} takes 3. Send fewer images") as caught:
        content(["${note}", *["${photo}"] * 2, *["${scan}"] * 2])

    assert caught.value.variables == ("photo", "scan")


def test_file_images_have_a_maximum_size():
    with pytest.raises(FieldError, match="Groq takes 4,000,000"):
        content("${photo}", contents={**CONTENTS, "photo": b"\x89PNG" + bytes(MAX_IMAGE_BYTES)})


def test_file_with_another_encoding_is_refused():
    with pytest.raises(FieldError, match="the File 'note', whose content is not UTF-8 text"):
        content("${note}", contents={**CONTENTS, "note": b"\xff"})


def test_file_is_refused_outside_of_the_payload():
    with pytest.raises(FieldError, match="holds a File, which has no text"):
        fill("catalyst_model", "${photo}", VARIABLES)


@pytest.mark.parametrize(
    ("filename", "mimetype", "content", "advice"),
    [
        (
            "photo.heic",
            "image/heic",
            b"\0\0\0\x18ftypheic",
            "Convert it to JPEG or PNG (on an iPhone: Settings, Camera,",
        ),
        ("scan.tif", "image/tiff", b"II*\0", "Convert it to JPEG or PNG"),
        ("a.xlsx", "", b"PK\x03\x04 xl/workbook.xml", "Export its sheets as CSV"),
        ("a.ods", "", b"PK\x03\x04 mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "Export its sheets as CSV"),
        ("a.pptx", "", b"PK\x03\x04 ppt/presentation.xml", "Save it as PDF"),
        ("a.doc", "application/msword", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Save it as docx or PDF"),
        ("a.docx", "", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Save it as docx or PDF, without a password"),
        ("a.odt", "", b"PK\x03\x04 mimetypeapplication/vnd.oasis.opendocument.text", "Save it as docx or PDF"),
        ("a.msg", "application/vnd.ms-outlook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Save the mail as .eml or text"),
        ("a.pages", "", b"PK\x03\x04", "Save it as docx or PDF"),
        ("a.zip", "application/zip", b"PK\x03\x04", "Unpack it, and use the files in it"),
        ("call.mp3", "audio/mpeg", b"ID3\x04", "Transcribe it first, with the template Catalyst - Groq - Transcribe"),
        ("a.bin", "", b"\0\1", "Convert it to text, PDF, docx, JPEG or PNG"),
    ],
)
def test_file_of_another_type_is_refused_with_a_remedy(filename, mimetype, content, advice):
    variables = {"file": make_file("file", mimetype, filename=filename)}
    template = {"model": VISION, "messages": [{"role": "user", "content": "${file}"}]}
    payload = render_payload(template, variables, None, default_model=VISION)
    with pytest.raises(FieldError) as caught:
        insert_files(payload, {"file": content}, shipped_catalog())

    problem, fix = str(caught.value).split(", which cannot be sent to a model. ")
    assert problem.startswith(f"catalyst_payload: uses the File 'file' ({filename}")
    assert fix.startswith(advice)


def test_files_have_a_maximum_length_in_all(monkeypatch):
    monkeypatch.setattr(files, "MAX_FILLED_CHARS", 1000)
    with pytest.raises(FieldError, match=r"has more than 1,000 characters with its Files. Use fewer of them"):
        content(["${letter}"] * 200)
