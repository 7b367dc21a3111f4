"""One request to Groq over real sockets: what is sent, and what comes back."""

import asyncio
import gzip
import json
import re
import sys
import threading
import zlib
from contextlib import aclosing

import brotli
import pytest

from catalyst_groq import __version__
from catalyst_groq.groq.api import client
from catalyst_groq.groq.api.client import HttpGroqClient
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.api.responses import NoResponseReason, Response
from support.factories import REPLY
from support.groq_clients import make_request
from support.groq_server import (
    CONTENT,
    EVENT_STREAM,
    PAYLOAD,
    http_response,
    never_respond,
    read_request,
    respond_with,
    running_server,
    send_to,
)

if sys.version_info >= (3, 14):
    from compression.zstd import compress as zstd_compress
else:
    from backports.zstd import compress as zstd_compress

pytestmark = pytest.mark.anyio


async def test_client_sends_headers_and_body(groq_client):
    requests = []

    async def serve(reader, writer):
        requests.append(await read_request(reader))
        writer.write(http_response(json.dumps(REPLY).encode(), "X-Request-Id: req_7"))
        await writer.drain()

    response = await send_to(serve, groq_client)

    [(head, body)] = requests
    request_line, *lines = head.strip().lower().split("\r\n")
    assert request_line == "post /openai/v1/chat/completions http/1.1"
    assert {
        "authorization: bearer gsk_key7",
        "content-type: application/json",
        "accept: application/json",
        f"user-agent: catalyst-groq-worker/{__version__}",
    } <= set(lines)
    assert body == CONTENT
    assert isinstance(response, Response)
    assert response.body == REPLY
    assert response.headers["x-request-id"] == "req_7"
    assert response.seconds > 0


async def test_client_sends_no_authorization_without_a_key(groq_client):
    requests = []

    async def serve(reader, writer):
        requests.append(await read_request(reader))
        writer.write(http_response(json.dumps(REPLY).encode()))
        await writer.drain()

    async with running_server(serve) as address:
        await groq_client.send(make_request(Account(f"http://{address}/v1", ""), PAYLOAD, 5))

    assert "authorization" not in requests[0][0].lower()


def endless(head, block):
    async def serve(reader, writer):
        await read_request(reader)
        writer.write(head)
        while True:
            writer.write(block)
            await writer.drain()

    return serve


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
LARGE = b"a" * 5_000_000
ZIPPED = {"gzip": gzip.compress(LARGE), "br": brotli.compress(LARGE, quality=1), "zstd": zstd_compress(LARGE)}
TOO_LARGE = {
    "endless chunks": endless(CHUNKED + b"\r\n", b"1000\r\n" + b"a" * 4096 + b"\r\n"),
    "endless line": endless(CHUNKED + b"Content-Type: text/event-stream\r\n\r\n", b"1000\r\n" + b"a" * 4096 + b"\r\n"),
    "endless body": endless(b"HTTP/1.1 200 OK\r\n\r\n", b"a" * 4096),
    "declared length": respond_with(http_response(b"{", length=10**10), then_close=False),
    **{
        f"{encoding} body": respond_with(http_response(body, f"Content-Encoding: {encoding}"))
        for encoding, body in ZIPPED.items()
    },
    "many zstd frames": respond_with(http_response(ZIPPED["zstd"] * 500, "Content-Encoding: zstd")),
    "an error": respond_with(http_response(b"a" * 2_000_000, status="500 Internal Server Error")),
}


@pytest.mark.parametrize("kind", TOO_LARGE)
async def test_response_larger_than_its_bound_is_not_read(kind):
    async with aclosing(HttpGroqClient(max_response_bytes=1_000_000)) as groq_client:
        result = await send_to(TOO_LARGE[kind], groq_client)

    assert (result.reason, result.sent) == (NoResponseReason.RESPONSE_TOO_LARGE, True)
    assert re.fullmatch(r"the response of http://127\.0\.0\.1:\d+ is larger than 1,000,000 bytes", result.message)


@pytest.mark.parametrize("size", [999_999, 1_000_000])
async def test_response_of_its_bound_is_read(size):
    async with aclosing(HttpGroqClient(max_response_bytes=1_000_000)) as groq_client:
        body = gzip.compress(b"a" * size)
        response = await send_to(respond_with(http_response(body, "Content-Encoding: gzip")), groq_client)

    assert response.content == b"a" * size


async def test_headers_without_end_are_invalid(groq_client):
    result = await send_to(endless(b"HTTP/1.1 200 OK\r\n", b"X-Flood: " + b"a" * 1000 + b"\r\n"), groq_client)

    assert (result.reason, result.sent) == (NoResponseReason.INVALID_RESPONSE, True)


async def test_body_compressed_twice_is_not_decompressed_twice(groq_client):
    body = gzip.compress(gzip.compress(b"a" * 5_000_000))
    result = await send_to(respond_with(http_response(body, "Content-Encoding: gzip, gzip")), groq_client)

    assert result.reason is NoResponseReason.UNREADABLE


