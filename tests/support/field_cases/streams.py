"""Family 2: streams, as servers and gateways send them."""

from support.field_cases.case import STREAM, Case, Completed, Incident
from support.field_cases.responses import STREAM_HEAD, USAGE, chat, chunk, events, http, streamed
from support.raw_server import Ending, Received

FUNCTIONS = {"find_order": "number", "book_slot": "day"}
TOOLS = {
    "tools": [
        {
            "type": "function",
            "function": {"name": name, "parameters": {"type": "object", "properties": {argument: {"type": "string"}}}},
        }
        for name, argument in FUNCTIONS.items()
    ]
}
CALLS = {"calls": "tool_calls(@)", "firstName": "tool_calls(@)[0].name", "content": "choices[0].message.content"}
FIND = {"id": "call_a", "type": "function", "function": {"name": "find_order", "arguments": '{"number":"7"}'}}
BOOK = {"id": "call_b", "type": "function", "function": {"name": "book_slot", "arguments": '{"day":"mon"}'}}
FIND_NOTHING = {**FIND, "function": {"name": "find_order", "arguments": ""}}
FOUND = {"id": "call_a", "name": "find_order", "arguments": {"number": "7"}}
BOOKED = {"id": "call_b", "name": "book_slot", "arguments": {"day": "mon"}}
ROLE = chunk({"role": "assistant", "content": ""})
STOP = chunk({}, "stop")
SUM = (chunk({"role": "assistant", "content": "The sum is "}), chunk({"content": "42 euros."}))
SUM_WITH_USAGE = (*SUM, chunk({}, "stop", usage=USAGE))
CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ntransfer-encoding: chunked\r\n\r\n"
WHOLE_SUM = events(*SUM, STOP)
HELLO = http(200, chat("hello")).partition(b"\r\n\r\n")[2]
LIMIT = (
    "Rate limit reached for model `openai/gpt-oss-120b` in organization `org_x` on tokens per minute (TPM): Limit "
    "8000, Used 7900, Requested 500. Please try again in 2s."
)


def http_chunk(content: bytes) -> bytes:
    """Return a chunk of HTTP; the last, empty one is what these servers leave out."""
    return b"%x\r\n%b\r\n" % (len(content), content)


def calls_piecewise(case_id, server, *deltas, calls):
    pieces = (chunk({"tool_calls": [delta]}) for delta in deltas)
    return Case(
        case_id,
        server,
        [streamed(ROLE, *pieces, chunk({}, "tool_calls"))],
        Completed({"firstName": calls[0]["name"], "calls": calls, "content": None}),
        payload=STREAM | TOOLS,
        mapping=CALLS,
    )


def reply(case_id, server, *steps, text="The sum is 42 euros.", **settings):
    return Case(case_id, server, [steps], Completed({"aiReply": text}), payload=STREAM, **settings)


def stream_error(case_id, server, answer, text, **settings):
    settings = {"calls": 1, "paid": 0, "errors": {}, **settings}
    return Case(case_id, server, [answer], Incident((text,)), payload=STREAM, **settings)


def usage_if_asked(received: Received) -> bytes:
    wanted = (received.body.get("stream_options") or {}).get("include_usage")
    usage = [{"id": "x", "object": "chat.completion.chunk", "choices": [], "usage": USAGE}] if wanted else []
    return streamed(chunk({"role": "assistant", "content": "42"}), STOP, *usage)


