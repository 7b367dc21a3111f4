"""File variables in a payload: what they become, and where they cannot be."""

import pytest

from catalyst_groq.connector.fields.structured_text import fill
from catalyst_groq.connector.requests.files import MAX_IMAGE_BYTES, files_in, with_files
from catalyst_groq.connector.requests.payload import render_payload
from catalyst_groq.domain.variables import FileVariable
from catalyst_groq.errors import FieldError

VISION = "qwen/qwen3.8-27b"


def a_file(name, mimetype, encoding="UTF-8"):
    return FileVariable("File", name, mimetype, encoding)


PHOTO, SCAN, NOTE = a_file("photo", "image/png"), a_file("scan", "image/jpeg"), a_file("note", "text/plain")
VARIABLES = {"left_out": None, "photo": PHOTO, "scan": SCAN, "note": NOTE, "pdf": a_file("pdf", "application/pdf")}
CONTENTS = {"photo": b"\x89PNG", "scan": b"\xff\xd8", "note": "Grüße".encode(), "pdf": b"%PDF"}
SEEN = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}}
SCANNED = {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,/9g="}}
READ = {"type": "text", "text": "Grüße"}


def content(written, model=VISION, contents=CONTENTS):
    template = {"model": model, "messages": [{"role": "user", "content": written}]}
    payload = render_payload("f", template, VARIABLES, None)
    return with_files("f", payload, contents)["messages"][0]["content"]


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("${photo}", [SEEN]),
        ("${note}", [READ]),
        ("Hi", "Hi"),
        (["Hi", "${left_out}"], [{"type": "text", "text": "Hi"}]),
        (["What is this?", "${photo}"], [{"type": "text", "text": "What is this?"}, SEEN]),
        (["${[photo, scan]}", "${note}"], [SEEN, SCANNED, READ]),
        (
            [{"type": "image_url", "image_url": {"url": "${photo}", "detail": "low"}}],
            [{"type": "image_url", "image_url": {**SEEN["image_url"], "detail": "low"}}],
        ),
    ],
)
def test_an_image_becomes_an_image_part_and_a_text_a_text_part(written, parts):
    assert content(written) == parts


def test_each_file_that_is_used_is_named_once_and_no_other():
    payload = {"messages": [{"content": [PHOTO, "x", PHOTO]}, {"content": [[NOTE]]}], "model": "m"}
    assert files_in(payload) == [PHOTO, NOTE]


@pytest.mark.parametrize(
    ("written", "model", "message"),
    [
        ("${pdf}", VISION, r"uses the File 'pdf' \(application/pdf\), which is neither text nor image. Convert"),
        ("${photo}", "openai/gpt-oss-120b", f"shows images to openai/gpt-oss-120b, which cannot see. Name {VISION}"),
        (["${photo}"] * 4, VISION, f"shows 4 images; {VISION} takes 3"),
        ([{"type": "text", "text": "${photo}"}], VISION, "holds the File 'photo' where no file can be"),
        ("This: ${photo}", VISION, r"has no text. Let it stand alone: \"content\": "),
    ],
)
def test_a_file_that_cannot_be_sent_is_an_error_that_says_why(written, model, message):
    with pytest.raises(FieldError, match=message):
        content(written, model)


def test_images_that_are_too_large_are_not_sent():
    with pytest.raises(FieldError, match="Groq takes 4,000,000"):
        content("${photo}", contents={**CONTENTS, "photo": b"x" * MAX_IMAGE_BYTES})


def test_a_text_in_another_encoding_is_said_so():
    with pytest.raises(FieldError, match="the File 'note', which is no UTF-8 text"):
        content("${note}", contents={**CONTENTS, "note": b"\xff"})


def test_no_other_field_holds_a_file():
    with pytest.raises(FieldError, match="holds a File, which has no text"):
        fill("catalyst_model", "${photo}", VARIABLES)
