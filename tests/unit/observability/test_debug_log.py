"""The debug log: what is exchanged with Groq, without keys, and with contents only where they are asked for."""

import logging

import pytest

from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.groq.api.operations import CHAT_COMPLETION
from catalyst_groq.groq.api.requests import Account, GroqRequest
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason
from catalyst_groq.observability.debug_log import DEBUG_LOGGER, DEBUG_PARTS, DebugClient
from catalyst_groq.observability.logging import set_up_logging
from support.factories import REPLY, make_response
from support.groq_clients import FakeGroqClient

pytestmark = pytest.mark.anyio

KEY = "the-key-of-a-task"
PAYLOAD = {"model": "m", "messages": [{"role": "user", "content": f"the prompt with {KEY}"}]}
TIMES = {"usage": {**REPLY["usage"], "queue_time": 0.002}}
LIMITS = {"x_ratelimit_remaining_tokens": "7000", "set_cookie": "never shown"}


async def lines_of(caplog, response=None, *, shown=DEBUG_PARTS, payload=PAYLOAD, **options):
    caplog.set_level(logging.DEBUG, DEBUG_LOGGER)
    response = response or make_response(body=REPLY | TIMES, **LIMITS)
    client = DebugClient(FakeGroqClient(response), shown, Redactor(), **options)
    request = GroqRequest(CHAT_COMPLETION, Account("https://user:pw@groq.example/v1", KEY), payload, 60.0, "task-1")
    assert await client.send(request) is response
    return {line.split(",")[0]: line for line in (record.getMessage() for record in caplog.records)}


async def test_debug_log_shows_what_was_named(caplog):
    lines = await lines_of(caplog)

    assert list(lines) == ["Request", "Latency", "Response", "Limits"]
    assert lines["Request"] == (
        "Request, m at https://***@groq.example/v1/chat/completions, task task-1: "
        '{"model":"m","messages":[{"role":"user","content":"the prompt with ***"}]}'
    )
    assert "Hello Ada" in lines["Response"]
    assert lines["Limits"].endswith(": x-ratelimit-remaining-tokens: 7000")
    assert lines["Latency"].endswith(": 200 after 0.000 s")


async def test_debug_log_shows_the_speed_of_the_answer(caplog):
    response = make_response(body=REPLY | TIMES)
    object.__setattr__(response, "seconds", 0.5)
    lines = await lines_of(caplog, response, shown=["latency"])

    assert list(lines) == ["Latency"]
    assert lines["Latency"].endswith(": 200 after 0.500 s, 10 tokens per second, queue_time 0.002 s")


@pytest.mark.parametrize(
    ("shown", "options", "has_contents"),
    [(DEBUG_PARTS, {}, True), (DEBUG_PARTS, {"mask_contents": True}, False), ((), {}, False)],
)
@pytest.mark.parametrize("body", [REPLY, "Hello Ada, in a text that is no JSON"])
async def test_debug_log_shows_contents_only_where_asked(caplog, shown, options, has_contents, body):
    lines = await lines_of(caplog, make_response(body=body), shown=shown, **options)

    assert ("the prompt" in lines["Request"]) is has_contents
    assert ("Hello Ada" in lines["Response"]) is has_contents
    assert "characters)" in lines["Response"] or has_contents


async def test_debug_log_says_why_there_is_no_response(caplog):
    lines = await lines_of(caplog, NoResponse(NoResponseReason.TIMEOUT, "nothing within 60 s", sent=True, seconds=60.0))

    assert lines["No response"].endswith(": timed out: nothing within 60 s")
    assert lines["Latency"].endswith(": timed out after 60.000 s")


async def test_debug_log_shortens_what_is_long(caplog):
    payload = {"model": "m", "messages": ["x" * 5000] * 20}
    lines = await lines_of(caplog, payload=payload)

    assert len(lines["Request"]) < 21_000
    assert "(5,000 characters)" in lines["Request"]


async def test_defect_of_the_debug_log_loses_no_response(caplog):
    response = make_response(body=REPLY | {"usage": {"completion_tokens": 5, "queue_time": 1}})
    object.__setattr__(response, "seconds", "no number")
    await lines_of(caplog, response)

    assert "internal error" in caplog.text


async def test_debug_log_is_shown_at_any_level(capsys):
    set_up_logging("WARNING", Redactor(), debug=["requests"])
    logging.getLogger(DEBUG_LOGGER).debug("shown")
    logging.getLogger("catalyst_groq.other").debug("not shown")
    assert "not shown" not in (output := capsys.readouterr().err)
    assert "shown" in output