KEY = "gsk_key7"
ESCAPED_KEY = "".join(f"\\u{ord(character):04x}" for character in KEY)
NESTED_KEY = ESCAPED_KEY.replace("\\", "\\\\")


@pytest.mark.parametrize(
    "body",
    [
        '{"key": "gsk_key7"}',
        '{"gsk_key7": 1}',
        f'{{"key": "{ESCAPED_KEY}"}}',
        f'{{"content": "{{\\"key\\": \\"{NESTED_KEY}\\"}}"}}',
        f'{{"key": "{ESCAPED_KEY}", "key": "twice"}}',
        '["gsk_key7", [\n1e3 ]]',
        "<html>gsk_key7</html>",
        f'{{"cut off": "{ESCAPED_KEY}',
        '{"key": "7yek_ksg"}',
        '{"basic": "dXNlcjpnc2tfa2V5Nw=="}',
        '{"url": "http://x/?key=%67sk_key7"}',
    ],
)
@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
async def test_key_in_a_response_is_masked(groq_client, body, content_type):
    """Whether or not it is known beforehand: the request brings it."""
    async with running_server(respond_with(http_response(body.encode(), f"content-type: {content_type}"))) as address:
        response = await groq_client.send(make_request(Account(f"http://{address}/v1", KEY), PAYLOAD, 5))

    is_json = not body.startswith("<") and not body.startswith('{"cut')
    shown = response.text if not is_json else json.dumps(json.loads(response.content), ensure_ascii=False)
    assert "***" in shown or "twice" in shown
    for form in (KEY, KEY[::-1], ESCAPED_KEY, NESTED_KEY, "Z3NrX2tleTc", "%67sk_key7"):
        assert form not in response.text


async def test_key_of_a_request_is_masked_in_headers_streams_and_messages(groq_client):
    stream = b'data: {"choices": [{"index": 0, "delta": {"content": "gsk_"}}]}\n\n'
    stream += b'data: {"choices": [{"index": 0, "delta": {"content": "key7"}, "finish_reason": "stop"}]}\n\n'
    responses = [
        await send_to(respond_with(http_response(b"{}", "X-Echo: gsk_key7")), groq_client),
        await send_to(respond_with(http_response(stream, EVENT_STREAM)), groq_client),
        await send_to(respond_with(b"gsk_key7\r\n\r\n"), groq_client),
    ]

    assert [("***" in repr(response), KEY in repr(response)) for response in responses] == [(True, False)] * 3


async def test_key_of_a_request_is_not_masked_in_responses_to_others(groq_client):
    body = b'{"choices":[{"index":0,"text":"\\u0022choices\\u0022 and the password1"}]}'
    responses = []
    for key in ("password1", "another-key"):
        async with running_server(respond_with(http_response(body))) as address:
            request = make_request(Account(f"http://{address}/v1", key), PAYLOAD, 5)
            responses.append(await groq_client.send(request))

    [own, other] = responses
    assert own.body["choices"][0]["text"] == '"choices" and the ***'
    assert other.body["choices"][0]["text"] == '"choices" and the password1'


async def test_client_sends_the_headers_query_and_key_of_an_account(groq_client):
    heads = []

    async def serve(reader, writer):
        heads.append((await read_request(reader))[0])
        writer.write(http_response(b"{}"))

    async with running_server(serve) as address:
        account = Account(
            f"http://{address}/openai/deployments/gpt",
            "azure-key",
            headers=(("X-Title", "Invoices"),),
            query=(("api-version", "2024-10-21"), ("a b", "c&d=é")),
            key_header="api-key",
        )
        await groq_client.send(make_request(account, PAYLOAD))

    first, *lines = heads[0].split("\r\n")
    path = "/openai/deployments/gpt/chat/completions?api-version=2024-10-21&a+b=c%26d%3D%C3%A9"
    assert first == f"POST {path} HTTP/1.1"
    assert {"X-Title: Invoices", "api-key: azure-key"} <= set(lines)
    assert "authorization" not in heads[0].lower()


@pytest.mark.parametrize(
    "status", ["302 Found", "401 Unauthorized", "429 Too Many Requests", "503 Service Unavailable"]
)
async def test_client_returns_any_status_and_follows_no_redirect(groq_client, status):
    response = await send_to(
        respond_with(http_response(b"no", "Location: http://127.0.0.1:1/", status=status)), groq_client
    )
    assert (response.status, response.text) == (int(status[:3]), "no")


COMPRESSORS = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress, "zstd": zstd_compress}


@pytest.mark.parametrize("encoding", COMPRESSORS)
async def test_compressed_response_is_decompressed(groq_client, encoding):
    """Whether the request has asked for it or not."""
    body = COMPRESSORS[encoding](b'{"a": 1}')
    response = await send_to(respond_with(http_response(body, f"Content-Encoding: {encoding}")), groq_client)
    assert response.body == {"a": 1}


