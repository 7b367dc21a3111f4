"""The control endpoint: rules, logged calls, settings, clock.

POST /_emulator/next      adds a rule (see `rules.Rule`); the default of `count` is 1
GET  /_emulator/calls     returns the logged requests, oldest first
POST /_emulator/settings  changes settings (see `config.EmulatorSettings`)
POST /_emulator/advance   {"seconds": 3600} advances the clock: limits refill as after that time
POST /_emulator/reset     deletes added rules, calls and limit usage; restores the initial settings
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
    """Add a rule for the next requests.

    Raises:
        SandboxError: the rule is invalid. The message names the field.

    """
    try:
        rule = Rule.model_validate({"count": 1, **fields})
    except ValidationError as error:
        raise SandboxError(f"Invalid rule for the next requests: {format_validation_error(error)}") from None
    service.rules.add(rule)


def advance_clock(service: GroqService, fields: Mapping[str, Any]) -> None:
    """Advance the clock.

    Raises:
        SandboxError: `seconds` is not a number, or is negative.

    """
    seconds = fields.get("seconds")
    if not isinstance(seconds, (int, float)) or seconds < 0:
        raise SandboxError(f"advance: invalid value {dict(fields)}. Use {{'seconds': NUMBER}} with a number from 0.")
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
    app.router.add_post(f"{CONTROL_PATH}/next", _json_handler(lambda fields: add_rule(service, fields)))
    app.router.add_post(f"{CONTROL_PATH}/settings", _json_handler(service.update_settings))
    app.router.add_post(f"{CONTROL_PATH}/advance", _json_handler(lambda fields: advance_clock(service, fields)))


def _json_handler(action: Callable[[Mapping[str, Any]], None]) -> _Handler:
    async def handler(request: web.Request) -> web.Response:
        try:
            fields = json.loads(await request.read())
            if not isinstance(fields, dict):
                return _bad_request("The body must be a JSON object.")
            action(fields)
        except json.JSONDecodeError as error:
            return _bad_request(f"The body is not JSON: {error}")
        except SandboxError as error:
            return _bad_request(str(error))
        return web.Response(status=204)

    return handler


def _bad_request(message: str) -> web.Response:
    return web.json_response({"error": message}, status=400)
