"""The emulator's routes: Groq's endpoints, and the control endpoint beside them."""

import json
import time
from collections.abc import Callable
from typing import Any

from aiohttp import web

from catalyst_groq.sandbox.emulator.control import add_control
from catalyst_groq.sandbox.emulator.error_responses import unknown_url
from catalyst_groq.sandbox.emulator.generated_text import last_user_text
from catalyst_groq.sandbox.emulator.recordings import UploadedAudio
from catalyst_groq.sandbox.emulator.response_delivery import BrokenConnectionError, deliver
from catalyst_groq.sandbox.emulator.service import ErrorReply, IncomingRequest, Reply, Service

API = "/openai/v1"
_SERVICE: web.AppKey[Service] = web.AppKey("service", Service)
_MOST_BYTES = 110_000_000


def make_app(service: Service) -> web.Application:
    """Put Groq's endpoints and the control endpoint in front of a service."""
    app = web.Application(client_max_size=_MOST_BYTES)
    app[_SERVICE] = service
    app.router.add_post(f"{API}/chat/completions", _chat_completions)
    app.router.add_post(f"{API}/audio/transcriptions", _audio)
    app.router.add_post(f"{API}/audio/translations", _audio)
    app.router.add_get(f"{API}/models", _models)
    app.router.add_get(f"{API}/models/{{model:.+}}", _model)
    add_control(app, service)
    app.router.add_route("*", "/{anything:.*}", _unknown)
    return app


async def _chat_completions(request: web.Request) -> web.StreamResponse:
    body = await _json_object(request)
    return await _answered(request, body, request.app[_SERVICE].chat, last_user_text(body or {}))


async def _audio(request: web.Request) -> web.StreamResponse:
    service, recording = request.app[_SERVICE], await _recording(request)
    translate = request.path.endswith("translations")
    return await _answered(
        request,
        dict(recording.fields),
        lambda asked: service.transcribe(asked, recording, translate=translate),
        recording.name,
    )


async def _models(request: web.Request) -> web.StreamResponse:
    return await _answered(request, None, request.app[_SERVICE].list_models)


async def _model(request: web.Request) -> web.StreamResponse:
    name = request.match_info["model"]
    return await _answered(request, {"model": name}, request.app[_SERVICE].show_model)


async def _unknown(request: web.Request) -> web.StreamResponse:
    said_no = unknown_url(request.method, request.path)
    return await _answered(request, None, lambda _asked: ErrorReply(said_no))


async def _answered(
    request: web.Request, body: dict[str, Any] | None, reply_to: Callable[[IncomingRequest], Reply], text: str = ""
) -> web.StreamResponse:
    """Answer a request, and remember it with what became of it."""
    service = request.app[_SERVICE]
    organization = service.keys.organization(request.headers.get("authorization"))
    asked = IncomingRequest(request.method, request.path, organization, body, text)
    call = service.calls.begin(asked.method, asked.path, organization, body)
    started, status = time.monotonic(), None
    try:
        response = await deliver(request, reply_to(asked), service)
        status = response.status
    except BrokenConnectionError:
        return web.Response()
    finally:
        service.calls.end(call, status, time.monotonic() - started)
    return response


async def _json_object(request: web.Request) -> dict[str, Any] | None:
    try:
        body = json.loads(await request.read())
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


async def _recording(request: web.Request) -> UploadedAudio:
    if not request.content_type.startswith("multipart/"):
        return UploadedAudio("", b"", {})
    form = await request.post()
    file = form.get("file")
    data = file.file.read() if isinstance(file, web.FileField) else b""
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    name = file.filename if isinstance(file, web.FileField) else fields.get("url", "")
    granularities = (*form.getall("timestamp_granularities[]", []), *form.getall("timestamp_granularities", []))
    return UploadedAudio(name, data, fields, tuple(str(one) for one in granularities))
