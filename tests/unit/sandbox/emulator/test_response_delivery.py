"""Streams of the emulator, and the time that its responses take."""

import json
import time

import httpx
import pytest

from support.emulator_http import KEY, post_chat
from support.emulator_requests import chat_body


def events(groq_emulator, **fields):
    return [line for line in post_chat(groq_emulator, chat_body(stream=True, **fields)).text.split("\n\n") if line]


def test_stream_ends_with_usage_and_done(groq_emulator):
    sent = events(groq_emulator)

    assert sent[-1] == "data: [DONE]"
    assert json.loads(sent[-2].removeprefix("data: "))["x_groq"]["usage"]["total_tokens"] > 0


def test_stream_error_fault_ends_with_an_error_event(groq_emulator):
    groq_emulator.next(fault="stream_error")

    last = events(groq_emulator)[-1]

    name, data = last.split("\n")
    assert name == "event: error"
    assert json.loads(data.removeprefix("data: "))["error"]["status_code"] == 500


def test_stream_cut_fault_closes_the_connection(groq_emulator):
    groq_emulator.next(fault="cut")

    with pytest.raises(httpx.RemoteProtocolError):
        events(groq_emulator)


@pytest.mark.slow
def test_latency_delay_and_speed_take_real_time(groq_emulator):
    groq_emulator.set(latency=0.1, tokens_per_second=100)
    groq_emulator.next(answer="one two three four five", delay=0.1)
    started = time.monotonic()

    usage = post_chat(groq_emulator, chat_body(include_reasoning=False)).json()["usage"]

    assert time.monotonic() - started >= 0.2 + usage["total_time"]
    assert groq_emulator.calls[0].seconds >= 0.2 + usage["total_time"]


@pytest.mark.slow
def test_stream_sends_its_first_token_early(groq_emulator):
    groq_emulator.set(tokens_per_second=100)
    groq_emulator.next(tokens=20)
    started, arrived = time.monotonic(), []

    with httpx.stream(
        "POST", f"{groq_emulator.base_url}/chat/completions", json=chat_body(stream=True), headers=KEY
    ) as answer:
        arrived = [time.monotonic() - started for line in answer.iter_lines() if line]

    assert arrived[-1] - arrived[0] >= 0.3


def test_time_scale_shortens_a_slow_response(groq_emulator):
    groq_emulator.set(latency=600, time_scale=10_000)
    started = time.monotonic()

    assert post_chat(groq_emulator).json()["usage"]["queue_time"] == 600
    assert time.monotonic() - started < 3