CASES = (
    calls_piecewise(
        "05a-all-index-0",
        "streams two tool calls, both with index 0",
        {"index": 0, **FIND},
        {"index": 0, **BOOK},
        calls=[FOUND, BOOKED],
    ),
    calls_piecewise("05b-index-null", "streams a tool call with index null", {"index": None, **FIND}, calls=[FOUND]),
    calls_piecewise(
        "05c-index-missing-pieces",
        "streams a tool call in pieces without an index",
        FIND_NOTHING,
        {"function": {"arguments": '{"number":'}},
        {"function": {"arguments": '"7"}'}},
        calls=[FOUND],
    ),
    calls_piecewise(
        "05f-stream-args-object",
        "streams arguments of a tool call as an object",
        {"index": 0, **FIND, "function": {"name": "find_order", "arguments": {"number": "7"}}},
        calls=[FOUND],
    ),
    calls_piecewise(
        "05g-index-0-no-arguments",
        "streams two tool calls with index 0, the first one without arguments",
        {"index": 0, **FIND_NOTHING},
        {"index": 0, **BOOK},
        calls=[FOUND | {"arguments": {}}, BOOKED],
    ),
    calls_piecewise(
        "05h-no-index-whole-calls", "streams two whole tool calls without an index", FIND, BOOK, calls=[FOUND, BOOKED]
    ),
    reply(
        "13a-done-but-open",
        "leaves the connection open after `[DONE]`",
        STREAM_HEAD + events(*SUM_WITH_USAGE),
        Ending.KEEP_OPEN,
    ),
    reply(
        "13b-finish-but-open",
        "leaves the connection open after the finish reason, and sends no `[DONE]`",
        STREAM_HEAD + events(chunk({"role": "assistant", "content": "42 euros."}), STOP, done=False),
        Ending.KEEP_OPEN,
        text="42 euros.",
    ),
    reply(
        "13c-slow-first-token",
        "needs 25 seconds for the first token",
        STREAM_HEAD,
        25.0,
        events(*SUM_WITH_USAGE),
        properties={"catalyst_timeout": "120"},
    ),
    reply(
        "13f-done-no-last-chunk",
        "closes the connection after `[DONE]` without the last chunk of HTTP",
        CHUNKED_HEAD % b"text/event-stream" + http_chunk(WHOLE_SUM),
        0.3,
    ),
    reply(
        "13g-usage-after-open",
        "sends the usage one second after the finish reason, and no `[DONE]`",
        STREAM_HEAD + events(chunk({"role": "assistant", "content": "42"}), STOP, done=False),
        1.0,
        events({"id": "x", "object": "chat.completion.chunk", "choices": [], "usage": USAGE}, done=False),
        text="42",
    ),
    Case(
        "13h-json-but-open",
        "leaves the connection open after a whole JSON response, without the last chunk of HTTP",
        [[CHUNKED_HEAD % b"application/json", http_chunk(HELLO), Ending.KEEP_OPEN]],
        Completed({"aiReply": "hello"}),
        properties={"catalyst_timeout": "15"},
    ),
    reply(
        "18e-stream-bom-crlf",
        "begins the stream with a byte order mark, and ends its lines with CR LF",
        STREAM_HEAD + b"\xef\xbb\xbf" + events(*SUM, STOP, end=b"\r\n\r\n"),
    ),
    reply(
        "18f-stream-text-plain",
        "calls the stream `text/plain`",
        STREAM_HEAD.replace(b"text/event-stream", b"text/plain") + WHOLE_SUM,
    ),
    reply("18g-stream-cr-only", "ends the lines of the stream with CR", STREAM_HEAD + events(*SUM, STOP, end=b"\r\r")),
    stream_error(
        "25a-vllm-stream-error",
        "sends an error in the form of vLLM inside the stream",
        streamed(
            {
                "object": "error",
                "message": "max_tokens must be at least 1, got 0.",
                "type": "BadRequestError",
                "param": None,
                "code": 400,
            }
        ),
        "400 max_tokens must be at least 1, got 0.",
    ),
    stream_error(
        "25b-stream-error-plain",
        "sends an error event without an `error` around it: the rate limit is reached, without a wait",
        streamed(
            b'event: error\ndata: {"message":"Rate limit reached","type":"tokens","code":"rate_limit_exceeded"}',
            done=False,
        ),
        "lengthen 'Give up waiting after'",
        calls=5,
        fewest_calls=1,
        properties={"catalyst_giveUpAfter": "PT5S"},
    ),
    stream_error(
        "25d-tgi-200-error",
        "sends an error in the form of TGI inside the stream: the request is too long",
        streamed(
            {
                "error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 3500 "
                "`inputs` tokens and 1024 `max_new_tokens`",
                "error_type": "validation",
            },
            done=False,
        ),
        "Given: 3500 `inputs` tokens and 1024 `max_new_tokens`. Send less",
    ),
    Case(
        "32-stream-no-usage",
        "sends the usage of a stream only if `stream_options` asks for it",
        usage_if_asked,
        Completed({"aiReply": "42"}, {"promptTokens": 20, "completionTokens": 10, "costUsd": 9e-06}),
        payload=STREAM,
    ),
    Case(
        "34a-429-as-event-stream-json",
        "reports a rate limit of 2 seconds as JSON that it calls `text/event-stream`, twice",
        [
            http(
                429,
                {"error": {"message": LIMIT, "type": "tokens", "code": "rate_limit_exceeded"}},
                [("retry-after", "2")],
                "text/event-stream",
            )
        ]
        * 2
        + [streamed(chunk({"content": "finally"}), STOP)],
        Completed({"aiReply": "finally"}),
        calls=3,
        payload=STREAM,
        boundary=True,
    ),
    reply(
        "34c-empty-data-keepalive",
        "sends empty events between the others",
        streamed(b"data:", SUM[0], b"data: ", SUM[1], STOP),
    ),
    reply(
        "34d-two-data-lines",
        "sends an event whose data are two lines",
        STREAM_HEAD + b'data: {"id":"x","object":"chat.completion.chunk",\n'
        b'data: "choices":[{"index":0,"delta":{"content":"hello"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
        text="hello",
    ),
    reply(
        "34f-message-instead-of-delta",
        "sends a whole response as the only event",
        streamed(chat("hello")),
        text="hello",
    ),
    stream_error(
        "34g-503-html-event-stream",
        "sends a text with status 503, which it calls `text/event-stream`",
        http(503, "upstream connect error or disconnect/reset before headers", content_type="text/event-stream"),
        "503 upstream connect error or disconnect/reset before headers",
        calls=3,
    ),
    stream_error(
        "34h-network-error-native",
        "ends an empty stream with `stop`, and says `network_error` in a field of its own",
        streamed(
            {
                **chunk(),
                "choices": [
                    {
                        "index": 0,
                        "delta": {"role": "assistant", "content": ""},
                        "finish_reason": "stop",
                        "native_finish_reason": "network_error",
                    }
                ],
            }
        ),
        "(native_finish_reason: network_error)",
        calls=3,
    ),
)
