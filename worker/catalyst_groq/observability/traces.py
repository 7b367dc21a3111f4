"""Traces in OpenTelemetry's format: one span for each task, with a child for each request and each stage.

The spans are made when they have ended: that costs a fraction of the SDK's live spans. Needs the extra `tracing`.
"""

import logging
import time
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from catalyst_groq import __version__
from catalyst_groq.domain.external_task import ExternalTask
from catalyst_groq.domain.outcomes import Failure
from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.domain.task_observation import FACT_FIELDS, TaskObserver, TaskRecord
from catalyst_groq.observability.log_context import current_trace_id, mask_fields

log = logging.getLogger(__name__)

TRACEPARENT = "traceparent"
"""The process variable, and the header, with the context of a trace (W3C Trace Context)."""

SERVICE_NAME = "catalyst-groq-worker"
SCOPE = InstrumentationScope("catalyst_groq", __version__)
TASK_ATTRIBUTES = {
    name: f"catalyst.{name}"
    for name in (
        *FACT_FIELDS,
        *("outcome", "attempts", "model", "cost_usd", "replayed", "queue_seconds", "limit_seconds"),
    )
}
"""The fields of a task that its span has, by the names there. The spans below it have the others, and the times."""

MIN_STAGE_NANOSECONDS = 1_000_000
"""A stage that took less has no span of its own: its task's span says how long it took."""

NOT_COMPLETED = Status(StatusCode.ERROR)
UNSET = Status()


@dataclass(slots=True)
class TaskTrace:
    """The trace of a task that is processed."""

    context: SpanContext
    parent: SpanContext | None
    is_sampled: bool
    """Whether its spans are recorded."""
    monotonic_offset: int
    """Nanoseconds from `time.monotonic` to the epoch."""
    requests: list[tuple[int, int]] = field(default_factory=list)
    """Begin and end of each request, in nanoseconds since the epoch."""

    def at(self, monotonic: float) -> int:
        """Return the nanoseconds since the epoch of a time of `time.monotonic`."""
        return int(monotonic * 1e9) + self.monotonic_offset


current_trace: ContextVar[TaskTrace | None] = ContextVar("current_trace", default=None)


class SpanRecorder:
    """Makes spans, and passes them to where they are exported."""

    def __init__(self, processor: SpanProcessor, worker_id: str) -> None:
        """Read sampler and resource from the `OTEL_*` variables."""
        own = {"service.name": SERVICE_NAME, "service.version": __version__, "service.instance.id": worker_id}
        resource = Resource.create(own).merge(OTELResourceDetector().detect())
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._processor = processor

    def begin(self, name: str, parent: Context) -> tuple[SpanContext, SpanContext | None]:
        """Return the context of a new span below the parent, sampled or not, and the parent's own context."""
        found = get_current_span(parent).get_span_context()
        remote = found if found.is_valid else None
        ids = self._provider.id_generator
        trace_id = remote.trace_id if remote else ids.generate_trace_id()
        decision = self._provider.sampler.should_sample(parent, trace_id, name, SpanKind.CONSUMER).decision
        is_sampled = decision is Decision.RECORD_AND_SAMPLE
        flags = TraceFlags(TraceFlags.SAMPLED if is_sampled else TraceFlags.DEFAULT)
        return SpanContext(trace_id, ids.generate_span_id(), is_remote=False, trace_flags=flags), remote

    def child_of(self, context: SpanContext) -> SpanContext:
        """Return the context of a new span below another one."""
        span_id = self._provider.id_generator.generate_span_id()
        return SpanContext(context.trace_id, span_id, is_remote=False, trace_flags=context.trace_flags)

    def record(  # noqa: PLR0913 -- a span
        self,
        name: str,
        context: SpanContext,
        parent: SpanContext | None,
        times: tuple[int, int],
        attributes: Mapping[str, Any],
        *,
        kind: SpanKind = SpanKind.INTERNAL,
        is_error: bool = False,
    ) -> None:
        """Record a span that has ended."""
        span = ReadableSpan(
            name=name,
            context=context,
            parent=parent,
            resource=self._provider.resource,
            attributes=attributes,
            kind=kind,
            status=NOT_COMPLETED if is_error else UNSET,
            start_time=times[0],
            end_time=times[1],
            instrumentation_scope=SCOPE,
        )
        self._processor.on_end(span)


class Traces(TaskObserver):
    """Records the span of each task, and those of its stages.

    A process that has a variable `traceparent` is the parent: all its tasks are in its trace.
    """

    def __init__(self, recorder: SpanRecorder, redactor: Redactor) -> None:
        self._recorder = recorder
        self._redactor = redactor
        self._propagator = TraceContextTextMapPropagator()

    def on_start(self, task: ExternalTask) -> None:
        """Begin the trace of a task, or go on with that of its process."""
        context, parent = self._recorder.begin(_name_of(task), self._parent_of(task))
        offset = time.time_ns() - time.monotonic_ns()
        current_trace.set(TaskTrace(context, parent, context.trace_flags.sampled, offset))
        current_trace_id.set(f"{context.trace_id:032x}")

    def on_end(self, record: TaskRecord) -> None:
        """Record the spans of a task."""
        trace = current_trace.get()
        if trace is None or not trace.is_sampled:
            return
        fields = mask_fields(record.fields, self._redactor)
        attributes = {
            attribute: value
            for name, attribute in TASK_ATTRIBUTES.items()
            if (value := fields.get(name)) is not None and value != ""
        }
        if error := record.error_kind:
            attributes["error.type"] = error
        times = trace.at(record.times.started), trace.at(record.times.ended)
        is_error = record.accepted is None or isinstance(record.accepted, Failure)
        name, context = _name_of(record.task), trace.context
        self._recorder.record(name, context, trace.parent, times, attributes, kind=SpanKind.CONSUMER, is_error=is_error)
        for stage, begin, end in _stages(record, trace):
            if end - begin >= MIN_STAGE_NANOSECONDS:
                self._recorder.record(stage, self._recorder.child_of(context), context, (begin, end), {})

    def _parent_of(self, task: ExternalTask) -> Context:
        value = task.variables.get(TRACEPARENT)
        if value is None:
            return Context()
        parent = self._propagator.extract({TRACEPARENT: str(value)}, Context())
        if not get_current_span(parent).get_span_context().is_valid:
            log.warning(
                "The variable traceparent of instance %s is no W3C trace context, so its tasks begin traces of their "
                "own. Write 00-TRACE_ID-SPAN_ID-01.",
                task.process_instance_id,
            )
        return parent


def _name_of(task: ExternalTask) -> str:
    return f"{task.process_definition_key}/{task.activity_id}"


def _stages(record: TaskRecord, trace: TaskTrace) -> Iterator[tuple[str, int, int]]:
    """Yield name, begin and end of each stage: what is before, between and after the requests."""
    times, call = record.times, record.call
    handled = times.ended if times.handled is None else times.handled
    last = trace.at(times.started if call is None else call.started)
    if call:
        yield "prepare", trace.at(times.started), last
        for begin, end in trace.requests:
            if call.waited:
                yield "limit", last, begin
            last = end
        yield "judge", last, trace.at(handled)
    else:
        yield "prepare", last, trace.at(handled)
    if times.handled is not None:
        yield "report", trace.at(times.handled), trace.at(times.ended)
