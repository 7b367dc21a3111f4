"""Where spans go: OTLP over HTTP as JSON, or an exporter of OpenTelemetry, by the standard `OTEL_*` variables.

JSON by orjson takes a tenth of the CPU time of OpenTelemetry's exporter for Protobuf. Needs the extra `tracing`.
"""

import gzip
import http.client
import logging
import math
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from functools import lru_cache
from http import HTTPStatus
from importlib.metadata import entry_points
from typing import Any
from urllib.parse import unquote

import orjson
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import INVALID_SPAN_CONTEXT

from catalyst_groq.common.credentials import hide_user_info
from catalyst_groq.common.json_codec import to_bytes
from catalyst_groq.errors import SettingsError

log = logging.getLogger(__name__)

DEFAULT_ENDPOINT = "http://localhost:4318"
TRACES_PATH = "/v1/traces"
DEFAULT_TIMEOUT_SECONDS = 10.0
PAUSES_SECONDS = (1.0, 2.0)
"""Before the second and the third attempt to send a batch."""

REPEATED = {
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
"""Statuses after which OTLP asks for the same request once more."""

JSON_PROTOCOL = "http/json"
EXPORTERS = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}
"""OpenTelemetry's exporters by the protocol, as they are registered."""

CACHED_VALUES = 4096
REPEATED_TYPES = (str, int, bool)
"""Of attributes whose values come back: models, activities, counts."""


def make_exporter(environ: Mapping[str, str]) -> SpanExporter | None:
    """Return the exporter that the `OTEL_*` variables choose; None for none. Raises `SettingsError`."""
    name = environ.get("OTEL_TRACES_EXPORTER", "").strip() or "otlp"
    if name == "none" or environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    if name != "otlp":
        return _load_exporter(name, f"OTEL_TRACES_EXPORTER={name}")
    variable, protocol = _find(environ, "PROTOCOL")
    if protocol in {"", JSON_PROTOCOL}:
        return JsonSpanExporter(environ)
    if protocol not in EXPORTERS:
        names = ", ".join([JSON_PROTOCOL, *EXPORTERS])
        raise SettingsError(f"{variable}={protocol}: unknown protocol. Must be one of {names}")
    return _load_exporter(EXPORTERS[protocol], f"{variable}={protocol}")


def _load_exporter(name: str, setting: str) -> SpanExporter:
    for entry in entry_points(group="opentelemetry_traces_exporter", name=name):
        exporter: SpanExporter = entry.load()()
        return exporter
    package = f"opentelemetry-exporter-{name.replace('_', '-')}"
    raise SettingsError(f"{setting}: there is no such exporter. pip install {package}, or unset the variable")


def _find(environ: Mapping[str, str], name: str) -> tuple[str, str]:
    """Return the name and the value of a variable of OTLP: that for traces, otherwise that for all signals."""
    for variable in (f"OTEL_EXPORTER_OTLP_TRACES_{name}", f"OTEL_EXPORTER_OTLP_{name}"):
        if value := environ.get(variable, "").strip():
            return variable, value
    return f"OTEL_EXPORTER_OTLP_{name}", ""


