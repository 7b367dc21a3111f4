"""What gateways, proxies and HTTP servers send instead of an answer, or around one."""

from http import HTTPStatus

from catalyst_groq.sandbox.emulator.named_answers.answer import (
    NamedAnswer,
    NamedRequest,
    RawAnswer,
    RequestKind,
    encode_json,
    json_answer,
    same_for_all,
)
from catalyst_groq.sandbox.emulator.named_answers.completions import ANSWER, completion

_HTML, _TEXT = "text/html; charset=utf-8", "text/plain; charset=utf-8"
_OVERLOADED = 529
_REDIRECT = RawAnswer(307, (b"",), headers={"location": "https://gateway.invalid/v1/chat/completions?token=abc"})
_LONG_HEADER = {"content-security-policy": "default-src 'self'; " + "img-src https://cdn.example.com/x " * 300}


def _page(title: str) -> bytes:
    return f"<html>\r\n<head><title>{title}</title></head>\r\n<body><h1>{title}</h1></body>\r\n</html>\r\n".encode()


def _body(request: NamedRequest) -> bytes:
    return encode_json(completion({"content": ANSWER}, "stop", request.model))


def _with_long_header(request: NamedRequest) -> RawAnswer:
    return RawAnswer(HTTPStatus.OK, (_body(request),), headers=_LONG_HEADER)


def _with_byte_order_mark(request: NamedRequest) -> RawAnswer:
    return RawAnswer(HTTPStatus.OK, (b"\xef\xbb\xbf" + _body(request),))


def _without_end(request: NamedRequest) -> RawAnswer:
    return RawAnswer(HTTPStatus.OK, (_body(request),), stays_open=True)


def _same(name: str, description: str, status: int, content: bytes = b"", content_type: str = _HTML) -> NamedAnswer:
    return NamedAnswer(name, description, same_for_all(RawAnswer(status, (content,), content_type)))


def _refused(name: str, description: str, status: int, message: str) -> NamedAnswer:
    return NamedAnswer(name, description, same_for_all(json_answer({"error": {"message": message}}, status)))


TRANSPORT = (
    _same("html_error_page", "nginx: a page with status 502", 502, _page("502 Bad Gateway")),
    _same("body_too_large_page", "nginx: a page with status 413", 413, _page("413 Request Entity Too Large")),
    _same(
        "blocked_by_cloudflare", "Cloudflare: a page with status 403", 403, _page("Attention Required! | Cloudflare")
    ),
    _same("limited_by_cloudflare", "Cloudflare: a line of text with status 429", 429, b"error code: 1015", _TEXT),
    _same("login_page", "a portal's login page with status 200", 200, _page("Sign in")),
    _same("empty_body", "status 200 without a body", 200, content_type="application/json"),
    _same("no_content", "status 204", 204),
    NamedAnswer("redirect", "a redirect to another URL", same_for_all(_REDIRECT)),
    _refused("overloaded", "status 529: overloaded", _OVERLOADED, "Overloaded"),
    _refused("too_early", "status 425", 425, "Too early"),
    _refused("headers_too_large", "status 431", 431, "Request Header Fields Too Large"),
    NamedAnswer("long_header", "an answer with a header of 10 kB", _with_long_header, RequestKind.CHAT),
    NamedAnswer("byte_order_mark", "JSON after a byte order mark", _with_byte_order_mark, RequestKind.CHAT),
    NamedAnswer(
        "json_without_end", "an answer whose connection stays open after the whole JSON", _without_end, RequestKind.CHAT
    ),
)
