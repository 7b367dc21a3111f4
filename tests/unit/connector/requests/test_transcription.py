"""A task that has a recording transcribed: its fields, and what Groq is asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.connector.fields.names import AUDIO, CHAT_DEFAULTS, OPERATION, TRANSCRIPTION_DEFAULTS
from catalyst_groq.connector.fields.raw import FieldTemplate, RawFields
from catalyst_groq.connector.requests.files import files_in
from catalyst_groq.connector.requests.payload import to_bytes
from catalyst_groq.connector.requests.transcription import EXTENSIONS_BY_MIME_TYPE, TranscriptionRequest
from catalyst_groq.domain.variables import FileVariable
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.api.audio import MOST_BYTES
from catalyst_groq.groq.api.operations import operation_of
from support.factories import make_definition, make_task

WAV = FileVariable("File", "recording", "audio/wav", "UTF-8", "voicemail.wav")
ADDRESS = "https://files.example/call.mp3"


def written(variables=None, **fields):
    named = {f"catalyst_{name}": text for name, text in fields.items()}
    return RawFields(
        FieldTemplate({**TRANSCRIPTION_DEFAULTS, **named}, TRANSCRIPTION_DEFAULTS),
        {"recording": WAV} if variables is None else variables,
    )


def asked(variables=None, **fields):
    return TranscriptionRequest.from_fields(written(variables, **fields)).payload(stream=True)


def with_content(content, file=WAV):
    question = TranscriptionRequest.from_fields(written({"recording": file}))
    return question.with_files(question.payload(stream=False), {"recording": content})


def test_what_is_not_said_is_not_sent():
    assert asked() == {
        "task": "transcribe",
        "model": "whisper-large-v3-turbo",
        "file": WAV,
        "response_format": "verbose_json",
        "timestamp_granularities": ["segment"],
    }


def test_what_is_said_is_sent():
    payload = asked(
        model="whisper-large-v3", language="de", prompt="Frau Müller", timestampGranularities="segment,word"
    )

    assert (payload["model"], payload["language"], payload["prompt"]) == ("whisper-large-v3", "de", "Frau Müller")
    assert payload["timestamp_granularities"] == ["segment", "word"]


def test_a_translation_goes_without_what_groq_does_not_take_there():
    payload = asked(model="whisper-large-v3", translate="true", language="de")

    assert payload["task"] == "translate"
    assert not {"language", "timestamp_granularities"} & payload.keys()


@pytest.mark.parametrize("wanted", ["json", "text"])
def test_short_answers_tell_no_times(wanted):
    assert "timestamp_granularities" not in asked(responseFormat=wanted)


@pytest.mark.parametrize(
    ("audio", "variables", "found"),
    [
        ("recording", {"recording": WAV}, {"file": WAV}),
        ("${recording}", {"recording": WAV}, {"file": WAV}),
        ("my recording", {"my recording": WAV}, {"file": WAV}),
        (ADDRESS, {}, {"url": ADDRESS}),
        ("${address}", {"address": ADDRESS}, {"url": ADDRESS}),
        ("https://files.example/${id}.mp3", {"id": 7}, {"url": "https://files.example/7.mp3"}),
        ("address", {"address": ADDRESS}, {"url": ADDRESS}),
    ],
)
def test_a_recording_is_a_file_or_an_address_however_it_is_named(audio, variables, found):
    assert asked(variables, audio=audio).items() >= found.items()


@pytest.mark.parametrize(
    ("fields", "variables", "message"),
    [
        ({"audio": "call"}, {}, "catalyst_audio: there is no process variable 'call'"),
        ({"audio": "${call}"}, {}, "catalyst_audio: ${call} needs the process variable 'call'"),
        ({}, {"recording": None}, "catalyst_audio: what 'recording' stands for is empty"),
        ({}, {"recording": "hm"}, "catalyst_audio: what 'recording' stands for is neither a File nor an address"),
        ({"audio": "${name}"}, {"name": "recording"}, "catalyst_audio: what '${name}' stands for is neither"),
        ({"translate": "true"}, None, "catalyst_model: whisper-large-v3-turbo cannot translate. Name whisper-large-v3"),
        (
            {"model": "openai/gpt-oss-120b"},
            None,
            "catalyst_model: openai/gpt-oss-120b cannot hear. Name whisper-large-v3 or",
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
        ({"language": "German"}, None, "catalyst_language: 'German' is no ISO 639-1 code"),
        ({"timestampGranularities": "letter"}, None, "catalyst_timestampGranularities: 'letter' has no times"),
        (
            {"timestampGranularities": "word", "responseFormat": "json"},
            None,
            "catalyst_timestampGranularities: asks when each word was said",
        ),
    ],
)
def test_what_groq_would_refuse_is_named_before_it_is_asked(fields, variables, message):
    with pytest.raises(FieldError) as caught:
        asked(variables, **fields)

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
def test_a_recording_is_known_by_its_name_or_its_mime_type_and_sent_under_a_name_that_tells(filename, mimetype, sent):
    assert (
        with_content(b"RIFF", FileVariable("File", "recording", mimetype, "UTF-8", filename))["file"].filename == sent
    )


@pytest.mark.parametrize(("filename", "mimetype"), [("notes.pdf", "application/pdf"), ("notes", ""), ("", "image/png")])
def test_what_is_no_recording_is_named_before_it_is_read(filename, mimetype):
    with pytest.raises(FieldError, match="which is no recording that Groq can hear") as caught:
        asked({"recording": FileVariable("File", "recording", mimetype, "UTF-8", filename)})

    assert all(ending in str(caught.value) for ending in EXTENSIONS_BY_MIME_TYPE)


def test_a_recording_is_named_with_its_size_when_it_is_empty_or_larger_than_any_plan_takes():
    with pytest.raises(FieldError, match="'recording', which is empty"):
        with_content(b"")
    with pytest.raises(FieldError, match="100,000,001 bytes; Groq takes 25,000,000 on the free plan and 100,000,000"):
        with_content(bytes(MOST_BYTES["developer"] + 1))


@pytest.mark.parametrize(
    ("filename", "mimetype"),
    [
        ("voice\nmail.wav", "audio/wav"),
        ("voicemail.wav", "audio/wav\r\nx: y"),
        ("\ud83d.wav", ""),
        ("a\x7f", "audio/ogg"),
    ],
)
def test_a_recording_whose_name_or_mime_type_cannot_be_sent_is_named(filename, mimetype):
    with pytest.raises(FieldError, match="in whose name or MIME type is a character that cannot be sent") as caught:
        with_content(b"RIFF", FileVariable("File", "recording", mimetype, "UTF-8", filename))

    assert str(caught.value).isprintable()


@given(st.text(st.characters(exclude_categories=())))
def test_a_recording_that_is_not_refused_can_be_sent(text):
    file = FileVariable("File", "recording", f"audio/{text}", "UTF-8", f"{text}.wav")
    try:
        payload = with_content(b"RIFF", file)
    except FieldError:
        return
    operation_of(payload).body(payload)()


def test_a_file_is_read_only_if_there_is_one():
    assert files_in(asked()) == [WAV]
    assert files_in(asked({}, audio=ADDRESS)) == []


def test_requests_are_told_apart_by_what_is_heard_and_by_how():
    def key(content=b"RIFF", **fields):
        return to_bytes("f", {**with_content(content), **fields})

    assert key() == key()
    assert len({key(), key(b"RIFX"), key(language="de"), key(task="translate")}) == 4


def test_a_recording_written_down_shows_what_it_is_and_not_what_it_holds():
    assert str(with_content(b"RIFF")["file"]).startswith("voicemail.wav (audio/wav, 4 bytes, SHA-256 ")


def test_one_operation_needs_only_its_own_variables():
    task = make_task({}, {OPERATION: "transcribe"})
    needs = RawFields.from_task(task, make_definition()).required_variables

    assert needs == {*TRANSCRIPTION_DEFAULTS, "recording", "groq_api_key"}
    assert RawFields.from_task(make_task({}), make_definition()).required_variables == {
        *CHAT_DEFAULTS,
        "userMessage",
        "groq_api_key",
    }


def test_a_placeholder_for_the_recording_needs_what_it_names():
    needs = RawFields.from_task(
        make_task({}, {OPERATION: "transcribe", AUDIO: "${call.file}"}), make_definition()
    ).required_variables

    assert needs == {*TRANSCRIPTION_DEFAULTS, "call", "groq_api_key"}
