"""Transcriptions in the forms in which servers send them."""

from dataclasses import replace

import pytest

from catalyst_groq.groq.api.error_kinds import ErrorKind
from catalyst_groq.groq.api.errors import classify
from catalyst_groq.groq.api.operations import TRANSCRIPTION
from catalyst_groq.groq.api.transcriptions import parse_transcription
from support.factories import make_response

JSON, PLAIN = "application/json", "text/plain; charset=utf-8"
SEGMENTS = [{"start": 0, "end": 2.5, "text": " Call"}, {"start": 2.5, "end": 3, "text": " me."}]
PAYLOAD = {"model": "whisper-large-v3-turbo", "response_format": "verbose_json"}


def decode(body, content_type=JSON):
    response = make_response(200, "" if isinstance(body, bytes) else body, content_type=content_type)
    response = replace(response, content=body) if isinstance(body, bytes) else response
    return TRANSCRIPTION.decode(response, PAYLOAD)


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ({"text": " hi", "duration": 2.5}, JSON, " hi"),
        ({"text": " hi", "duration": 2.5, "segments": []}, PLAIN, " hi"),
        ({"text": " hi"}, JSON, " hi"),
        ({"text": " hi", "error": None}, JSON, " hi"),
        ({"text": " hi", "error": {"message": "", "code": None, "details": [{}]}}, JSON, " hi"),
        ({"text": ["Call", " me."]}, JSON, "Call me."),
        ({"text": [5], "segments": SEGMENTS}, JSON, " Call me."),
        ({"text": {"a": "b"}, "segments": SEGMENTS}, JSON, " Call me."),
        ({"text": "", "segments": []}, JSON, ""),
        ({"text": None, "segments": SEGMENTS}, JSON, " Call me."),
        ({"segments": SEGMENTS, "language": "en"}, JSON, " Call me."),
        ('"Call me."', JSON, "Call me."),
        ("Call me.", PLAIN, "Call me."),
        ("42", PLAIN, "42"),
        ("null", PLAIN, "null"),
        ('"Hello," he said.', PLAIN, '"Hello," he said.'),
        ("[Music]", PLAIN, "[Music]"),
        ("[[Music]] Hi.", PLAIN, "[[Music]] Hi."),
        ("", PLAIN, ""),
        ("\ufeffGrüße".encode(), "text/plain", "Grüße"),
        ("Grüße – 5 €".encode("cp1252"), "text/plain", "Grüße – 5 €"),
        ("Grüße".encode("latin-1"), "text/plain; charset=ISO-8859-1", "Grüße"),
        ("Grüße".encode("utf-16"), "text/plain; charset=utf-16", "Grüße"),
    ],
)
def test_transcription_is_read_in_every_form(body, content_type, text):
    response = decode(body, content_type)

    assert response.ok
    assert (response.body["text"], response.body["model"]) == (text, "whisper-large-v3-turbo")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ('{"task": "transcribe", "text": " h', PLAIN),
        ({"error": {"message": "no"}}, PLAIN),
        ({"text": " hi", "error": {"message": "no"}}, JSON),
        ({"error": {"message": ""}, "duration": 2.5}, JSON),
        ('["Call", "me."]', PLAIN),
        ('[{"text": "Call', PLAIN),
        ("[" * 1000 + "]" * 1000, PLAIN),
        ({"status": "ok"}, PLAIN),
        ("<html><title>502</title></html>", PLAIN),
        ("Bad gateway", "text/html"),
        ("", JSON),
        ([], JSON),
        ("Call me.", "application/octet-stream"),
    ],
)
def test_transcription_is_never_made_of_anything_else(body, content_type):
    assert not decode(body, content_type).ok


SUBTITLES = "1\n00:00:00,000 --> 00:00:02,500\nCall me.\n"


def parse_text(body, content_type, response_format="text"):
    content = body if isinstance(body, bytes) else body.encode()
    headers = {} if content_type is None else {"content-type": content_type}
    return parse_transcription(replace(make_response(200, ""), content=content, headers=headers), response_format)


@pytest.mark.slow
@pytest.mark.parametrize("content_type", [JSON, None, "", "application/octet-stream", "application/x-subrip", PLAIN])
@pytest.mark.parametrize("response_format", ["text", "srt", "vtt"])
@pytest.mark.parametrize("text", ["hello there", SUBTITLES, "WEBVTT\n\nhi", "42", "[Music]", '"Hello," he said.'])
def test_transcription_requested_as_text_is_any_text(text, response_format, content_type):
    assert parse_text(text, content_type, response_format) == {"text": text}


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        ("Grüße".encode("cp1252"), "application/octet-stream"),
        ("\ufeffGrüße".encode(), JSON),
        ("Grüße".encode("utf-16"), "application/x-subrip; charset=utf-16"),
        ("Grüße".encode("utf-16"), "application/octet-stream"),
    ],
)
def test_transcription_requested_as_text_has_its_encoding(content, content_type):
    assert parse_text(content, content_type) == {"text": "Grüße"}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("", JSON),
        (" \n", None),
        ("<html><title>502</title></html>", JSON),
        ("Bad gateway", "application/xhtml+xml"),
        ("Bad gateway", "text/html"),
        ('{"status": "ok"}', "application/octet-stream"),
        ('{"text": " h', JSON),
        ('["Call", "me."]', JSON),
        ("[1]", None),
        ("[" * 1000 + "]" * 1000, JSON),
        (b"\x1f\x8b\x08\0\0", "application/octet-stream"),
        ("hello there".encode("utf-16-le"), "application/octet-stream"),
    ],
)
def test_transcription_requested_as_text_is_nothing_else(body, content_type):
    assert parse_text(body, content_type) is None


def test_transcription_that_is_null_in_json_has_no_text():
    assert parse_text("null", JSON) == {"text": None}


def test_transcription_requested_as_json_is_no_other_text():
    assert parse_text("hello there", JSON, "verbose_json") is None


@pytest.mark.parametrize(
    "body",
    [
        {"text": None, "duration": 2.5},
        {"text": []},
        {"text": ["a", None]},
        {"text": {"a": "b"}},
        {"text": 42},
        {"text": None},
        {"duration": 2.5, "language": "en"},
        {"task": "transcribe", "segments": []},
        {"text": None, "segments": [{"text": None}]},
        {"text": None, "segments": [5]},
    ],
)
def test_transcription_without_text_is_an_empty_answer(body):
    assert classify(decode(body)).kind is ErrorKind.EMPTY_ANSWER


@pytest.mark.parametrize(
    ("body", "hours"),
    [
        ({"text": "hi", "duration": 36}, 0.01),
        ({"text": "hi", "duration": "36.0"}, 0.01),
        ({"text": "hi", "usage": {"type": "duration", "seconds": 36}}, 0.01),
        ({"text": "hi", "duration": "2.5"}, 10 / 3600),
        ({"text": "hi", "duration": "long"}, None),
        ({"text": "hi", "duration": "nan"}, None),
        ({"text": "hi", "duration": True}, None),
        ({"text": "hi", "duration": None}, None),
        ({"text": "hi", "usage": "much"}, None),
        ({"text": "hi"}, None),
    ],
)
def test_transcription_is_billed_by_its_duration(body, hours):
    consumed = TRANSCRIPTION.consumption(decode(body))

    assert consumed is None if hours is None else float(consumed["audio_hour"]) == pytest.approx(hours)
