"""File variables in a payload: which parts they become, and where they are refused."""

from typing import Any

import pytest

from catalyst_groq.connector.fields.structured_text import fill
from catalyst_groq.connector.requests.files import MAX_IMAGE_BYTES, files_in, insert_files
from catalyst_groq.connector.requests.payload import render_payload
from catalyst_groq.domain.variables import FileVariable
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.models.catalog import shipped_catalog

VISION = "qwen/qwen3.8-27b"


def make_file(name, mimetype, encoding="UTF-8"):
    return FileVariable("File", name, mimetype, encoding)


PHOTO, SCAN, NOTE = make_file("photo", "image/png"), make_file("scan", "image/jpeg"), make_file("note", "text/plain")
VARIABLES = {"left_out": None, "photo": PHOTO, "scan": SCAN, "note": NOTE, "pdf": make_file("pdf", "application/pdf")}
CONTENTS = {"photo": b"\x89PNG", "scan": b"\xff\xd8", "note": "Grüße".encode(), "pdf": b"%PDF"}
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


def test_files_of_a_payload_are_listed_once():
    payload = {"messages": [{"content": [PHOTO, "x", PHOTO]}, {"content": [[NOTE]]}], "model": "m"}
    assert files_in(payload) == [PHOTO, NOTE]


@pytest.mark.parametrize(
    ("written", "model", "message"),
    [
        ("${pdf}", VISION, r"uses the File 'pdf' \(application/pdf\), which is neither text nor image. Convert"),
        ("${photo}", "openai/gpt-oss-120b", f"openai/gpt-oss-120b does not support images. Use the model {VISION}"),
        (["${photo}"] * 4, VISION, f"sends 4 images; {VISION} takes 3. Send fewer images"),
        ([{"type": "text", "text": "${photo}"}], VISION, "holds the File 'photo' where no file can be"),
        ("This: ${photo}", VISION, r"has no text. Write it as an entry of its own: \"content\": "),
    ],
)
def test_file_that_cannot_be_sent_is_refused(written, model, message):
    with pytest.raises(FieldError, match=message):
        content(written, model)


def test_file_images_have_a_maximum_size():
    with pytest.raises(FieldError, match="Groq takes 4,000,000"):
        content("${photo}", contents={**CONTENTS, "photo": b"x" * MAX_IMAGE_BYTES})


def test_file_with_another_encoding_is_refused():
    with pytest.raises(FieldError, match="the File 'note', whose content is not UTF-8 text"):
        content("${note}", contents={**CONTENTS, "note": b"\xff"})


def test_file_is_refused_outside_of_the_payload():
    with pytest.raises(FieldError, match="holds a File, which has no text"):
        fill("catalyst_model", "${photo}", VARIABLES)
