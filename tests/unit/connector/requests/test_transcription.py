"""Transcription requests: their fields, the recording, and what is refused before it is sent."""

import pytest
from aiohttp import FormData
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.connector.fields.names import AUDIO, CHAT_DEFAULTS, OPERATION, TRANSCRIPTION_DEFAULTS
from catalyst_groq.connector.fields.raw import RawFields
from catalyst_groq.connector.fields.template import FieldTemplate
from catalyst_groq.connector.requests.files import files_in
from catalyst_groq.connector.requests.payload import to_bytes
from catalyst_groq.connector.requests.recordings import AUDIO_EXTENSIONS
from catalyst_groq.connector.requests.transcription import TranscriptionRequest
from catalyst_groq.connector.task_request import TaskRequestReader
from catalyst_groq.domain.variables import FileVariable
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.api.audio import MAX_FILE_BYTES
from catalyst_groq.groq.api.operations import TRANSCRIPTION, TRANSLATION
from catalyst_groq.groq.models.catalog import shipped_catalog
from support.factories import make_definition, make_task

WAV = FileVariable("File", "recording", "audio/wav", "UTF-8", "voicemail.wav")
WAVE, OGG, MP3 = b"RIFF\0\0\0\0WAVEfmt ", b"OggS\0\x02", b"ID3\x04\0"
WEBM, MP4 = b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm", b"\0\0\0\x18ftypisom"
URL = "https://files.example/call.mp3"


def make_fields(variables=None, **fields):
    named = {f"catalyst_{name}": text for name, text in fields.items()}
    return RawFields(
        FieldTemplate({**TRANSCRIPTION_DEFAULTS, **named}, TRANSCRIPTION_DEFAULTS),
        {"recording": WAV} if variables is None else variables,
    )


def parameters(variables=None, **fields):
    return TranscriptionRequest.from_fields(make_fields(variables, **fields), shipped_catalog()).payload(stream=True)


def complete_payload(variables=None, **fields):
    request = TranscriptionRequest.from_fields(make_fields(variables, **fields), shipped_catalog())
    return request.with_files(request.payload(stream=False), {})


def payload_of(content, file=WAV):
    """Return the payload with a recording of this content."""
    request = TranscriptionRequest.from_fields(make_fields({"recording": file}), shipped_catalog())
    return request.with_files(request.payload(stream=False), {"recording": content})


def required_variables(task):
    return TaskRequestReader(shipped_catalog()).read_fields(task, make_definition()).required_variables


def test_transcription_and_translation_are_two_operations():
    fields = make_fields(), make_fields(model="whisper-large-v3", translate="true")
    operations = [TranscriptionRequest.from_fields(written, shipped_catalog()).operation for written in fields]
    assert operations == [TRANSCRIPTION, TRANSLATION]


def test_transcription_sends_no_blank_fields():
    assert parameters() == {
        "task": "transcribe",
        "model": "whisper-large-v3-turbo",
        "file": WAV,
        "response_format": "verbose_json",
        "timestamp_granularities": ["segment"],
    }


def test_transcription_sends_its_fields():
    payload = parameters(
        model="whisper-large-v3", language="de", prompt="Frau Müller", timestampGranularities="segment,word"
    )

    assert (payload["model"], payload["language"], payload["prompt"]) == ("whisper-large-v3", "de", "Frau Müller")
    assert payload["timestamp_granularities"] == ["segment", "word"]


def test_translation_has_no_language_or_timestamps():
    payload = parameters(model="whisper-large-v3", translate="true", language="de")

    assert payload["task"] == "translate"
    assert not {"language", "timestamp_granularities"} & payload.keys()


@pytest.mark.parametrize("response_format", ["json", "text"])
def test_transcription_has_timestamps_in_verbose_json_only(response_format):
    assert "timestamp_granularities" not in parameters(responseFormat=response_format)


@pytest.mark.parametrize(
    ("audio", "variables", "expected"),
    [
        ("recording", {"recording": WAV}, {"file": WAV}),
        ("${recording}", {"recording": WAV}, {"file": WAV}),
        ("my recording", {"my recording": WAV}, {"file": WAV}),
        (URL, {}, {"url": URL}),
        ("${address}", {"address": URL}, {"url": URL}),
        ("https://files.example/${id}.mp3", {"id": 7}, {"url": "https://files.example/7.mp3"}),
        ("address", {"address": URL}, {"url": URL}),
    ],
)
def test_recording_is_a_file_or_a_url(audio, variables, expected):
    assert parameters(variables, audio=audio).items() >= expected.items()


