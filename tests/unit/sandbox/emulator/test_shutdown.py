"""Start and end of the emulator: its port, its command, and requests that hang."""

import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from catalyst_groq.errors import SandboxError
from catalyst_groq.sandbox.emulator import EmulatorConfig, running_emulator
from support.emulator_http import KEY, post_chat
from support.emulator_requests import chat_body


def test_port_in_use_error_names_port_and_fix(groq_emulator):
    port = int(groq_emulator.url.rpartition(":")[2])

    with (
        pytest.raises(SandboxError, match=rf"cannot listen on 127\.0\.0\.1:{port} .* Choose another --port"),
        running_emulator(EmulatorConfig(port=port)),
    ):
        pass


def until(condition, seconds=5):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.01)


def test_hanging_request_ends_when_its_client_disconnects(groq_emulator):
    groq_emulator.next(fault="hang")
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{groq_emulator.base_url}/chat/completions", json=chat_body(), headers=KEY, timeout=0.2)

    until(lambda: groq_emulator.calls[0].seconds is not None)


@pytest.mark.slow
def test_hanging_request_does_not_delay_shutdown():
    with ThreadPoolExecutor() as clients, running_emulator() as groq_emulator:
        groq_emulator.next(fault="hang")
        waiting = clients.submit(post_chat, groq_emulator)
        until(lambda: groq_emulator.calls)
        started = time.monotonic()

    assert time.monotonic() - started < 3
    assert isinstance(waiting.exception(), httpx.RemoteProtocolError)


SERVE = """
import sys
from rich.console import Console
from catalyst_groq.sandbox.emulator import make_config, serve
serve(make_config(port=0, keys=["gsk_mine"]), Console(width=200))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.slow
def test_command_prints_addresses_and_calls_until_a_signal(number):
    command = [sys.executable, "-c", SERVE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            welcome = [process.stdout.readline() for _ in range(7)]
            base_url = "".join(welcome).partition("GROQ_API_URL=")[2].split()[0]
            headers = {"authorization": "Bearer gsk_mine"}
            httpx.post(
                f"{base_url}/chat/completions", json=chat_body("Shown [bold]?"), headers=headers
            ).raise_for_status()
            shown = process.stdout.readline()
            process.send_signal(number)
            assert process.wait(timeout=10) == 0
        finally:
            process.kill()

    assert re.match(r"\d\d:\d\d:\d\d  200 +0\.\d\d s  openai/gpt-oss-120b  Shown \[bold\]\?", shown)
    assert "gsk_mine" not in "".join(welcome) + shown
