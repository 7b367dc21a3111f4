"""Builds raw HTTP responses of servers with an OpenAI-compatible API."""

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from support.field_cases.case import MODEL

Headers = Iterable[tuple[str, str]]
USAGE = {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}
STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\nconnection: close\r\n\r\n"


def http(status: int, body: Any, headers: Headers = (), content_type: str = "application/json") -> bytes:
    """Return a response; a body that is neither bytes nor a text is sent as JSON."""
    content = body if isinstance(body, bytes) else (body if isinstance(body, str) else _json(body)).encode()
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase if status in set(HTTPStatus) else 'X'}",
        f"content-type: {content_type}",
        "connection: close",
        f"content-length: {len(content)}",
        *(f"{name}: {value}" for name, value in headers),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + content


def chat(content: Any = "ok", finish: str = "stop", *, model: str = MODEL, **message: Any) -> dict[str, Any]:
    """Return a chat completion; further fields are those of its message."""
    choice = {"index": 0, "message": {"role": "assistant", "content": content, **message}, "logprobs": None}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1790000000,
        "model": model,
        "choices": [{**choice, "finish_reason": finish}],
        "usage": USAGE,
    }


def answered(content: Any = "ok", finish: str = "stop", headers: Headers = (), **message: Any) -> bytes:
    """Return a response with a chat completion."""
    return http(200, chat(content, finish, **message), headers)


def refused(status: int, message: str, code: str | None = None, headers: Headers = (), **fields: Any) -> bytes:
    """Return a response with an error in Groq's form."""
    error = {"message": message, "type": "invalid_request_error", **({"code": code} if code else {}), **fields}
    return http(status, {"error": error}, headers)


def chunk(delta: Mapping[str, Any] | None = None, finish: str | None = None, **fields: Any) -> dict[str, Any]:
    """Return a chunk of a stream."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1790000000,
        "model": MODEL,
        "choices": [{"index": 0, "delta": delta or {}, "logprobs": None, "finish_reason": finish}],
        **fields,
    }


def events(*parts: Any, done: bool = True, end: bytes = b"\n\n") -> bytes:
    """Return server-sent events: bytes as they are, a text or a structure as data."""
    lines = [
        part if isinstance(part, bytes) else b"data: " + (part if isinstance(part, str) else _json(part)).encode()
        for part in (*parts, *([b"data: [DONE]"] if done else []))
    ]
    return b"".join(line + end for line in lines)


def streamed(*parts: Any, done: bool = True) -> bytes:
    """Return a response that is a stream."""
    return STREAM_HEAD + events(*parts, done=done)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
