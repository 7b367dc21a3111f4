"""Audio files: transcription and translation by the emulator, over real sockets."""

import io
import wave
from hashlib import sha256

import pytest

from catalyst_groq.groq.api.audio import AudioFile
from catalyst_groq.groq.api.client import HttpGroqClient
from catalyst_groq.groq.api.operations import TRANSCRIPTION, TRANSLATION
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.sandbox.emulator import EmulatorConfig, running_emulator
from support.groq_clients import make_request

pytestmark = pytest.mark.anyio

KEY = "gsk_key_of_a_test"
PAYLOAD = {"task": "transcribe", "model": "whisper-large-v3-turbo", "response_format": "verbose_json"}
URL = "https://files.example/call.mp3"


def make_audio_file(seconds=12):
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(1)
        wav.setframerate(100_000)
        wav.writeframes(b"\x80" * 100_000 * seconds)
    return AudioFile("voicemail.wav", "audio/wav", buffer.getvalue())


@pytest.fixture(scope="module")
def emulator():
    with running_emulator(EmulatorConfig(keys={KEY: "org_1"})) as emulator:
        yield emulator


@pytest.fixture
async def client(emulator):
    emulator.reset()
    client = HttpGroqClient()
    yield client
    await client.aclose()


async def send(client, emulator, **fields):
    operation = TRANSLATION if fields.get("task") == "translate" else TRANSCRIPTION
    return await client.send(make_request(Account(emulator.base_url, KEY), {**PAYLOAD, **fields}, 10, operation))


async def test_audio_file_beyond_a_megabyte_is_transcribed(client, emulator):
    response = await send(client, emulator, file=make_audio_file(), timestamp_granularities=["segment", "word"])

    assert response.ok
    assert response.body["text"].startswith("The Groq emulator generated this transcript of voicemail.wav")
    assert (response.body["model"], response.body["duration"]) == ("whisper-large-v3-turbo", 12)
    assert response.body["segments"][0]["end"] == response.body["words"][-1]["end"] == 12


async def test_translation_uses_the_translations_path(client, emulator):
    response = await send(client, emulator, task="translate", model="whisper-large-v3", url=URL)

    assert response.body["task"] == "translate"
    assert emulator.calls[0].path.endswith("/audio/translations")
    assert emulator.calls[0].body["url"] == URL
    assert "task" not in emulator.calls[0].body


@pytest.mark.parametrize("response_format", ["json", "text", "verbose_json"])
async def test_transcription_has_text_and_model_in_every_format(client, emulator, response_format):
    emulator.next(answer="Call me back.")
    response = await send(client, emulator, url=URL, response_format=response_format)

    assert response.ok
    assert (response.body["text"], response.body["model"]) == ("Call me back.", "whisper-large-v3-turbo")


async def test_audio_prompt_may_hold_half_a_surrogate_pair(client, emulator):
    response = await send(client, emulator, file=make_audio_file(), prompt="Names: \ud83d")
    assert response.ok


async def test_transcription_of_silence_is_ok(client, emulator):
    emulator.next(answer="")

    assert (await send(client, emulator, url=URL, response_format="text")).ok


def test_audio_file_is_shown_without_its_content():
    file = AudioFile("call.mp3", "audio/mpeg", b"x" * 1_234)

    assert str(file) == f"call.mp3 (audio/mpeg, 1,234 bytes, SHA-256 {sha256(file.content).hexdigest()})"
    assert file.fingerprint != AudioFile("call.mp3", "audio/mpeg", b"y" * 1_234).fingerprint
