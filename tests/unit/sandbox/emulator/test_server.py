"""The emulator over real connections: faults, times, call log, control endpoint, start and shutdown."""

import json
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from catalyst_groq.errors import SandboxError
from catalyst_groq.sandbox.emulator import Emulator, EmulatorConfig, running_emulator
from support.emulator_requests import chat_body

pytestmark = pytest.mark.anyio
KEY = {"authorization": "Bearer gsk_test_key_of_mine"}


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def groq():
    with running_emulator() as running:
        yield running


def post_chat(groq, body=None, **options):
    return httpx.post(f"{groq.base_url}/chat/completions", json=body or chat_body(), headers=KEY, timeout=5, **options)


def control(groq, path, wanted=None):
    return httpx.post(groq.control_url + path, json=wanted)


async def test_emulator_runs_in_the_callers_event_loop():
    async with Emulator() as groq, httpx.AsyncClient(base_url=groq.base_url, headers=KEY) as client:
        answer = await client.post("/chat/completions", json=chat_body("Hello?"))

    assert "“Hello?”" in answer.json()["choices"][0]["message"]["content"]


def test_response_has_groqs_headers(groq):
    groq.set(plan="free")

    headers = post_chat(groq, chat_body(max_completion_tokens=50)).headers

    assert headers["server"] == "cloudflare"
    assert re.fullmatch(r"req_[0-9a-z]{26}", headers["x-request-id"])
    assert headers["x-ratelimit-limit-requests"] == "1000"
    assert headers["x-ratelimit-remaining-requests"] == "999"
    assert headers["x-ratelimit-reset-requests"].startswith("1m26.")
    assert headers["x-ratelimit-limit-tokens"] == "8000"
    assert "retry-after" not in headers


@pytest.mark.parametrize("stream", [False, True])
def test_unused_token_budget_is_released_after_the_response(groq, stream):
    groq.set(plan="free")
    body = chat_body(max_completion_tokens=7000, stream=stream)

    assert [post_chat(groq, body).status_code for _ in range(3)] == [200, 200, 200]


def test_cloudflare_error_is_an_html_page(groq):
    groq.next(status=502)
    groq.next(error_code="cloudflare_blocked")

    gateway, blocked = post_chat(groq), post_chat(groq)

    assert (gateway.status_code, blocked.status_code) == (502, 403)
    assert "<title>api.groq.com | 502: Bad gateway</title>" in gateway.text
    assert "<title>Attention Required! | Cloudflare</title>" in blocked.text
    assert gateway.headers["content-type"].startswith("text/html")


def test_rule_body_and_headers_arrive_unchanged(groq):
    groq.next(status=418, body={"tea": True}, headers={"X-Pot": "blue", "content-type": "text/plain"})

    answer = post_chat(groq)

    assert (answer.status_code, answer.json()) == (418, {"tea": True})
    assert (answer.headers["x-pot"], answer.headers["content-type"]) == ("blue", "text/plain")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("cut", httpx.RemoteProtocolError),
        ("garbage", httpx.RemoteProtocolError),
        ("reset", httpx.ReadError),
        ("hang", httpx.ReadTimeout),
    ],
)
def test_fault_breaks_one_connection_only(groq, fault, error):
    groq.next(fault=fault)

    with pytest.raises(error):
        httpx.post(f"{groq.base_url}/chat/completions", json=chat_body(), headers=KEY, timeout=0.3)

    assert post_chat(groq).status_code == 200
    assert [call.status for call in groq.calls] == [None, 200]


def events(groq, **fields):
    return [line for line in post_chat(groq, chat_body(stream=True, **fields)).text.split("\n\n") if line]


def test_stream_ends_with_usage_and_done(groq):
    sent = events(groq)

    assert sent[-1] == "data: [DONE]"
    assert json.loads(sent[-2].removeprefix("data: "))["x_groq"]["usage"]["total_tokens"] > 0


def test_stream_error_fault_ends_with_an_error_event(groq):
    groq.next(fault="stream_error")

    last = events(groq)[-1]

    name, data = last.split("\n")
    assert name == "event: error"
    assert json.loads(data.removeprefix("data: "))["error"]["status_code"] == 500


def test_stream_cut_fault_closes_the_connection(groq):
    groq.next(fault="cut")

    with pytest.raises(httpx.RemoteProtocolError):
        events(groq)


def test_latency_delay_and_speed_take_real_time(groq):
    groq.set(latency=0.1, tokens_per_second=100)
    groq.next(answer="one two three four five", delay=0.1)
    started = time.monotonic()

    usage = post_chat(groq, chat_body(include_reasoning=False)).json()["usage"]

    assert time.monotonic() - started >= 0.2 + usage["total_time"]
    assert groq.calls[0].seconds >= 0.2 + usage["total_time"]


def test_stream_sends_its_first_token_early(groq):
    groq.set(tokens_per_second=100)
    groq.next(tokens=20)
    started, arrived = time.monotonic(), []

    with httpx.stream("POST", f"{groq.base_url}/chat/completions", json=chat_body(stream=True), headers=KEY) as answer:
        arrived = [time.monotonic() - started for line in answer.iter_lines() if line]

    assert arrived[-1] - arrived[0] >= 0.3


def test_time_scale_shortens_a_slow_response(groq):
    groq.set(latency=600, time_scale=10_000)
    started = time.monotonic()

    assert post_chat(groq).json()["usage"]["queue_time"] == 600
    assert time.monotonic() - started < 3


