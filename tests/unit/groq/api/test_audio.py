"""Recordings on their way to Groq and back, against the emulator and over real sockets."""

import io
import wave

import pytest

from catalyst_groq.groq.api.audio import AudioFile
from catalyst_groq.groq.api.client import HttpGroqClient
from catalyst_groq.groq.api.operations import TRANSCRIPTION, TRANSLATION, decode_transcription
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.sandbox.emulator import EmulatorConfig, running_emulator
from support.factories import make_answer
from support.groq_clients import make_request

pytestmark = pytest.mark.anyio

KEY = "gsk_key_of_a_test"
ASKED = {"task": "transcribe", "model": "whisper-large-v3-turbo", "response_format": "verbose_json"}
URL = "https://files.example/call.mp3"


def recording(seconds=12):
    written = io.BytesIO()
    with wave.open(written, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(1)
        wav.setframerate(100_000)
        wav.writeframes(b"\x80" * 100_000 * seconds)
    return AudioFile("voicemail.wav", "audio/wav", written.getvalue())


@pytest.fixture(scope="module")
def emulator():
    with running_emulator(EmulatorConfig(keys={KEY: "org_1"})) as groq:
        yield groq


@pytest.fixture
async def groq(emulator):
    emulator.reset()
    groq = HttpGroqClient()
    yield groq
    await groq.aclose()


async def ask(groq, emulator, **fields):
    operation = TRANSLATION if fields.get("task") == "translate" else TRANSCRIPTION
    return await groq.send(make_request(Account(emulator.base_url, KEY), {**ASKED, **fields}, 10, operation))


async def test_audio_file_beyond_a_megabyte_is_transcribed(groq, emulator):
    answer = await ask(groq, emulator, file=recording(), timestamp_granularities=["segment", "word"])

    assert answer.ok
    assert answer.body["text"].startswith("This is what voicemail.wav would say")
    assert (answer.body["model"], answer.body["duration"]) == ("whisper-large-v3-turbo", 12)
    assert answer.body["segments"][0]["end"] == answer.body["words"][-1]["end"] == 12


async def test_translation_uses_the_translations_path(groq, emulator):
    answer = await ask(groq, emulator, task="translate", model="whisper-large-v3", url=URL)

    assert answer.body["task"] == "translate"
    assert emulator.calls[0].path.endswith("/audio/translations")
    assert emulator.calls[0].body["url"] == URL
    assert "task" not in emulator.calls[0].body


@pytest.mark.parametrize("wanted", ["json", "text", "verbose_json"])
async def test_transcription_has_text_and_model_in_every_format(groq, emulator, wanted):
    emulator.next(answer="Call me back.")
    answer = await ask(groq, emulator, url=URL, response_format=wanted)

    assert answer.ok
    assert (answer.body["text"], answer.body["model"]) == ("Call me back.", "whisper-large-v3-turbo")


async def test_audio_prompt_may_hold_half_a_surrogate_pair(groq, emulator):
    answer = await ask(groq, emulator, file=recording(), prompt="Names: \ud83d")
    assert answer.ok


async def test_transcription_of_silence_is_ok(groq, emulator):
    emulator.next(answer="")

    assert (await ask(groq, emulator, url=URL, response_format="text")).ok


@pytest.mark.parametrize(
    "answer",
    [
        make_answer(200, "<html>Log in</html>", content_type="text/html"),
        make_answer(400, "no text", content_type="text/plain"),
        make_answer(200, {"error": {"message": "no"}}),
        make_answer(200, "[]"),
    ],
)
def test_transcription_error_is_not_decoded(answer):
    assert decode_transcription(answer, ASKED) is answer
    assert not answer.ok
