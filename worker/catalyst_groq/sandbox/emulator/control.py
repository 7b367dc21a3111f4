"""The control endpoint: what comes next, what has been asked, settings, time.

POST /_emulator/next      a rule (see `rules.Rule`); `count` is 1 unless it says otherwise
GET  /_emulator/calls     the requests seen, oldest first
POST /_emulator/settings  settings to change (see `config.Settings`)
POST /_emulator/advance   {"seconds": 3600}: limits refill as after that time
POST /_emulator/reset     no orders, no calls, unused limits, the settings of the start
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from catalyst_groq.errors import SandboxError
from catalyst_groq.sandbox.emulator.config import in_words
from catalyst_groq.sandbox.emulator.rules import Rule
from catalyst_groq.sandbox.emulator.service import Service

PREFIX = "/_emulator"

_Handler = Callable[[web.Request], Awaitable[web.Response]]


def order(service: Service, wanted: Mapping[str, Any]) -> None:
    """Let the next requests get what a rule says.

    Raises:
        SandboxError: the rule is wrong; the message names the field.

    """
    try:
        rule = Rule.model_validate({"count": 1, **wanted})
    except ValidationError as error:
        raise SandboxError(f"What the next requests are to get: {in_words(error)}") from None
    service.rules.order(rule)


def advance(service: Service, wanted: Mapping[str, Any]) -> None:
    """Set the clock forward.

    Raises:
        SandboxError: `seconds` is no number of seconds to go forward.

    """
    seconds = wanted.get("seconds")
    if not isinstance(seconds, (int, float)) or seconds < 0:
        raise SandboxError(f"The clock can be advanced by {{'seconds': a number from 0}}, not by {dict(wanted)}")
    service.clock.advance(seconds)


def add_control(app: web.Application, service: Service) -> None:
    """Add the control endpoint to an application."""

    async def calls(_request: web.Request) -> web.Response:
        return web.json_response({"calls": [call.as_json() for call in service.calls()]})

    async def reset(_request: web.Request) -> web.Response:
        service.reset()
        return web.Response(status=204)

    app.router.add_get(f"{PREFIX}/calls", calls)
    app.router.add_post(f"{PREFIX}/reset", reset)
    app.router.add_post(f"{PREFIX}/next", _carried_out(lambda wanted: order(service, wanted)))
    app.router.add_post(f"{PREFIX}/settings", _carried_out(service.change))
    app.router.add_post(f"{PREFIX}/advance", _carried_out(lambda wanted: advance(service, wanted)))


def _carried_out(action: Callable[[Mapping[str, Any]], None]) -> _Handler:
    async def handler(request: web.Request) -> web.Response:
        try:
            wanted = json.loads(await request.read())
            if not isinstance(wanted, dict):
                return _wrong("A JSON object is needed.")
            action(wanted)
        except json.JSONDecodeError as error:
            return _wrong(f"Not JSON: {error}")
        except SandboxError as error:
            return _wrong(str(error))
        return web.Response(status=204)

    return handler


def _wrong(message: str) -> web.Response:
    return web.json_response({"error": message}, status=400)
