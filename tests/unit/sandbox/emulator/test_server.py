"""The emulator over real connections: responses, connection faults, models and unknown URLs."""

import re
from typing import Any

import httpx
import pytest

from catalyst_groq.sandbox.emulator import Emulator
from support.emulator_http import KEY, post_chat
from support.emulator_requests import chat_body

pytestmark = pytest.mark.anyio


async def test_emulator_runs_in_the_callers_event_loop():
    async with Emulator() as groq_emulator, httpx.AsyncClient(base_url=groq_emulator.base_url, headers=KEY) as client:
        answer = await client.post("/chat/completions", json=chat_body("Hello?"))

    assert "“Hello?”" in answer.json()["choices"][0]["message"]["content"]


def test_response_has_groqs_headers(groq_emulator):
    groq_emulator.set(plan="free")

    headers = post_chat(groq_emulator, chat_body(max_completion_tokens=50)).headers

    assert headers["server"] == "cloudflare"
    assert re.fullmatch(r"req_[0-9a-z]{26}", headers["x-request-id"])
    assert headers["x-ratelimit-limit-requests"] == "1000"
    assert headers["x-ratelimit-remaining-requests"] == "999"
    assert headers["x-ratelimit-reset-requests"].startswith("1m26.")
    assert headers["x-ratelimit-limit-tokens"] == "8000"
    assert "retry-after" not in headers


@pytest.mark.parametrize("stream", [False, True])
def test_unused_token_budget_is_released_after_the_response(groq_emulator, stream):
    groq_emulator.set(plan="free")
    body = chat_body(max_completion_tokens=7000, stream=stream)

    assert [post_chat(groq_emulator, body).status_code for _ in range(3)] == [200, 200, 200]


def test_cloudflare_error_is_an_html_page(groq_emulator):
    groq_emulator.next(status=502)
    groq_emulator.next(error_code="cloudflare_blocked")

    gateway, blocked = post_chat(groq_emulator), post_chat(groq_emulator)

    assert (gateway.status_code, blocked.status_code) == (502, 403)
    assert "<title>api.groq.com | 502: Bad gateway</title>" in gateway.text
    assert "<title>Attention Required! | Cloudflare</title>" in blocked.text
    assert gateway.headers["content-type"].startswith("text/html")


def test_rule_body_and_headers_arrive_unchanged(groq_emulator):
    groq_emulator.next(status=418, body={"tea": True}, headers={"X-Pot": "blue", "content-type": "text/plain"})

    answer = post_chat(groq_emulator)

    assert (answer.status_code, answer.json()) == (418, {"tea": True})
    assert (answer.headers["x-pot"], answer.headers["content-type"]) == ("blue", "text/plain")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("cut", httpx.RemoteProtocolError),
        ("garbage", httpx.RemoteProtocolError),
        ("reset", httpx.ReadError),
        ("hang", httpx.ReadTimeout),
    ],
)
def test_fault_breaks_one_connection_only(groq_emulator, fault, error):
    groq_emulator.next(fault=fault)

    with pytest.raises(error):
        httpx.post(f"{groq_emulator.base_url}/chat/completions", json=chat_body(), headers=KEY, timeout=0.3)

    assert post_chat(groq_emulator).status_code == 200
    assert [call.status for call in groq_emulator.calls] == [None, 200]


def test_model_list_has_context_windows(groq_emulator):
    listed = httpx.get(f"{groq_emulator.base_url}/models", headers=KEY).json()["data"]

    by_id = {model["id"]: model for model in listed}
    assert by_id["openai/gpt-oss-120b"]["context_window"] == 131_072
    assert by_id["openai/gpt-oss-120b"]["active"] is True
    assert "llama-3.3-70b-versatile" not in by_id


def test_model_list_does_not_use_up_rules(groq_emulator):
    groq_emulator.next(status=503)
    assert httpx.get(f"{groq_emulator.base_url}/models", headers=KEY).status_code == 200
    groq_emulator.next(status=500, when={"path": "/models"})
    assert httpx.get(f"{groq_emulator.base_url}/models", headers=KEY).status_code == 500

    assert post_chat(groq_emulator).status_code == 503


@pytest.mark.parametrize("path", ["/openai/v1/models/openai/gpt-oss-20b", "/openai/v1/models/nonsense"])
def test_model_details_endpoint(groq_emulator, path):
    answer = httpx.get(groq_emulator.url + path, headers=KEY)

    assert answer.status_code == (404 if path.endswith("nonsense") else 200)


def test_model_list_requires_a_key(groq_emulator):
    assert httpx.get(f"{groq_emulator.base_url}/models").status_code == 401


@pytest.mark.slow
@pytest.mark.parametrize(("plan", "status"), [("free", 413), ("developer", 200)])
def test_free_plan_limits_the_audio_file_size(groq_emulator, plan, status):
    groq_emulator.set(plan=plan)
    form: dict[str, Any] = {"files": {"file": ("long.mp3", bytes(25_000_001))}, "data": {"model": "whisper-large-v3"}}

    answer = httpx.post(f"{groq_emulator.base_url}/audio/transcriptions", headers=KEY, timeout=20, **form)

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("form", "missing"),
    [
        ({"json": {"model": "whisper-large-v3"}}, "'model'"),
        ({"files": {"file": ("a.wav", b"")}}, "'model'"),
        ({"files": {"other": ("a.wav", b"")}, "data": {"model": "whisper-large-v3"}}, "'file'"),
    ],
)
def test_transcription_requires_a_form_with_a_model(groq_emulator, form, missing):
    answer = httpx.post(f"{groq_emulator.base_url}/audio/transcriptions", headers=KEY, **form)

    assert answer.status_code == 400
    assert missing in answer.json()["error"]["message"]


def test_unknown_url_error_names_the_url(groq_emulator):
    answer = httpx.post(f"{groq_emulator.base_url}/chat/completion", headers=KEY)

    assert answer.status_code == 404
    assert "Unknown request URL: POST /openai/v1/chat/completion." in answer.json()["error"]["message"]


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[1]", b""])
def test_body_that_is_not_a_json_object_is_400(groq_emulator, body):
    answer = httpx.post(f"{groq_emulator.base_url}/chat/completions", content=body, headers=KEY)

    assert answer.status_code == 400
