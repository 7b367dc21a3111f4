"""The emulator's HTTP routes: Groq's endpoints and the control endpoint."""

import json
import time
from collections.abc import Callable
from typing import Any

from aiohttp import web

from catalyst_groq.sandbox.emulator.control import add_control
from catalyst_groq.sandbox.emulator.error_responses import unknown_url
from catalyst_groq.sandbox.emulator.generated_text import last_user_text
from catalyst_groq.sandbox.emulator.messages import ApiRequest, ErrorReply, Reply
from catalyst_groq.sandbox.emulator.response_delivery import ConnectionDropped, deliver
from catalyst_groq.sandbox.emulator.service import GroqService
from catalyst_groq.sandbox.emulator.transcriptions import AudioUpload

API_PATH = "/openai/v1"
_SERVICE: web.AppKey[GroqService] = web.AppKey("service", GroqService)
_MAX_BODY_BYTES = 110_000_000


def make_app(service: GroqService) -> web.Application:
    """Build the web application of a service."""
    app = web.Application(client_max_size=_MAX_BODY_BYTES)
    app[_SERVICE] = service
    app.router.add_post(f"{API_PATH}/chat/completions", _chat_completions)
    app.router.add_post(f"{API_PATH}/audio/transcriptions", _audio)
    app.router.add_post(f"{API_PATH}/audio/translations", _audio)
    app.router.add_get(f"{API_PATH}/models", _models)
    app.router.add_get(f"{API_PATH}/models/{{model:.+}}", _model)
    add_control(app, service)
    app.router.add_route("*", "/{anything:.*}", _unknown)
    return app


async def _chat_completions(request: web.Request) -> web.StreamResponse:
    body = await _read_json_object(request)
    return await _respond(request, body, request.app[_SERVICE].chat, last_user_text(body or {}))


async def _audio(request: web.Request) -> web.StreamResponse:
    service, upload = request.app[_SERVICE], await _read_audio_upload(request)
    translate = request.path.endswith("translations")
    return await _respond(
        request,
        dict(upload.fields),
        lambda api_request: service.transcribe(api_request, upload, translate=translate),
        upload.name,
    )


async def _models(request: web.Request) -> web.StreamResponse:
    return await _respond(request, None, request.app[_SERVICE].list_models)


async def _model(request: web.Request) -> web.StreamResponse:
    name = request.match_info["model"]
    return await _respond(request, {"model": name}, request.app[_SERVICE].show_model)


async def _unknown(request: web.Request) -> web.StreamResponse:
    error = unknown_url(request.method, request.path)
    return await _respond(request, None, lambda _request: ErrorReply(error))


async def _respond(
    request: web.Request, body: dict[str, Any] | None, make_reply: Callable[[ApiRequest], Reply], match_text: str = ""
) -> web.StreamResponse:
    """Respond to a request and log the call."""
    service = request.app[_SERVICE]
    organization = service.keys.organization(request.headers.get("authorization"))
    api_request = ApiRequest(request.method, request.path, organization, body, match_text)
    call = service.calls.begin(request.method, request.path, organization, body)
    started, status = time.monotonic(), None
    try:
        response = await deliver(request, make_reply(api_request), service)
        status = response.status
    except ConnectionDropped:
        return web.Response()
    finally:
        service.calls.end(call, status, time.monotonic() - started)
    return response


async def _read_json_object(request: web.Request) -> dict[str, Any] | None:
    try:
        body = json.loads(await request.read())
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


async def _read_audio_upload(request: web.Request) -> AudioUpload:
    if not request.content_type.startswith("multipart/"):
        return AudioUpload("", b"", {})
    form = await request.post()
    file = form.get("file")
    data = file.file.read() if isinstance(file, web.FileField) else b""
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    name = file.filename if isinstance(file, web.FileField) else fields.get("url", "")
    granularities = (*form.getall("timestamp_granularities[]", []), *form.getall("timestamp_granularities", []))
    return AudioUpload(name, data, fields, tuple(str(granularity) for granularity in granularities))
