"""The emulator with the SDKs of Groq and OpenAI: transcriptions and translations."""

import io
import wave

import pytest

from support.sdks import MODEL


def recording(seconds):
    data = io.BytesIO()
    with wave.open(data, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(1)
        written.setframerate(1000)
        written.writeframes(bytes(1000 * seconds))
    return "voicemail.wav", data.getvalue()


def transcribe(client, seconds=3, **fields):
    fields = {"model": "whisper-large-v3-turbo"} | fields
    return client.audio.transcriptions.create(file=recording(seconds), **fields)


def test_transcription_returns_text(client):
    assert transcribe(client).text.startswith("The Groq emulator generated this transcript of voicemail.wav")


def test_transcription_returns_plain_text(client):
    assert "voicemail.wav" in str(transcribe(client, response_format="text"))


def test_transcription_returns_segments_and_words(client):
    transcript = transcribe(client, response_format="verbose_json", timestamp_granularities=["word", "segment"])
    body = transcript.model_dump()

    assert (body["duration"], body["segments"][0]["end"]) == (3, 3)
    assert body["words"][0]["word"] == "The"


def test_transcription_rule_matches_the_file_name(client, groq):
    groq.next(answer="Call me back.", when={"contains": "voicemail"})

    assert transcribe(client).text == "Call me back."


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # OpenAI's SDK says so of its translations
def test_translation_requires_the_large_model(client, sdk):
    translate = client.audio.translations.create

    assert translate(file=recording(1), model="whisper-large-v3").text
    with pytest.raises(sdk.BadRequestError, match="does not support translations"):
        translate(file=recording(1), model="whisper-large-v3-turbo")


def test_audio_limits_count_at_least_ten_seconds(client, sdk, groq):
    groq.set(limits={"*": {"ash": 7200}})
    transcribe(client, seconds=1)

    with pytest.raises(
        sdk.RateLimitError, match=r"audio seconds per hour \(ASH\): Limit 7200, Used 10, Requested 7195"
    ):
        transcribe(client, seconds=7195)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [({"response_format": "srt"}, "response_format"), ({"model": MODEL}, "does not support transcriptions")],
)
def test_invalid_transcription_request_is_rejected(client, sdk, fields, problem):
    with pytest.raises(sdk.BadRequestError, match=problem):
        transcribe(client, **fields)
