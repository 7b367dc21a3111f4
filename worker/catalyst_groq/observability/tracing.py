"""Switches the traces on. Without them nothing of OpenTelemetry is imported."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from catalyst_groq.common.optional_dependencies import require_extra
from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.domain.task_observation import TaskObserver
from catalyst_groq.groq.api.requests import GroqClient

log = logging.getLogger(__name__)

OTEL_PREFIX = "OTEL_"


@dataclass(frozen=True, slots=True)
class Tracing:
    """What records the traces."""

    observer: TaskObserver
    wrap: Callable[[GroqClient], GroqClient]
    """Returns a client that records the requests of another one."""
    variable: str
    """The process variable with the context of a trace."""


@asynccontextmanager
async def open_tracing(
    environ: Mapping[str, str], worker_id: str, redactor: Redactor, *, is_on: bool
) -> AsyncIterator[Tracing | None]:
    """Record traces while the block runs, and send the last of them at its end; None if they are off.

    Raises `SettingsError` if the extra is missing, or an `OTEL_*` variable cannot be used.
    """
    if not is_on:
        yield None
        return
    with require_extra("tracing", "CATALYST_TRACING"):
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 -- an extra

        from catalyst_groq.observability.trace_export import JsonSpanExporter, make_exporter  # noqa: PLC0415 -- the same
        from catalyst_groq.observability.traced_client import TracedClient  # noqa: PLC0415 -- the same
        from catalyst_groq.observability.traces import TRACEPARENT, SpanRecorder, Traces  # noqa: PLC0415 -- the same

    exporter = make_exporter(environ)
    if exporter is None:
        log.warning("CATALYST_TRACING has no effect: OTEL_SDK_DISABLED or OTEL_TRACES_EXPORTER switches traces off.")
        yield None
        return
    if isinstance(exporter, JsonSpanExporter):
        for secret in exporter.secrets:
            redactor.add(secret)
        log.info("Traces are sent to %s", exporter.url)
    processor = BatchSpanProcessor(exporter)
    recorder = SpanRecorder(processor, worker_id)
    try:
        yield Tracing(Traces(recorder, redactor), lambda client: TracedClient(client, recorder, redactor), TRACEPARENT)
    finally:
        if isinstance(exporter, JsonSpanExporter):
            exporter.shutdown()  # each batch that is left is tried once
        await asyncio.to_thread(processor.shutdown)
