"""Budgets, as a process meets them."""

import itertools
from contextlib import contextmanager

import pytest

from support.diagrams import diagram
from support.process_instance import start
from support.worker_process import WorkerProcess

pytestmark = pytest.mark.engine
A_MILLIONTH = "0.000001"
"""USD. One answer costs more."""

TWICE = """<bpmn:multiInstanceLoopCharacteristics isSequential="true">
  <bpmn:loopCardinality>2</bpmn:loopCardinality>
</bpmn:multiInstanceLoopCharacteristics></bpmn:serviceTask>"""
numbers = itertools.count(1)


@pytest.fixture
def working(engine, emulator, tmp_path):
    """Put a worker with budgets to work on a topic of its own, which is what the block is given."""

    @contextmanager
    def begin(topic=None, **budgets):
        topic = topic or f"budget-{next(numbers)}"
        with WorkerProcess(tmp_path, engine.rest_url, emulator.base_url, worker_id=topic, topic=topic, **budgets):
            yield topic

    return begin


def two_requests(topic, **parts):
    key, xml = diagram(topic=topic, **parts)
    return key, xml.replace("</bpmn:serviceTask>", TWICE)


def test_budget_of_instance_exceeded_ends_at_boundary_event(process_client, emulator, working):
    with working(budget_per_instance=A_MILLIONTH) as topic:
        instance = start(process_client, two_requests(topic, boundary=True), userMessage="hello")
        other = start(process_client, diagram(topic=topic), userMessage="the others go on")

        assert (instance.task(), other.task()) == ("Caught", "Review")
    variables = instance.variables()
    assert variables["errorCode"] == "BUDGET_EXCEEDED"
    assert "0.000001 USD for this process instance (CATALYST_BUDGET_PER_INSTANCE)" in variables["errorMessage"]
    assert variables["catalyst_success"] is False
    assert len(emulator.calls) == 2


def test_budget_exceeded_without_catch_is_incident_with_amounts(process_client, emulator, working):
    with working(budget_per_instance=A_MILLIONTH) as topic:
        instance = start(process_client, two_requests(topic), userMessage="hello")

        message = instance.incident()
    assert message.startswith("Groq: not sent, budget exhausted: 0.0000")
    assert " of 0.000001 USD for this process instance (CATALYST_BUDGET_PER_INSTANCE). Ask the operator" in message
    assert "Nothing catches the BPMN error BUDGET_EXCEEDED. If the process shall handle it, attach" in message
    assert len(emulator.calls) == 1


def test_budget_is_counted_locally_while_redis_is_down(process_client, emulator, working):
    with working(budget_per_instance=A_MILLIONTH, journal="redis://127.0.0.1:1/0") as topic:
        instance = start(process_client, two_requests(topic, boundary=True), userMessage="hello")

        assert instance.task() == "Caught"
    assert len(emulator.calls) == 1


def test_budget_of_definition_survives_worker_restart(process_client, emulator, working):
    with working(budget_per_definition=A_MILLIONTH) as topic:
        process = diagram(topic=topic, boundary=True)
        assert start(process_client, process, userMessage="hello").task() == "Review"
    with working(topic, budget_per_definition=A_MILLIONTH):
        refused = start(process_client, process, userMessage="hello")
        other = start(process_client, diagram(topic=topic), userMessage="another process goes on")

        assert (refused.task(), other.task()) == ("Caught", "Review")
    assert (
        f"for the process '{process[0]}' (CATALYST_BUDGET_PER_DEFINITION), until "
        in refused.variables()["errorMessage"]
    )
    assert len(emulator.calls) == 2
