"""How a reply travels to the client: whole, in a stream, late, or not as it should."""

import asyncio
import json
import socket
import struct
from typing import NoReturn

from aiohttp import web

from catalyst_groq.sandbox.emulator.error_responses import internal_error
from catalyst_groq.sandbox.emulator.headers import answer_headers
from catalyst_groq.sandbox.emulator.limits import RequestCost
from catalyst_groq.sandbox.emulator.rules import Rule
from catalyst_groq.sandbox.emulator.service import ErrorReply, ModelReply, Reply, Service, StaticReply, request_id
from catalyst_groq.sandbox.emulator.streaming import DONE, chunks, error_event

_GARBAGE = b"\x00\x17this is not HTTP\r\n\r\n"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class BrokenConnectionError(Exception):
    """The connection was broken on purpose; there is no answer."""


async def deliver(request: web.Request, reply: Reply, service: Service) -> web.StreamResponse:
    """Send a reply as it wants to be sent."""
    match reply:
        case ErrorReply():
            await service.clock.sleep(reply.delay)
            return _refused(reply)
        case StaticReply():
            await service.clock.sleep(reply.delay)
            return _told(reply)
        case Rule():
            await service.clock.sleep(reply.delay)
            return await _break(request, reply)
        case ModelReply():
            return await _give(request, reply, service)


def _refused(reply: ErrorReply) -> web.Response:
    said_no = reply.error
    headers = answer_headers(request_id(), {**reply.headers, "content-type": said_no.content_type, **said_no.headers})
    return web.Response(status=said_no.status, body=said_no.body.encode(), headers=headers)


def _told(reply: StaticReply) -> web.Response:
    if isinstance(reply.value, str):
        body, content_type = reply.value.encode(), "text/plain; charset=utf-8"
    else:
        body, content_type = _written(reply.value), "application/json"
    headers = answer_headers(request_id(), {"content-type": content_type, **reply.headers})
    return web.Response(body=body, headers=headers)


async def _give(request: web.Request, given: ModelReply, service: Service) -> web.StreamResponse:
    """Send an answer; whatever happens meanwhile, the limits count what it used and no longer what was reserved."""
    usage = given.answer.usage
    try:
        await service.clock.sleep(usage.queue_time + (given.rule.delay if given.rule else 0))
        if given.tokens_per_second:
            await service.clock.sleep(usage.prompt_time + (0 if given.stream else usage.completion_time))
        if given.stream:
            return await _stream(request, given, service)
    finally:
        spent = RequestCost(usage.prompt_tokens - usage.cached_tokens, usage.completion_tokens, usage.completion_tokens)
        given.account.settle(given.demand, spent, service.clock.now())
    return await _whole(request, given, service)


async def _whole(request: web.Request, given: ModelReply, service: Service) -> web.StreamResponse:
    body = _written(given.answer.as_completion())
    headers = _headers(given, service, "application/json")
    if given.rule and given.rule.fault == "cut":
        response = await _begin(request, {**headers, "content-length": str(len(body))})
        await response.write(body[: len(body) // 2])
        _drop(request)
    return web.Response(body=body, headers=headers)


async def _stream(request: web.Request, given: ModelReply, service: Service) -> web.StreamResponse:
    fault = given.rule.fault if given.rule else None
    response = await _begin(request, _headers(given, service, "text/event-stream"))
    events = list(chunks(given.answer))
    if fault in {"cut", "stream_error"}:
        events = events[: (len(events) + 1) // 2]
    for chunk in events:
        if given.tokens_per_second and chunk.tokens:
            await service.clock.sleep(chunk.tokens / given.tokens_per_second)
        await response.write(chunk.as_event())
    if fault == "cut":
        _drop(request)
    await response.write(_stream_error() if fault == "stream_error" else DONE)
    await response.write_eof()
    return response


async def _begin(request: web.Request, headers: dict[str, str]) -> web.StreamResponse:
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    return response


def _headers(given: ModelReply, service: Service, content_type: str) -> dict[str, str]:
    limits = given.account.headers(service.clock.now())
    own = given.rule.headers if given.rule else {}
    return answer_headers(given.answer.request_id, {**limits, "content-type": content_type, **own})


def _stream_error() -> bytes:
    told = json.loads(internal_error().body)
    told["error"]["status_code"] = internal_error().status
    return error_event(json.dumps(told))


async def _break(request: web.Request, rule: Rule) -> NoReturn:
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
    """Close the connection without another byte."""
    if request.transport:
        request.transport.close()
    raise BrokenConnectionError


def _written(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
