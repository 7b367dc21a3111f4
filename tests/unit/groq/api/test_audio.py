"""Recordings on their way to Groq and back, against the emulator and over real sockets."""

import io
import wave

import pytest

from catalyst_groq.groq.api.audio import Recording, heard
from catalyst_groq.groq.api.client import HttpGroqClient
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.models.pricing import cost_usd
from catalyst_groq.sandbox.emulator import EmulatorConfig, running_emulator
from support.factories import make_answer

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
    return Recording("voicemail.wav", "audio/wav", written.getvalue())


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
    return await groq.ask(Account(emulator.base_url, KEY), {**ASKED, **fields}, 10)


async def test_a_recording_of_more_than_a_megabyte_is_heard_to_its_end(groq, emulator):
    answer = await ask(groq, emulator, file=recording(), timestamp_granularities=["segment", "word"])

    assert answer.ok
    assert answer.body["text"].startswith("The Groq emulator generated this transcript of voicemail.wav")
    assert (answer.body["model"], answer.body["duration"]) == ("whisper-large-v3-turbo", 12)
    assert answer.body["segments"][0]["end"] == answer.body["words"][-1]["end"] == 12


async def test_a_translation_goes_to_where_translations_are_made(groq, emulator):
    answer = await ask(groq, emulator, task="translate", model="whisper-large-v3", url=URL)

    assert answer.body["task"] == "translate"
    assert emulator.calls[0].path.endswith("/audio/translations")
    assert emulator.calls[0].body["url"] == URL
    assert "task" not in emulator.calls[0].body


@pytest.mark.parametrize("wanted", ["json", "text", "verbose_json"])
async def test_the_text_is_where_it_is_in_every_format(groq, emulator, wanted):
    emulator.next(answer="Call me back.")
    answer = await ask(groq, emulator, url=URL, response_format=wanted)

    assert answer.ok
    assert (answer.body["text"], answer.body["model"]) == ("Call me back.", "whisper-large-v3-turbo")


async def test_half_a_surrogate_pair_in_a_prompt_stops_nothing(groq, emulator):
    answer = await ask(groq, emulator, file=recording(), prompt="Names: \ud83d")
    assert answer.ok


async def test_silence_is_an_answer_too(groq, emulator):
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
def test_what_was_not_heard_stays_as_it_is(answer):
    assert heard(answer, ASKED) is answer
    assert not answer.ok


@pytest.mark.parametrize(
    ("model", "seconds", "cost"),
    [("whisper-large-v3-turbo", 3600, 0.04), ("whisper-large-v3", 1800, 0.0555), ("whisper-large-v3", 3, 0.111 / 360)],
)
def test_a_recording_costs_by_its_length_and_never_less_than_ten_seconds(model, seconds, cost):
    answer = make_answer(200, {"text": "Hi", "model": model, "duration": seconds})

    assert float(cost_usd(answer)) == pytest.approx(cost)


@pytest.mark.parametrize("duration", [None, "long", -1, float("nan"), float("inf")])
def test_a_recording_of_unknown_length_has_no_known_cost(duration):
    assert cost_usd(make_answer(200, {"text": "Hi", "model": "whisper-large-v3", "duration": duration})) is None
