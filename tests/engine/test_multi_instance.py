"""Parallel multi-instance: every item is sent once, and no completion costs a retry."""

import itertools
from collections import Counter
from contextlib import ExitStack, contextmanager

import pytest

from support.diagrams import process_with
from support.process_instance import Instance
from support.worker_process import WorkerProcess

pytestmark = pytest.mark.engine

ITEMS = 200
numbers = itertools.count(1)
PAYLOAD = '{"model": "openai/gpt-oss-20b", "messages": [{"role": "user", "content": "item ${loopCounter}"}]}'
LOOP = f"""<bpmn:multiInstanceLoopCharacteristics>
        <bpmn:loopCardinality>{ITEMS}</bpmn:loopCardinality>
      </bpmn:multiInstanceLoopCharacteristics>"""
REVIEW = """
    <bpmn:sequenceFlow id="f2" sourceRef="Ask" targetRef="Review"/>
    <bpmn:userTask id="Review"/>"""


def service_task(topic, task_id="Ask", loop=""):
    return f"""
    <bpmn:serviceTask id="{task_id}" camunda:type="external" camunda:topic="{topic}">
      <bpmn:extensionElements>
        <camunda:field name="catalyst_payload"><camunda:string>{PAYLOAD}</camunda:string></camunda:field>
      </bpmn:extensionElements>
      {loop}
    </bpmn:serviceTask>"""


def multi_instance_task(topic):
    """Return a service task with a parallel multi-instance loop."""
    return process_with(service_task(topic, loop=LOOP) + REVIEW)


def multi_instance_subprocess(topic):
    """Return a subprocess with the loop, which contains the service task."""
    inner = f"""
      <bpmn:startEvent id="ItemStart"/>
      <bpmn:sequenceFlow id="i1" sourceRef="ItemStart" targetRef="Item"/>{service_task(topic, "Item")}
      <bpmn:sequenceFlow id="i2" sourceRef="Item" targetRef="ItemEnd"/><bpmn:endEvent id="ItemEnd"/>"""
    return process_with(f'<bpmn:subProcess id="Ask">{LOOP}{inner}</bpmn:subProcess>{REVIEW}')


@pytest.fixture
def run_workers(engine, emulator, tmp_path):
    """Run workers of one topic during a block."""

    @contextmanager
    def run(topic, count, **settings):
        with ExitStack() as started:
            for number in range(count):
                own = {"topic": topic, "worker_id": f"{topic}-{number}", **settings}
                started.enter_context(WorkerProcess(tmp_path / str(number), engine.rest_url, emulator.base_url, **own))
            yield

    return run


@pytest.mark.parametrize(
    ("make_process", "workers", "settings"),
    [
        (multi_instance_task, 1, {}),
        (multi_instance_task, 3, {"journal": "off"}),
        (multi_instance_subprocess, 1, {"journal": "off"}),
    ],
    ids=["task", "three workers without journal", "subprocess without journal"],
)
def test_multi_instance_sends_each_item_once_without_failures(
    process_client, emulator, run_workers, *, make_process, workers, settings
):
    topic = f"multi-instance-{next(numbers)}"
    key, xml = make_process(topic)
    process_client.deploy_texts({f"{key}.bpmn": xml})
    with run_workers(topic, workers, **settings):
        instance = Instance(process_client, process_client.start(key, {}), timeout_seconds=60)
        assert instance.task() == "Review"

    sent = Counter(call.messages[-1]["content"] for call in emulator.calls)
    assert sent == Counter(f"item {number}" for number in range(ITEMS))
    query = {"processInstanceId": instance.id, "failureLog": "true"}
    assert process_client.get("/history/external-task-log/count", **query)["count"] == 0
