"""Answers by name: each is sent as its entry says, to the requests that it can answer."""

import json
import time
from email.utils import parsedate_to_datetime

import httpx
import pytest

from catalyst_groq.errors import SandboxError
from catalyst_groq.sandbox.emulator import running_emulator
from catalyst_groq.sandbox.emulator.error_catalog import BY_CODE
from catalyst_groq.sandbox.emulator.named_answers.answer import NamedRequest, RequestKind
from catalyst_groq.sandbox.emulator.named_answers.catalog import NAMED_ANSWERS
from support.emulator_http import KEY
from support.emulator_requests import GPT_OSS, ORDER, WEATHER, chat_body

pytestmark = pytest.mark.slow

CHAT, STREAM, AUDIO = RequestKind.CHAT, RequestKind.STREAM, RequestKind.AUDIO
SILENCE = b"(silence)"
STATUSES = {
    204: ["no_content"],
    307: ["redirect"],
    400: [
        "output_both_empty",
        "context_length_vllm",
        "context_length_azure",
        "context_length_openrouter",
        "unknown_model_openrouter",
        "unreadable_recording",
        "recording_too_short",
    ],
    401: ["refused_by_gateway"],
    402: ["payment_required"],
    403: ["blocked_by_cloudflare"],
    404: ["unknown_model_azure", "unknown_model_ollama", "unknown_model_vllm"],
    413: ["body_too_large_page"],
    422: ["unprocessable", "context_length_tgi", "fastapi_validation"],
    425: ["too_early"],
    429: [
        "insufficient_quota",
        "context_length_litellm",
        "retry_after_date",
        "retry_after_go_duration",
        "retry_after_ms",
        "rate_limit_without_wait",
        "limited_by_cloudflare",
    ],
    431: ["headers_too_large"],
    502: ["html_error_page"],
    529: ["overloaded"],
}
STATUS_BY_NAME = {
    **dict.fromkeys(NAMED_ANSWERS, 200),
    **{code: make("a-model").status for code, make in BY_CODE.items()},
    **{name: status for status, names in STATUSES.items() for name in names},
}
EACH_REQUEST = [
    pytest.param(name, kind, id=f"{name} {kind.name.lower()}")
    for name, answer in NAMED_ANSWERS.items()
    for kind in ((CHAT,) if answer.kinds == RequestKind.ANY else (CHAT, STREAM, AUDIO))
    if kind in answer.kinds
]