def test_call_log_contains_requests_without_keys(groq):
    groq.next(status=429)
    post_chat(groq, chat_body("First?"))
    post_chat(groq, chat_body("Second?"))

    first, second = groq.calls

    assert (first.status, second.status) == (429, 200)
    assert (second.model, second.messages[0]["content"]) == ("openai/gpt-oss-120b", "Second?")
    assert second.organization == "org_01emulator000000000001"
    seen = httpx.get(f"{groq.control_url}/calls").json()["calls"]
    assert [call["number"] for call in seen] == [1, 2]
    assert "gsk_test_key_of_mine" not in json.dumps(seen) + repr(groq.calls)


def test_call_log_holds_only_the_newest_calls():
    with running_emulator(EmulatorConfig(max_calls=2)) as groq:
        for text in ("one", "two", "three"):
            post_chat(groq, chat_body(text))

        assert [call.messages[0]["content"] for call in groq.calls] == ["two", "three"]


def test_control_endpoint_adds_rules_and_resets(groq):
    assert control(groq, "/next", {"count": 2, "status": 503}).status_code == 204
    assert post_chat(groq).status_code == 503
    assert control(groq, "/reset").status_code == 204
    assert post_chat(groq).status_code == 200
    assert len(groq.calls) == 1


def test_control_endpoint_changes_settings_and_clock(groq):
    control(groq, "/settings", {"limits": {"*": {"rpd": 1}}}).raise_for_status()
    assert [post_chat(groq).status_code for _ in range(2)] == [200, 429]

    control(groq, "/advance", {"seconds": 86_400}).raise_for_status()

    assert post_chat(groq).status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "problem"),
    [
        ("/next", '{"status": 900}', "status: Input should be less than or equal to 599"),
        ("/next", "{", "The body is not JSON"),
        ("/next", "[]", "The body must be a JSON object"),
        ("/settings", '{"speed": 1}', "speed: Extra inputs are not permitted"),
        ("/advance", '{"seconds": -1}', "a number from 0"),
    ],
)
def test_control_endpoint_names_the_invalid_field(groq, path, body, problem):
    answer = httpx.post(groq.control_url + path, content=body)

    assert answer.status_code == 400
    assert problem in answer.json()["error"]


def test_emulator_next_raises_on_an_invalid_rule(groq):
    with pytest.raises(SandboxError, match="Invalid rule for the next requests: statsu: Extra inputs"):
        groq.next(statsu=500)


def test_model_list_has_context_windows(groq):
    listed = httpx.get(f"{groq.base_url}/models", headers=KEY).json()["data"]

    by_id = {model["id"]: model for model in listed}
    assert by_id["openai/gpt-oss-120b"]["context_window"] == 131_072
    assert by_id["openai/gpt-oss-120b"]["active"] is True
    assert "llama-3.3-70b-versatile" not in by_id


def test_model_list_does_not_use_up_rules(groq):
    groq.next(status=503)
    assert httpx.get(f"{groq.base_url}/models", headers=KEY).status_code == 200
    groq.next(status=500, when={"path": "/models"})
    assert httpx.get(f"{groq.base_url}/models", headers=KEY).status_code == 500

    assert post_chat(groq).status_code == 503


@pytest.mark.parametrize("path", ["/openai/v1/models/openai/gpt-oss-20b", "/openai/v1/models/nonsense"])
def test_model_details_endpoint(groq, path):
    answer = httpx.get(groq.url + path, headers=KEY)

    assert answer.status_code == (404 if path.endswith("nonsense") else 200)


def test_model_list_requires_a_key(groq):
    assert httpx.get(f"{groq.base_url}/models").status_code == 401


@pytest.mark.parametrize(("plan", "status"), [("free", 413), ("developer", 200)])
def test_free_plan_limits_the_audio_file_size(groq, plan, status):
    groq.set(plan=plan)
    form: dict[str, Any] = {"files": {"file": ("long.mp3", bytes(25_000_001))}, "data": {"model": "whisper-large-v3"}}

    answer = httpx.post(f"{groq.base_url}/audio/transcriptions", headers=KEY, timeout=20, **form)

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("form", "missing"),
    [
        ({"json": {"model": "whisper-large-v3"}}, "'model'"),
        ({"files": {"file": ("a.wav", b"")}}, "'model'"),
        ({"files": {"other": ("a.wav", b"")}, "data": {"model": "whisper-large-v3"}}, "'file'"),
    ],
)
def test_transcription_requires_a_form_with_a_model(groq, form, missing):
    answer = httpx.post(f"{groq.base_url}/audio/transcriptions", headers=KEY, **form)

    assert answer.status_code == 400
    assert missing in answer.json()["error"]["message"]


def test_unknown_url_error_names_the_url(groq):
    answer = httpx.post(f"{groq.base_url}/chat/completion", headers=KEY)

    assert answer.status_code == 404
    assert "Unknown request URL: POST /openai/v1/chat/completion." in answer.json()["error"]["message"]


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[1]", b""])
def test_body_that_is_not_a_json_object_is_400(groq, body):
    answer = httpx.post(f"{groq.base_url}/chat/completions", content=body, headers=KEY)

    assert answer.status_code == 400


def test_port_in_use_error_names_port_and_fix(groq):
    port = int(groq.url.rpartition(":")[2])

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


def test_hanging_request_ends_when_its_client_disconnects(groq):
    groq.next(fault="hang")
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{groq.base_url}/chat/completions", json=chat_body(), headers=KEY, timeout=0.2)

    until(lambda: groq.calls[0].seconds is not None)


def test_hanging_request_does_not_delay_shutdown():
    with ThreadPoolExecutor() as clients, running_emulator() as groq:
        groq.next(fault="hang")
        waiting = clients.submit(post_chat, groq)
        until(lambda: groq.calls)
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