@pytest.mark.parametrize(
    ("fields", "variables", "message"),
    [
        ({"audio": "call"}, {}, "catalyst_audio: there is no process variable 'call'"),
        ({"audio": "${call}"}, {}, "catalyst_audio: ${call} needs the process variable 'call'"),
        ({}, {"recording": None}, "catalyst_audio: the value of 'recording' is empty"),
        ({}, {"recording": "hm"}, "catalyst_audio: the value of 'recording' is neither a File nor a URL"),
        ({"audio": "${name}"}, {"name": "recording"}, "catalyst_audio: the value of '${name}' is neither"),
        (
            {"translate": "true"},
            None,
            "catalyst_model: whisper-large-v3-turbo does not support translation. Use whisper-",
        ),
        (
            {"model": "openai/gpt-oss-120b"},
            None,
            "catalyst_model: openai/gpt-oss-120b does not support audio input. Use whisper-large-v3 or",
        ),
        (
            {"translate": "perhaps"},
            None,
            "catalyst_translate: 'perhaps' is not a valid value. It must be one of true, f",
        ),
        (
            {"responseFormat": "srt"},
            None,
            "catalyst_responseFormat: 'srt' is not a valid value. It must be one of verbose_json, json, text",
        ),
        ({"language": "German"}, None, "catalyst_language: 'German' is not an ISO 639-1 code"),
        (
            {"timestampGranularities": "letter"},
            None,
            "catalyst_timestampGranularities: 'letter' is not a valid value. It must",
        ),
        (
            {"timestampGranularities": "word", "responseFormat": "json"},
            None,
            "catalyst_timestampGranularities: requests word timestamps",
        ),
    ],
)
def test_transcription_that_groq_would_refuse_names_the_fix(fields, variables, message):
    with pytest.raises(FieldError) as caught:
        complete_payload(variables, **fields)

    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("filename", "mimetype", "sent"),
    [
        ("voicemail.wav", "audio/wav", "voicemail.wav"),
        ("Voicemail.MP3", "", "Voicemail.MP3"),
        ("voicemail", "audio/mpeg", "voicemail.mp3"),
        ("", "audio/ogg", "recording.ogg"),
        ("call.2026-11-21", "audio/x-m4a", "call.2026-11-21.m4a"),
    ],
)
def test_recording_is_sent_with_the_extension_of_its_format(filename, mimetype, sent):
    assert payload_of(b"RIFF", FileVariable("File", "recording", mimetype, "UTF-8", filename))["file"].filename == sent


@pytest.mark.parametrize(
    ("filename", "mimetype", "content", "sent"),
    [
        ("voice.oga", "audio/ogg", OGG, "voice.ogg audio/ogg"),
        ("voice.ogg", "audio/opus", OGG, "voice.ogg audio/opus"),
        ("recording", "application/octet-stream", WAVE, "recording.wav audio/wav"),
        ("", "", OGG, "recording.ogg audio/ogg"),
        ("call.amr", "audio/amr", WAVE, "call.wav audio/wav"),
        ("blob", "audio/webm;codecs=opus", WEBM, "blob.webm audio/webm"),
        ("blob", "video/webm;codecs=vp8,opus", WEBM, "blob.webm video/webm"),
        ("blob", "audio/mp4;codecs=mp4a.40.2", MP4, "blob.m4a audio/mp4"),
        ("blob", "audio/webm;codecs=opus", MP4, "blob.mp4 video/mp4"),
        ("CALL.WAV", "AUDIO/WAV", WAVE, "CALL.WAV audio/wav"),
        ("aufnahme", "audio/mpeg3", b"\0\0", "aufnahme.mp3 audio/mpeg"),
        ("aufnahme.mpga", "audio/mpeg", MP3, "aufnahme.mpga audio/mpeg"),
        ("voice.aac", "audio/aac", MP4, "voice.mp4 video/mp4"),
        ("voice.m4b", "audio/x-m4b", MP4, "voice.m4a audio/mp4"),
        ("call.mp3", "audio/mpeg", WAVE, "call.wav audio/wav"),
        ("call.mp3", "image/png", b"\0\0", "call.mp3 audio/mpeg"),
        ("call.v2", "audio/x-flac", b"fLaC\0", "call.v2.flac audio/flac"),
        ("call.", "audio/wave", WAVE, "call.wav audio/wav"),
    ],
)
def test_recording_is_sent_as_what_its_bytes_are(filename, mimetype, content, sent):
    file = payload_of(content, FileVariable("File", "recording", mimetype, "UTF-8", filename))["file"]
    assert f"{file.filename} {file.mimetype}" == sent


