"""Where spans go: by the standard `OTEL_*` variables."""

import logging

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans as encode_as_protobuf
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from catalyst_groq.errors import SettingsError
from catalyst_groq.observability import trace_export
from catalyst_groq.observability.trace_export import JsonSpanExporter, encode_spans, make_exporter
from support.otlp_receiver import parse_json, running_receiver

ROOT = SpanContext(0x4BF92F3577B34DA6A3CE929D0E0E4736, 1, is_remote=False, trace_flags=TraceFlags(1))
VALUES = {"text": "ü\ud83d", "yes": True, "count": 2**40, "share": 0.5, "list": ["a", "b"], "zero": 0}


def make_span(kind=SpanKind.INTERNAL, parent=None, attributes=None, status=StatusCode.UNSET, span_id=2):
    return ReadableSpan(
        name="span",
        context=SpanContext(ROOT.trace_id, span_id, is_remote=False, trace_flags=TraceFlags(1)),
        parent=parent,
        resource=Resource({"service.name": "s"}),
        attributes=attributes,
        kind=kind,
        status=Status(status),
        start_time=1_700_000_000_000_000_001,
        end_time=1_700_000_000_000_000_002,
        instrumentation_scope=InstrumentationScope("scope", "1"),
    )


@pytest.fixture
def receiver():
    with running_receiver() as receiver:
        yield receiver


def environ_of(receiver, **more):
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url} | {
        f"OTEL_EXPORTER_OTLP_{key}": text for key, text in more.items()
    }


def test_json_says_what_opentelemetry_says_in_protobuf():
    attributes = VALUES | {"text": "ü"}
    spans = [
        make_span(),
        make_span(SpanKind.CLIENT, ROOT, attributes, StatusCode.ERROR, 3),
        make_span(SpanKind.CONSUMER, status=StatusCode.OK, span_id=4),
    ]
    expected, parsed = encode_as_protobuf(spans), parse_json(encode_spans(spans))
    for request in (expected, parsed):
        for span in request.resource_spans[0].scope_spans[0].spans:
            span.flags = 0  # whether the parent is remote: known where the parent is
    assert parsed == expected


def test_json_of_half_a_surrogate_pair_is_json():
    assert parse_json(encode_spans([make_span(attributes={"n": float("nan")} | VALUES)]).replace(b"\\ud83d", b"?"))


@pytest.mark.parametrize("compression", ["", "gzip", "none"])
def test_spans_are_sent_with_the_headers_of_the_standard_variables(receiver, compression):
    exporter = make_exporter(
        environ_of(receiver, HEADERS="authorization=Bearer%20abc, x-tenant=acme", COMPRESSION=compression)
    )
    assert exporter.export([make_span()]) is SpanExportResult.SUCCESS
    [received] = receiver.headers

    assert (received["authorization"], received["x-tenant"]) == ("Bearer abc", "acme")
    assert receiver.paths == ["/v1/traces"]
    assert len(receiver.spans) == 1


def test_values_of_headers_are_secrets():
    exporter = JsonSpanExporter({"OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20abc,x-tenant=acme"})
    assert exporter.secrets == ("Bearer abc", "acme")


def test_endpoint_of_traces_is_used_as_it_is(receiver):
    make_exporter({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{receiver.url}/own/path"}).export([make_span()])
    assert receiver.paths == ["/own/path"]


def test_exporters_of_opentelemetry_are_used_where_they_are_named(receiver, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
    exporter = make_exporter(environ_of(receiver, PROTOCOL="http/protobuf"))
    assert isinstance(exporter, OTLPSpanExporter)
    exporter.export([make_span()])
    assert len(receiver.spans) == 1
    assert isinstance(make_exporter({"OTEL_TRACES_EXPORTER": "console"}), ConsoleSpanExporter)


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"}, "OTEL_EXPORTER_OTLP_ENDPOINT=collector:4318: is no http"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://user:pw@host"}, "^OTEL_EXPORTER_OTLP_ENDPOINT: contains a passw"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, r"pip install opentelemetry-exporter-otlp-proto-grpc, or unset"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "thrift"}, "OTEL_EXPORTER_OTLP_PROTOCOL=thrift: unknown protocol. Must be"),
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER=zipkin: there is no such exporter"),
        ({"OTEL_EXPORTER_OTLP_TIMEOUT": "soon"}, "OTEL_EXPORTER_OTLP_TIMEOUT=soon: is no number of seconds"),
        ({"OTEL_EXPORTER_OTLP_COMPRESSION": "zip"}, "OTEL_EXPORTER_OTLP_COMPRESSION=zip: unknown compression"),
        ({"OTEL_EXPORTER_OTLP_HEADERS": "secret"}, "OTEL_EXPORTER_OTLP_HEADERS: is no list of headers"),
        ({"OTEL_EXPORTER_OTLP_HEADERS": "a=b%0Ac"}, "OTEL_EXPORTER_OTLP_HEADERS: is no list of headers"),
        ({"OTEL_EXPORTER_OTLP_CERTIFICATE": "/nowhere.pem"}, "OTEL_EXPORTER_OTLP_CERTIFICATE cannot be used"),
    ],
)
def test_variables_that_cannot_be_used_are_refused(environ, problem):
    with pytest.raises(SettingsError, match=problem):
        make_exporter(environ)


def test_spans_are_sent_again_after_an_error_that_may_pass(receiver, monkeypatch):
    monkeypatch.setattr(trace_export, "PAUSES_SECONDS", (0.0, 0.0))
    receiver.statuses = [503, 429]
    assert make_exporter(environ_of(receiver)).export([make_span()]) is SpanExportResult.SUCCESS
    assert len(receiver.spans) == 1


def test_outage_of_the_receiver_is_logged_once_and_its_end_once(receiver, monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(trace_export, "PAUSES_SECONDS", ())
    exporter = make_exporter(environ_of(receiver))
    receiver.statuses = [400, 503, 200, 200]
    results = [exporter.export([make_span()]) for _ in range(4)]

    assert results == [SpanExportResult.FAILURE] * 2 + [SpanExportResult.SUCCESS] * 2
    assert caplog.messages == [
        f"Traces are lost: {receiver.url}/v1/traces does not take them: 400 Bad Request",
        f"Traces are sent again to {receiver.url}/v1/traces",
    ]


def test_receiver_that_is_not_there_is_a_failure_and_no_error():
    exporter = JsonSpanExporter({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"})
    exporter.shutdown()
    assert exporter.export([make_span()]) is SpanExportResult.FAILURE
    assert exporter.force_flush()
