"""The span of each request to Groq, with the attributes of OpenTelemetry's conventions for generative AI.

Needs the extra `tracing`.
"""

import time
from dataclasses import replace
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from opentelemetry.trace import SpanContext, SpanKind

from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.groq.api.requests import GroqClient, GroqRequest
from catalyst_groq.groq.api.responses import NoResponse, Response
from catalyst_groq.groq.api.server_kinds import ServerKind
from catalyst_groq.groq.routing.call_result import PROVIDER_GROQ
from catalyst_groq.observability.log_context import mask_fields
from catalyst_groq.observability.traces import TRACEPARENT, SpanRecorder, current_trace

REQUEST_ATTRIBUTES = {
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "max_tokens": "gen_ai.request.max_tokens",
    "max_completion_tokens": "gen_ai.request.max_tokens",
    "seed": "gen_ai.request.seed",
}
"""Parameters of a request that are numbers, by their names there."""

CACHED_URLS = 100
DEFAULT_PORTS = {"http": 80, "https": 443}


class TracedClient:
    """A `GroqClient` that records a span for each request of a task, without prompts and answers.

    Servers other than Groq get the context of the span in the header `traceparent`, so that their spans join the trace.
    """

    def __init__(self, client: GroqClient, recorder: SpanRecorder, redactor: Redactor) -> None:
        self._client = client
        self._recorder = recorder
        self._redactor = redactor

    async def send(self, request: GroqRequest) -> Response | NoResponse:
        """Send the request, and record its span."""
        trace = current_trace.get()
        if trace is None:
            return await self._client.send(request)
        context = self._recorder.child_of(trace.context)
        begin, result = time.time_ns(), None
        try:
            result = await self._client.send(_with_context(request, context))
            return result
        finally:
            times = begin, time.time_ns()
            trace.requests.append(times)
            if trace.is_sampled:
                redactor = self._redactor.for_key(request.account.key)
                attributes = mask_fields(_request_attributes(request) | _result_attributes(result), redactor)
                self._recorder.record(
                    f"{attributes['gen_ai.operation.name']} {attributes['gen_ai.request.model']}",
                    context,
                    trace.context,
                    times,
                    attributes,
                    kind=SpanKind.CLIENT,
                    is_error="error.type" in attributes,
                )


def _with_context(request: GroqRequest, context: SpanContext) -> GroqRequest:
    """Return the request with the context of its span, unless it goes to Groq: Groq has no use for it."""
    account = request.account
    if account.server is ServerKind.GROQ:
        return request
    value = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
    return replace(request, account=replace(account, headers=(*account.headers, (TRACEPARENT, value))))


def _request_attributes(request: GroqRequest) -> dict[str, Any]:
    payload, account = request.payload, request.account
    address, port = _address_of(account.url)
    attributes: dict[str, Any] = {
        "gen_ai.operation.name": request.operation.model_kind,
        "gen_ai.provider.name": PROVIDER_GROQ if account.server is ServerKind.GROQ else address,
        "gen_ai.request.model": str(payload["model"]),
        "server.address": address,
        "server.port": port,
    }
    for name, attribute in REQUEST_ATTRIBUTES.items():
        value = payload.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            attributes[attribute] = value
    if payload.get("stream") is True:
        attributes["gen_ai.request.stream"] = True
    return attributes


@lru_cache(CACHED_URLS)
def _address_of(url: str) -> tuple[str, int]:
    """Return host and port of a URL."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme, 0)


def _result_attributes(result: Response | NoResponse | None) -> dict[str, Any]:
    if result is None:
        return {"error.type": "cancelled"}
    if isinstance(result, NoResponse):
        return {"error.type": str(result.reason)}
    attributes: dict[str, Any] = {"http.response.status_code": result.status}
    if not result.ok:
        return attributes | {"error.type": str(result.status)}
    reasons = [reason for choice in result.choices if isinstance(reason := choice.get("finish_reason"), str)]
    known = {
        "gen_ai.response.id": result.body.get("id"),
        "gen_ai.response.model": result.body.get("model"),
        "gen_ai.response.time_to_first_chunk": result.first_token,
        "catalyst.request_id": result.request_id or None,
    }
    attributes |= {name: value for name, value in known.items() if isinstance(value, str | float)}
    if reasons:
        attributes["gen_ai.response.finish_reasons"] = reasons
    if usage := result.usage:
        attributes["gen_ai.usage.input_tokens"] = usage.prompt
        attributes["gen_ai.usage.output_tokens"] = usage.completion
        attributes["gen_ai.usage.cache_read.input_tokens"] = usage.cached
    return attributes
