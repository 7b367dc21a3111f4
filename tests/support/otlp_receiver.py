"""A receiver of traces (OTLP over HTTP), which reads JSON and Protobuf as OpenTelemetry's collector does."""

import base64
import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

IDS = ("traceId", "spanId", "parentSpanId")


class OtlpReceiver:
    """What has arrived, in order."""

    def __init__(self) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.statuses: list[int] = []
        """The statuses of the next responses; then 200."""
        self.url = ""

    @property
    def spans(self) -> list[Any]:
        """All spans."""
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    @property
    def resource(self) -> dict[str, Any]:
        """The attributes of the sender."""
        return attributes_of(self.requests[0].resource_spans[0].resource)

    def by_name(self) -> dict[str, Any]:
        """The spans by name; a later one replaces an earlier one."""
        return {span.name: span for span in self.spans}

    def receive(self, path: str, headers: dict[str, str], content: bytes) -> int:
        """Keep a request, and return the status of the response."""
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 200:
            content = gzip.decompress(content) if headers.get("content-encoding") == "gzip" else content
            is_json = headers["content-type"] == "application/json"
            self.requests.append(parse_json(content) if is_json else ExportTraceServiceRequest.FromString(content))
        self.paths.append(path)
        self.headers.append(headers)
        return status


def attributes_of(span: Any) -> dict[str, Any]:
    """The attributes of a span or a resource, as Python values."""
    return {entry.key: _to_python(entry.value) for entry in span.attributes}


def _to_python(value: Any) -> Any:
    kind = value.WhichOneof("value")
    return [_to_python(entry) for entry in value.array_value.values] if kind == "array_value" else getattr(value, kind)


def parse_json(content: bytes) -> ExportTraceServiceRequest:
    """Parse OTLP's JSON: it is that of Protobuf, but its ids are in hex. An unknown field is an error."""
    body = json.loads(content)
    for resource in body["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                span |= {name: base64.b64encode(bytes.fromhex(span[name])).decode() for name in IDS}
    return ParseDict(body, ExportTraceServiceRequest())


@contextmanager
def running_receiver() -> Iterator[OtlpReceiver]:
    """A receiver at a free port, for the length of the block."""
    receiver = OtlpReceiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(receiver.receive(self.path, headers, content))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