class Asker:
    """An emulator and one client of it."""

    def __init__(self, groq, client):
        self.groq, self.client = groq, client

    def ask(self, kind=CHAT, **fields):
        """Send a request of this kind, and return the response and what comes of it until it is silent."""
        form = {"data": {"model": "whisper-large-v3"}, "files": {"file": ("call.wav", b"RIFF", "audio/wav")}}
        content = form if kind is AUDIO else {"content": json.dumps(chat_body(stream=kind is STREAM, **fields))}
        path = "audio/transcriptions" if kind is AUDIO else "chat/completions"
        received = b""
        with self.client.stream("POST", f"{self.groq.base_url}/{path}", **content) as response:
            try:
                for data in response.iter_bytes():
                    received += data
            except httpx.ReadTimeout:
                received += SILENCE
        return response, received

    def message(self, script, **fields):
        """Return the message that a script answers, with the finish reason."""
        self.groq.next(script=script)
        choice = json.loads(self.ask(**fields)[1])["choices"][0]
        return {**choice["message"], "finish_reason": choice["finish_reason"]}

    def events(self, script, **fields):
        """Return the JSON of the events that a script streams."""
        self.groq.next(script=script)
        lines = self.ask(STREAM, **fields)[1].decode().splitlines()
        return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: {")]


@pytest.fixture(scope="module")
def running():
    timeout = httpx.Timeout(5, read=0.3)
    with running_emulator() as groq, httpx.Client(headers=KEY, timeout=timeout, trust_env=False) as client:
        yield Asker(groq, client)


@pytest.fixture
def asker(running):
    running.groq.reset()
    return running


@pytest.fixture
def groq(asker):
    return asker.groq


@pytest.mark.parametrize(("name", "kind"), EACH_REQUEST)
def test_script_is_sent_with_its_status_and_end(asker, groq, name, kind):
    made = NAMED_ANSWERS[name].make(NamedRequest(kind, "whisper-large-v3" if kind is AUDIO else GPT_OSS))
    groq.next(script=name)

    response, received = asker.ask(kind)

    assert response.status_code == STATUS_BY_NAME[name]
    assert received.endswith(SILENCE) == made.stays_open
    assert response.headers.get("content-type", made.content_type) == made.content_type
    if name != "retry_after_date":
        assert received.removesuffix(SILENCE) == b"".join(made.pieces)


@pytest.mark.parametrize("code", BY_CODE)
def test_script_of_an_error_code_is_groqs_error(code):
    made, error = NAMED_ANSWERS[code].make(NamedRequest(CHAT, GPT_OSS)), BY_CODE[code](GPT_OSS)

    assert (made.status, made.pieces, made.headers) == (error.status, (error.body.encode(),), error.headers)
    assert made.is_from_groq


def test_script_of_another_server_has_no_header_of_groq(asker, groq):
    groq.next(script="unknown_model_vllm")
    groq.next(script="organization_restricted")

    assert ["x-groq-region" in asker.ask()[0].headers for _ in range(2)] == [False, True]


def test_script_applies_only_to_requests_that_it_can_answer(asker, groq):
    for script in ("stream_without_usage", "transcript_null", "think_tags"):
        groq.next(script=script)
    groq.next(script="empty_body", when={"path": "/audio/transcriptions"})

    assert b"They ask for the sum" in asker.ask()[1]
    assert b"[DONE]" in asker.ask(STREAM)[1]
    assert json.loads(asker.ask(AUDIO)[1])["text"] is None
    assert asker.ask(AUDIO)[1] == b""
    assert b"The Groq emulator" in asker.ask()[1]


def test_script_answers_whatever_the_request_is(groq):
    groq.next(script="empty_answer")
    answer = httpx.post(f"{groq.base_url}/chat/completions", json={"model": "no-model", "n": 9})

    assert answer.json()["model"] == "no-model"
    assert groq.calls[0].status == 200


def test_script_takes_delay_and_headers(asker, groq):
    groq.next(script="json_null", delay=0.2, headers={"x-gateway": "mine"})
    begin = time.monotonic()

    assert asker.ask()[0].headers["x-gateway"] == "mine"
    assert time.monotonic() - begin > 0.15


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("think_tag", "there is no script 'think_tag'. Did you mean think_tags?"),
        ("Tool-Use-Failed", "Did you mean tool_use_failed?"),
        ("zzz", "Write one of truncated_json, "),
        ("", "Write one of truncated_json, "),
    ],
)
def test_unknown_script_is_refused_with_the_name_that_is_meant(groq, name, hint):
    with pytest.raises(SandboxError, match="Invalid rule for the next requests: script: there is no script") as raised:
        groq.next(script=name)

    assert hint in str(raised.value)


def test_script_is_an_effect_of_its_own(groq):
    with pytest.raises(SandboxError, match="only one of answer, script is allowed"):
        groq.next(script="think_tags", answer="x")


def test_script_of_json_is_cut_inside_a_number(asker):
    message = asker.message("truncated_json")

    assert (message["content"], message["finish_reason"]) == ('{"approved": true, "amount": 125', "stop")


def test_script_of_a_tool_call_calls_the_first_tool_of_the_request(asker):
    [call] = asker.message("tool_name_with_channel", tools=[WEATHER, ORDER])["tool_calls"]
    other = asker.message("tool_call_in_content")

    assert call["function"]["name"] == "get_weather<|channel|>commentary"
    assert other["content"].startswith("<function=find_order>")


def test_script_quotes_any_model(asker):
    assert asker.message("think_tags", model="\ud83d {0}")["finish_reason"] == "stop"


@pytest.mark.parametrize("tools", [[], [None], [{}], [{"function": None}], [{"function": {"name": 7}}], "no list"])
def test_script_of_a_tool_call_needs_no_tool(asker, tools):
    [call] = asker.message("invalid_tool_arguments", tools=tools)["tool_calls"]

    assert (call["function"]["name"], call["function"]["arguments"]) == ("find_order", '{"number":"7')


def test_script_of_stream_without_usage_has_none(asker):
    assert [event for event in asker.events("stream_without_usage") if "usage" in event] == []
    assert asker.events("stream_without_end")[-1]["usage"]["total_tokens"] == 30


def test_script_of_tool_calls_gives_both_index_0(asker):
    events = asker.events("tool_calls_all_index_0", tools=[ORDER])
    pieces = [piece for event in events for piece in event["choices"][0]["delta"].get("tool_calls", [])]

    assert [(piece["index"], piece["id"]) for piece in pieces] == [(0, "call_0"), (0, "call_1")]


def test_script_of_retry_after_is_a_date_in_the_future(asker, groq):
    groq.next(script="retry_after_date")
    until = parsedate_to_datetime(asker.ask()[0].headers["retry-after"])

    assert 0 <= until.timestamp() - time.time() <= 3
