"""The debug log: requests, responses, times and limits, as they are exchanged with Groq, without keys."""

import logging
import re
from collections.abc import AsyncIterator, Collection, Iterator
from typing import Any

from catalyst_groq.common.credentials import hide_user_info
from catalyst_groq.common.json_codec import to_text
from catalyst_groq.common.texts import shorten
from catalyst_groq.common.threads import run_beside_loop_if_large
from catalyst_groq.connector.results.error_details import MAX_SECTION_CHARS, SHOWN_HEADERS, ErrorDetails
from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.groq.api.requests import GroqClient, GroqRequest
from catalyst_groq.groq.api.responses import NoResponse, Response

DEBUG_LOGGER = __name__
log = logging.getLogger(DEBUG_LOGGER)

REQUESTS, RESPONSES, LATENCY, LIMITS = DEBUG_PARTS = ("requests", "responses", "latency", "limits")
"""What CATALYST_DEBUG may name."""

LIMIT_HEADERS = re.compile(r"retry-after(?:-ms)?|(?:x-|anthropic-)?ratelimit-.+")
SERVER_TIMES = ("queue_time", "prompt_time", "completion_time")
"""Seconds that Groq reports in `usage`."""


class DebugClient:
    """A `GroqClient` that logs what is sent and received, without keys; long texts and structures are shortened.

    `shown` are the parts of CATALYST_DEBUG; with none, all parts are logged, with prompts and answers as their lengths.
    """

    def __init__(
        self, client: GroqClient, shown: Collection[str], redactor: Redactor, *, mask_contents: bool = False
    ) -> None:
        self._client = client
        self._shown = shown or DEBUG_PARTS
        self._redactor = redactor
        self._details = ErrorDetails(mask_contents=mask_contents or not shown)

    async def send(self, request: GroqRequest) -> Response | NoResponse:
        """Send the request. Nothing that goes wrong with the log changes its result."""
        await self._log(request, self._describe_request(request))
        response = await self._client.send(request)
        await self._log(request, self._describe_response(request, response))
        return response

    async def _log(self, request: GroqRequest, parts: AsyncIterator[tuple[str, str]]) -> None:
        account = request.account
        extra = {"redactor": self._redactor.for_key(account.key)}
        url = hide_user_info(account.url) + request.operation.path
        subject = f"{request.payload['model']} at {url}, task {request.caller}"
        try:
            async for name, text in parts:
                log.debug("%s, %s: %s", name, subject, text, extra=extra)
        except Exception:
            log.exception("Debug log: nothing on %s: internal error", subject, extra=extra)

    async def _describe_request(self, request: GroqRequest) -> AsyncIterator[tuple[str, str]]:
        if REQUESTS in self._shown:
            yield "Request", await self._describe(request.payload, request)

    async def _describe_response(
        self, request: GroqRequest, response: Response | NoResponse
    ) -> AsyncIterator[tuple[str, str]]:
        if LATENCY in self._shown:
            yield "Latency", ", ".join(_latency(response))
        if isinstance(response, NoResponse):
            if RESPONSES in self._shown:
                yield "No response", f"{response.reason}: {response.message}"
            return
        if RESPONSES in self._shown:
            content = response.text if response.body is None else response.body
            parts = [str(response.status), *_headers(response, SHOWN_HEADERS), await self._describe(content, request)]
            yield "Response", ", ".join(parts)
        if LIMITS in self._shown:
            yield "Limits", ", ".join(_headers(response, LIMIT_HEADERS)) or "none reported"

    async def _describe(self, content: Any, request: GroqRequest) -> str:
        redactor = self._redactor.for_key(request.account.key)
        return await run_beside_loop_if_large(content, self._abridge, content, redactor)

    def _abridge(self, content: Any, redactor: Redactor) -> str:
        is_masked = self._details.mask_contents and isinstance(content, str)
        abridged = self._details.abridge(redactor.mask_all(content), masked=is_masked)
        return shorten(to_text(abridged, str), MAX_SECTION_CHARS)


def _headers(response: Response, names: re.Pattern[str]) -> list[str]:
    return [f"{name}: {text}" for name, text in response.headers.items() if names.fullmatch(name)]


def _latency(response: Response | NoResponse) -> Iterator[str]:
    if isinstance(response, NoResponse):
        yield f"{response.reason} after {response.seconds:.3f} s"
        return
    yield f"{response.status} after {response.seconds:.3f} s"
    if response.first_token is not None:
        yield f"first token after {response.first_token:.3f} s"
    if response.usage and response.seconds > 0:
        yield f"{response.usage.completion / response.seconds:.0f} tokens per second"
        for name in SERVER_TIMES:
            if isinstance(seconds := response.body["usage"].get(name), int | float):
                yield f"{name} {seconds:.3f} s"
