"""Sends a reply: whole, as a stream, delayed, or with a fault."""

import asyncio
import json
import socket
import struct
from typing import NoReturn

from aiohttp import web

from catalyst_groq.sandbox.emulator.error_responses import internal_error
from catalyst_groq.sandbox.emulator.headers import response_headers
from catalyst_groq.sandbox.emulator.limits import RequestUsage
from catalyst_groq.sandbox.emulator.messages import CompletionReply, ErrorReply, NamedReply, Reply, SimpleReply
from catalyst_groq.sandbox.emulator.named_answers.answer import RawAnswer
from catalyst_groq.sandbox.emulator.rules import Rule
from catalyst_groq.sandbox.emulator.service import GroqService, new_request_id
from catalyst_groq.sandbox.emulator.streaming import DONE_EVENT, error_event, split_into_chunks

_GARBAGE = b"\x00\x17this is not HTTP\r\n\r\n"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class ConnectionDropped(Exception):  # noqa: N818 - control flow, not an error
    """The connection was closed on purpose, without a response."""


async def deliver(request: web.Request, reply: Reply, service: GroqService) -> web.StreamResponse:
    """Send a reply in its own form."""
    match reply:
        case ErrorReply():
            await service.clock.sleep(reply.delay)
            return _error_response(reply)
        case SimpleReply():
            await service.clock.sleep(reply.delay)
            return _simple_response(reply)
        case NamedReply():
            await service.clock.sleep(reply.delay)
            return await _send_named(request, reply.answer)
        case Rule():
            await service.clock.sleep(reply.delay)
            return await _break_connection(request, reply)
        case CompletionReply():
            return await _send_completion(request, reply, service)


def _error_response(reply: ErrorReply) -> web.Response:
    error = reply.error
    headers = response_headers(new_request_id(), {**reply.headers, "content-type": error.content_type, **error.headers})
    return web.Response(status=error.status, body=error.body.encode(), headers=headers)


def _simple_response(reply: SimpleReply) -> web.Response:
    if isinstance(reply.body, str):
        body, content_type = reply.body.encode(), "text/plain; charset=utf-8"
    else:
        body, content_type = _encode(reply.body), "application/json"
    headers = response_headers(new_request_id(), {"content-type": content_type, **reply.headers})
    return web.Response(body=body, headers=headers)


async def _send_named(request: web.Request, answer: RawAnswer) -> web.StreamResponse:
    named = {"content-type": answer.content_type, **answer.headers}
    headers = response_headers(new_request_id(), named) if answer.is_from_groq else named
    if not answer.stays_open and len(answer.pieces) == 1:
        return web.Response(status=answer.status, body=answer.pieces[0], headers=headers)
    response = web.StreamResponse(status=answer.status, headers=headers)
    await response.prepare(request)
    for piece in answer.pieces:
        await response.write(piece)
    if answer.stays_open:
        await asyncio.Event().wait()
    await response.write_eof()
    return response


async def _send_completion(request: web.Request, reply: CompletionReply, service: GroqService) -> web.StreamResponse:
    """Send a completion. In any case, replace the reserved usage in the rate limits by the actual one."""
    usage = reply.completion.usage
    try:
        await service.clock.sleep(usage.queue_time + (reply.rule.delay if reply.rule else 0))
        if reply.tokens_per_second:
            await service.clock.sleep(usage.prompt_time + (0 if reply.stream else usage.completion_time))
        if reply.stream:
            return await _send_stream(request, reply, service)
    finally:
        actual = RequestUsage(
            usage.prompt_tokens - usage.cached_tokens, usage.completion_tokens, usage.completion_tokens
        )
        reply.rate_limiter.settle(reply.reserved, actual, service.clock.now())
    return await _send_whole(request, reply, service)


async def _send_whole(request: web.Request, reply: CompletionReply, service: GroqService) -> web.StreamResponse:
    body = _encode(reply.completion.as_completion())
    headers = _headers(reply, service, "application/json")
    if reply.rule and reply.rule.fault == "cut":
        response = await _begin(request, {**headers, "content-length": str(len(body))})
        await response.write(body[: len(body) // 2])
        _drop(request)
    return web.Response(body=body, headers=headers)


async def _send_stream(request: web.Request, reply: CompletionReply, service: GroqService) -> web.StreamResponse:
    fault = reply.rule.fault if reply.rule else None
    response = await _begin(request, _headers(reply, service, "text/event-stream"))
    events = list(split_into_chunks(reply.completion))
    if fault in {"cut", "stream_error"}:
        events = events[: (len(events) + 1) // 2]
    for chunk in events:
        if reply.tokens_per_second and chunk.tokens:
            await service.clock.sleep(chunk.tokens / reply.tokens_per_second)
        await response.write(chunk.as_event())
    if fault == "cut":
        _drop(request)
    await response.write(_stream_error() if fault == "stream_error" else DONE_EVENT)
    await response.write_eof()
    return response


async def _begin(request: web.Request, headers: dict[str, str]) -> web.StreamResponse:
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    return response


def _headers(reply: CompletionReply, service: GroqService, content_type: str) -> dict[str, str]:
    limits = reply.rate_limiter.headers(service.clock.now())
    rule_headers = reply.rule.headers if reply.rule else {}
    return response_headers(reply.completion.request_id, {**limits, "content-type": content_type, **rule_headers})


def _stream_error() -> bytes:
    body = json.loads(internal_error().body)
    body["error"]["status_code"] = internal_error().status
    return error_event(json.dumps(body))


async def _break_connection(request: web.Request, rule: Rule) -> NoReturn:
    transport = request.transport
    match rule.fault:
        case "hang":
            await asyncio.Event().wait()
        case "garbage" if transport:
            transport.write(_GARBAGE)
        case "reset" if transport:
            connection: socket.socket = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            transport.abort()
    _drop(request)


def _drop(request: web.Request) -> NoReturn:
    """Close the connection without sending more bytes."""
    if request.transport:
        request.transport.close()
    raise ConnectionDropped


def _encode(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