class JsonSpanExporter(SpanExporter):
    """Sends spans as JSON (OTLP/HTTP). It runs in the thread of a `BatchSpanProcessor`.

    Spans that the receiver does not take are lost, after three attempts. The beginning of such an outage is logged, and
    its end.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Raises `SettingsError` for a variable that cannot be used."""
        self.url = _parse_endpoint(*_find(environ, "ENDPOINT"))
        self._timeout = _parse_timeout(*_find(environ, "TIMEOUT"))
        self._is_compressed = _parse_compression(*_find(environ, "COMPRESSION"))
        own = _parse_headers(*_find(environ, "HEADERS"))
        self.secrets = tuple(own.values())
        """Values of headers: one of them may be a key."""
        self._headers = {"content-type": "application/json", **own}
        if self._is_compressed:
            self._headers["content-encoding"] = "gzip"
        self._opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=_make_tls(environ)))
        self._is_failing = False
        self._stopped = threading.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch."""
        content = encode_spans(spans)
        request = urllib.request.Request(  # noqa: S310 -- http(s), as checked
            self.url, gzip.compress(content) if self._is_compressed else content, self._headers
        )
        problem, may_pass = self._send(request)
        for pause in PAUSES_SECONDS:
            if not may_pass or self._stopped.wait(pause):
                break
            problem, may_pass = self._send(request)
        if problem and not self._is_failing:
            log.warning("Traces are lost: %s does not take them: %s", self.url, problem)
        elif self._is_failing and not problem:
            log.info("Traces are sent again to %s", self.url)
        self._is_failing = bool(problem)
        return SpanExportResult.FAILURE if problem else SpanExportResult.SUCCESS

    def _send(self, request: urllib.request.Request) -> tuple[str, bool]:
        """Return the problem, empty for none, and whether it may pass."""
        try:
            with self._opener.open(request, timeout=self._timeout):
                return "", False
        except urllib.error.HTTPError as error:
            error.close()
            return f"{error.code} {error.reason}", error.code in REPEATED
        except (OSError, ValueError, http.client.HTTPException) as error:  # a URLError is an OSError
            return str(error) or type(error).__name__, True

    def shutdown(self) -> None:
        """Try nothing again from now on."""
        self._stopped.set()

    def force_flush(self, timeout_millis: int = 0) -> bool:  # noqa: ARG002 -- the SDK's
        """Return that nothing is left: each batch is sent at once."""
        return True


def _parse_endpoint(variable: str, endpoint: str) -> str:
    """Return the URL for traces. That of all signals has the path of traces below it."""
    if endpoint and not endpoint.startswith(("http://", "https://")):
        raise SettingsError(f"{variable}={hide_user_info(endpoint)}: is no http(s) URL. Write {DEFAULT_ENDPOINT}")
    if hide_user_info(endpoint) != endpoint:
        raise SettingsError(f"{variable}: contains a password. Use OTEL_EXPORTER_OTLP_HEADERS")
    return endpoint if "_TRACES_" in variable else (endpoint or DEFAULT_ENDPOINT).rstrip("/") + TRACES_PATH


def _parse_timeout(variable: str, seconds: str) -> float:
    try:
        timeout = float(seconds or DEFAULT_TIMEOUT_SECONDS)
    except ValueError:
        timeout = 0.0
    if not 0 < timeout < math.inf:
        raise SettingsError(f"{variable}={seconds}: is no number of seconds. Write {DEFAULT_TIMEOUT_SECONDS:g}")
    return timeout


def _parse_compression(variable: str, name: str) -> bool:
    if name not in {"", "none", "gzip"}:
        raise SettingsError(f"{variable}={name}: unknown compression. Must be gzip or none")
    return name == "gzip"


def _parse_headers(variable: str, text: str) -> dict[str, str]:
    """Parse `name=value,name=value`, with characters escaped as in URLs."""
    pairs = [entry.partition("=") for entry in text.split(",") if entry.strip()]
    if not all(name.strip() and equals and unquote(value).isprintable() for name, equals, value in pairs):
        raise SettingsError(f"{variable}: is no list of headers. Write name=value,name=value")
    return {unquote(name.strip()).lower(): unquote(value.strip()) for name, _, value in pairs}


def _make_tls(environ: Mapping[str, str]) -> ssl.SSLContext:
    authorities, (variable, certificate) = _find(environ, "CERTIFICATE"), _find(environ, "CLIENT_CERTIFICATE")
    try:
        context = ssl.create_default_context(cafile=authorities[1] or None)
        if certificate:
            context.load_cert_chain(certificate, _find(environ, "CLIENT_KEY")[1] or None)
    except OSError as error:  # an SSLError is an OSError
        names = ", ".join(name for name, file in (authorities, (variable, certificate)) if file)
        raise SettingsError(f"{names} cannot be used: {error.strerror or error}") from error
    return context


def encode_spans(spans: Sequence[ReadableSpan]) -> bytes:
    """Return a batch in OTLP's JSON encoding: ids in hex, enumerations as numbers, 64-bit integers as texts."""
    first = spans[0]
    scope = first.instrumentation_scope
    group = {
        "scope": {"name": scope.name, "version": scope.version} if scope else {},
        "spans": [_encode_span(span) for span in spans],
    }
    resource = {"attributes": _encode_attributes(first.resource.attributes)}
    return to_bytes({"resourceSpans": [{"resource": resource, "scopeSpans": [group]}]})


def _encode_span(span: ReadableSpan) -> dict[str, Any]:
    context, parent = span.get_span_context() or INVALID_SPAN_CONTEXT, span.parent
    return {
        "traceId": f"{context.trace_id:032x}",
        "spanId": f"{context.span_id:016x}",
        "parentSpanId": f"{parent.span_id:016x}" if parent else "",
        "name": span.name,
        "kind": span.kind.value + 1,  # OTLP counts from 1
        "startTimeUnixNano": str(span.start_time),
        "endTimeUnixNano": str(span.end_time),
        "attributes": _encode_attributes(span.attributes or {}),
        "status": {"code": span.status.status_code.value},
    }


def _encode_attributes(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"key": name, "value": _encode_repeated(value) if type(value) in REPEATED_TYPES else _encode_value(value)}
        for name, value in attributes.items()
    ]


@lru_cache(CACHED_VALUES, typed=True)
def _encode_repeated(value: str | int) -> orjson.Fragment:
    """Return the JSON of a value that is likely to come back: most texts and numbers are of a small number."""
    return orjson.Fragment(to_bytes(_encode_value(value)))


def _encode_value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list | tuple):
        return {"arrayValue": {"values": list(map(_encode_value, value))}}
    return {"stringValue": str(value)}