@pytest.mark.parametrize("encoding", COMPRESSORS)
async def test_compressed_stream_is_decompressed(groq_client, encoding):
    stream = b'data: {"choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}]}\n\n'
    data = http_response(COMPRESSORS[encoding](stream), EVENT_STREAM, f"Content-Encoding: {encoding}")
    response = await send_to(respond_with(data), groq_client)
    assert response.body["choices"][0]["message"]["content"] == "Hi"


JSON_TYPE = "Content-Type: application/json"


@pytest.mark.parametrize(
    ("body", "headers", "message"),
    [
        (b"\x1f\x9d", ["Content-Encoding: Compress"], "the response has the content-encoding 'compress', which the"),
        (b"\x1f\x9d", ["Content-Encoding: gzip, br"], "the response has the content-encoding 'gzip, br', which the"),
        (b"\x1f\x9d", [EVENT_STREAM, "Content-Encoding: x"], "the response has the content-encoding 'x', which the"),
        (
            bytes.fromhex("28b52ffd2003190000") + b"{}x",
            ["Content-Encoding: zstd", JSON_TYPE],
            "the response is not JSON after its content-encoding 'zstd' was decoded",
        ),
        (b'{"a": 1}', ["Content-Encoding: br"], "400, message: Can not decode content-encoding: br"),
        (b'{"a": 1}', ["Content-Encoding: zstd"], "400, message: Can not decode content-encoding: zstd"),
    ],
)
async def test_response_in_an_unreadable_encoding_is_named(groq_client, body, headers, message):
    result = await send_to(respond_with(http_response(body, *headers)), groq_client)
    assert (result.reason, result.sent) == (NoResponseReason.UNREADABLE, True)
    assert result.message.startswith(message)


@pytest.mark.parametrize("encoding", ["utf-8", "identity", "aws-chunked", ""])
async def test_json_is_read_whatever_its_encoding_is_called(groq_client, encoding):
    data = http_response(b'{"a": 1}', f"Content-Encoding: {encoding}")
    assert (await send_to(respond_with(data), groq_client)).body == {"a": 1}


async def test_error_in_an_unknown_encoding_keeps_its_status(groq_client):
    data = http_response(b"\x1f\x9d", "Content-Encoding: compress", status="429 Too Many Requests")
    response = await send_to(respond_with(data), groq_client)
    assert response.status == 429
    assert response.text == "the response has the content-encoding 'compress', which the worker does not read"


async def test_invalid_utf_8_in_a_response_is_replaced(groq_client):
    response = await send_to(
        respond_with(http_response(b'{"a": "\xff"}', "Content-Type: application/json; charset=nonsense")), groq_client
    )
    assert response.body == {"a": "\N{REPLACEMENT CHARACTER}"}


async def test_connections_are_not_limited_by_a_pool(groq_client):
    count, all_are_connected = 0, asyncio.Event()

    async def respond_when_all_are_connected(reader, writer):
        nonlocal count
        await read_request(reader)
        count += 1
        if count == 120:
            all_are_connected.set()
        await all_are_connected.wait()
        writer.write(http_response(b"{}"))
        await writer.drain()

    async with running_server(respond_when_all_are_connected) as address:
        request = make_request(Account(f"http://{address}", "k"), PAYLOAD)
        responses = await asyncio.gather(*(groq_client.send(request) for _ in range(120)))
    assert {response.text for response in responses} == {"{}"}


async def test_cancelled_request_ends_at_once(groq_client):
    async with running_server(never_respond) as address:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(groq_client.send(make_request(Account(f"http://{address}", "k"), PAYLOAD, 60)), 0.05)


async def test_cookie_of_a_response_is_not_sent(groq_client):
    heads = []

    async def serve(reader, writer):
        heads.append((await read_request(reader))[0])
        writer.write(b"HTTP/1.1 200 OK\r\nset-cookie: session=1\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}")
        writer.close()

    async with running_server(serve) as address:
        account = Account(f"http://{address.replace('127.0.0.1', 'localhost')}", "gsk_the_key_of_the_test")
        for _ in range(2):
            assert isinstance(await groq_client.send(make_request(account, PAYLOAD, 10)), Response)
    assert "cookie" not in heads[1].lower()


@pytest.mark.parametrize(("length", "is_beside"), [(1, False), (100_000, True)])
async def test_large_response_is_searched_for_keys_beside_the_loop(groq_client, monkeypatch, length, is_beside):
    threads = []
    monkeypatch.setattr(client, "_mask_body", lambda response, _: (threads.append(threading.get_ident()), response)[1])
    body = json.dumps({**REPLY, "more": "x" * length}).encode()

    assert isinstance(await send_to(respond_with(http_response(body)), groq_client), Response)
    assert [thread != threading.get_ident() for thread in threads] == [is_beside]
