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
from catalyst_groq.sandbox.emulator.config import format_validation_error
from catalyst_groq.sandbox.emulator.rules import Rule
from catalyst_groq.sandbox.emulator.service import GroqService

CONTROL_PATH = "/_emulator"

_Handler = Callable[[web.Request], Awaitable[web.Response]]


def add_rule(service: GroqService, fields: Mapping[str, Any]) -> None:
    """Let the next requests get what a rule says.

    Raises:
        SandboxError: the rule is wrong; the message names the field.

    """
    try:
        rule = Rule.model_validate({"count": 1, **fields})
    except ValidationError as error:
        raise SandboxError(f"What the next requests are to get: {format_validation_error(error)}") from None
    service.rules.add(rule)


def advance_clock(service: GroqService, fields: Mapping[str, Any]) -> None:
    """Set the clock forward.

    Raises:
        SandboxError: `seconds` is no number of seconds to go forward.

    """
    seconds = fields.get("seconds")
    if not isinstance(seconds, (int, float)) or seconds < 0:
        raise SandboxError(f"The clock can be advanced by {{'seconds': a number from 0}}, not by {dict(fields)}")
    service.clock.advance(seconds)


def add_control(app: web.Application, service: GroqService) -> None:
    """Add the control endpoint to an application."""

    async def calls(_request: web.Request) -> web.Response:
        return web.json_response({"calls": [call.as_json() for call in service.calls()]})

    async def reset(_request: web.Request) -> web.Response:
        service.reset()
        return web.Response(status=204)

    app.router.add_get(f"{CONTROL_PATH}/calls", calls)
    app.router.add_post(f"{CONTROL_PATH}/reset", reset)
    app.router.add_post(f"{CONTROL_PATH}/next", _json_handler(lambda wanted: add_rule(service, wanted)))
    app.router.add_post(f"{CONTROL_PATH}/settings", _json_handler(service.update_settings))
    app.router.add_post(f"{CONTROL_PATH}/advance", _json_handler(lambda wanted: advance_clock(service, wanted)))


def _json_handler(action: Callable[[Mapping[str, Any]], None]) -> _Handler:
    async def handler(request: web.Request) -> web.Response:
        try:
            wanted = json.loads(await request.read())
            if not isinstance(wanted, dict):
                return _bad_request("A JSON object is needed.")
            action(wanted)
        except json.JSONDecodeError as error:
            return _bad_request(f"Not JSON: {error}")
        except SandboxError as error:
            return _bad_request(str(error))
        return web.Response(status=204)

    return handler


def _bad_request(message: str) -> web.Response:
    return web.json_response({"error": message}, status=400)
