"""Traces of the worker as a process, with a real engine."""

import pytest

from support.diagrams import diagram
from support.otlp_receiver import attributes_of, running_receiver
from support.process_instance import start
from support.worker_process import WorkerProcess

pytestmark = pytest.mark.engine
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_trace_of_a_process_reaches_its_tasks(process_client, emulator, engine, tmp_path):
    made = diagram(topic="tracing")
    worker = WorkerProcess(tmp_path, engine.rest_url, emulator.base_url, topic="tracing", tracing="true")
    with running_receiver() as receiver:
        worker.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = receiver.url
        with worker:
            for number in (1, 2):  # the second task is fetched with the variables that the first one used
                parent = f"00-{TRACE_ID}-{number:016x}-01"
                instance = start(process_client, made, userMessage="hello", traceparent=parent)
                assert instance.task() == "Review"

    roots = [span for span in receiver.spans if span.kind == 5]
    assert [(span.trace_id.hex(), int.from_bytes(span.parent_span_id)) for span in roots] == [
        (TRACE_ID, 1),
        (TRACE_ID, 2),
    ]
    assert attributes_of(roots[0])["catalyst.outcome"] == "completed"
    assert len([span for span in receiver.spans if span.kind == 3]) == 2