@pytest.mark.parametrize(
    ("filename", "mimetype", "content"),
    [
        ("notes.pdf", "application/pdf", b"%PDF-"),
        ("notes", "", b"\0\0"),
        ("", "image/png", b"\0\0"),
        ("call.amr", "audio/amr", b"#!AMR\n"),
        ("call.wav", "audio/wav", b"#!AMR\n"),
        ("voice.aac", "audio/aac", b"\xff\xf1\x50\x80"),
        ("voice.caf", "audio/x-caf", b"caff\0\x01"),
        ("voice.mp3", "audio/mpeg", b"\x89PNG"),
        ("call.3gp", "video/3gpp", b"\0\0\0\x18ftyp3gp4"),
        ("voice.aac", "audio/aac", b"\0\0"),
    ],
)
def test_recording_of_another_format_is_refused(filename, mimetype, content):
    with pytest.raises(FieldError, match="whose audio format Groq does not support") as caught:
        payload_of(content, FileVariable("File", "recording", mimetype, "UTF-8", filename))

    assert all(extension in str(caught.value) for extension in AUDIO_EXTENSIONS)


def test_recording_must_have_a_size_that_groq_takes():
    with pytest.raises(FieldError, match=r"the File 'recording' is empty. Choose a file"):
        payload_of(b"")
    with pytest.raises(FieldError, match="100,000,001 bytes; Groq takes 25,000,000 on the free plan and 100,000,000"):
        payload_of(bytes(MAX_FILE_BYTES["developer"] + 1))


@pytest.mark.parametrize(
    ("filename", "mimetype"),
    [
        ("voice\nmail.wav", "audio/wav"),
        ("voicemail.wav", "audio/wav\r\nx: y"),
        ("\ud83d.wav", ""),
        ("a\x7f", "audio/ogg"),
    ],
)
def test_recording_with_control_characters_is_refused(filename, mimetype):
    with pytest.raises(FieldError, match="whose name or MIME type has a character that cannot be sent") as caught:
        payload_of(b"RIFF", FileVariable("File", "recording", mimetype, "UTF-8", filename))

    assert str(caught.value).isprintable()


@given(st.text(st.characters(exclude_categories=())))
def test_recording_with_any_other_name_can_be_sent(text):
    file = FileVariable("File", "recording", f"audio/{text}", "UTF-8", f"{text}.wav")
    try:
        payload = payload_of(b"RIFF", file)
    except FieldError:
        return
    form = TRANSCRIPTION.encode(payload)
    assert isinstance(form, FormData)
    form()


def test_transcription_of_a_url_reads_no_file():
    assert files_in(parameters()) == [WAV]
    assert files_in(parameters({}, audio=URL)) == []


def test_transcription_payload_differs_by_content_and_fields():
    def key(content=b"RIFF", **fields):
        return to_bytes("f", {**payload_of(content), **fields})

    assert key() == key()
    assert len({key(), key(b"RIFX"), key(language="de"), key(task="translate")}) == 4


def test_recording_as_text_shows_no_content():
    assert str(payload_of(b"RIFF")["file"]).startswith("voicemail.wav (audio/wav, 4 bytes, SHA-256 ")


def test_transcription_requires_only_its_own_variables():
    task = make_task({}, {OPERATION: "transcribe"})
    assert required_variables(task) == {*TRANSCRIPTION_DEFAULTS, "recording", "groq_api_key"}
    assert required_variables(make_task({})) == {*CHAT_DEFAULTS, "userMessage", "groq_api_key"}


def test_recording_placeholder_requires_its_variable():
    task = make_task({}, {OPERATION: "transcribe", AUDIO: "${call.file}"})
    assert required_variables(task) == {*TRANSCRIPTION_DEFAULTS, "call", "groq_api_key"}
