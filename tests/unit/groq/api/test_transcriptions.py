"""Transcriptions in the forms in which servers send them."""

from dataclasses import replace

import pytest

from catalyst_groq.groq.api.error_kinds import ErrorKind
from catalyst_groq.groq.api.errors import classify
from catalyst_groq.groq.api.operations import TRANSCRIPTION
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
        ({"text": "", "segments": []}, JSON, ""),
        ({"text": None, "segments": SEGMENTS}, JSON, " Call me."),
        ({"segments": SEGMENTS, "language": "en"}, JSON, " Call me."),
        ('"Call me."', JSON, "Call me."),
        ("Call me.", PLAIN, "Call me."),
        ("42", PLAIN, "42"),
        ("null", PLAIN, "null"),
        ('"Hello," he said.', PLAIN, '"Hello," he said.'),
        ("[Music]", PLAIN, "[Music]"),
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


@pytest.mark.parametrize(
    "body",
    [
        {"text": None, "duration": 2.5},
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
