"""Thousands of tasks with random faults among them: every instance ends, no answer is paid twice, memory stays flat."""

import random
from collections import Counter

import pytest

from catalyst_groq.sandbox.emulator import EmulatorConfig, running_emulator
from catalyst_groq.sandbox.engine import EngineProcess
from catalyst_groq.sandbox.process_client import ProcessClient, wait_for
from support.fault_environment import FaultEnvironment
from support.tcp_proxy import running_proxy
from support.worker_process import ORGANIZATIONS

pytestmark = pytest.mark.engine
FAULTS = (
    {"status": 429, "headers": {"retry-after": "1"}},
    {"status": 498},
    {"status": 500},
    {"status": 503},
    {"fault": "reset"},
    {"fault": "cut"},
    {"fault": "garbage"},
    {"delay": 5},
)
SHARE_OF_FAULTS = 0.05
WARM = 0.1
"""The share of the tasks after which memory is taken for the first time."""

GROWTH = 1.2
BEHIND = 500
"""Instances started ahead of the worker, at most."""

BPMN = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
    targetNamespace="soak">
  <process id="{topic}" isExecutable="true" camunda:historyTimeToLive="1">
    <startEvent id="Start"/><sequenceFlow id="f1" sourceRef="Start" targetRef="Ask"/>
    <serviceTask id="Ask" camunda:type="external" camunda:topic="{topic}"><extensionElements><camunda:properties>
      <camunda:property name="catalyst_retries" value="R3/PT0S"/>
      <camunda:property name="catalyst_timeout" value="3"/>
    </camunda:properties></extensionElements></serviceTask>
    <sequenceFlow id="f2" sourceRef="Ask" targetRef="End"/><endEvent id="End"/>
  </process>
</definitions>"""


@pytest.fixture
def tasks(request):
    return request.config.getoption("soak")


@pytest.fixture
def soaked(flavour, postgresql, tasks, tmp_path):
    """An environment whose emulator stores all calls, and whose engine stores its history outside its memory."""
    config = EmulatorConfig(keys=ORGANIZATIONS, max_calls=2 * tasks)
    with (
        EngineProcess(flavour, database=postgresql.create_database("soak")) as engine,
        ProcessClient(engine.rest_url) as process_client,
        running_emulator(config) as emulator,
        running_proxy(engine.port) as proxy,
    ):
        yield FaultEnvironment(process_client, emulator, proxy, tmp_path)


def ended(fault_environment):
    query = {"processDefinitionKey": fault_environment.topic, "completed": "true"}
    return fault_environment.process_client.get("/history/process-instance/count", **query)["count"]


def test_every_instance_ends_and_memory_stays_flat(soaked, tasks):
    chance = random.Random(7)  # noqa: S311 -- the same faults in every run
    soaked.process_client.deploy_texts({"soak.bpmn": BPMN.format(topic=soaked.topic)})
    faulty = Counter()
    with soaked.worker() as worker:
        for number in range(tasks):
            message = f"question {number}"
            if chance.random() < SHARE_OF_FAULTS:
                fault = chance.choice(FAULTS)
                soaked.emulator.next(1, when={"equals": message}, **fault)
                faulty[message] += 1
            soaked.process_client.start(soaked.topic, {"userMessage": message})
            if number % 100 == 0:
                wait_for("the worker to keep up", lambda so_far=number: ended(soaked) >= so_far - BEHIND, timeout=120)
            if number == int(tasks * WARM):
                warm = worker.memory()
        wait_for("the last ones", lambda: ended(soaked) == tasks, timeout=120)
        grown = worker.memory() / warm

    asked = Counter(call.messages[-1]["content"] for call in soaked.emulator.calls)
    assert asked == Counter({f"question {number}": 1 for number in range(tasks)}) + faulty
    assert soaked.process_client.get("/incident/count", processDefinitionKeyIn=soaked.topic)["count"] == 0
    assert soaked.journal.answers() == 0
    assert grown <= GROWTH, f"memory has grown to {grown:.2f} times what it was after {WARM:.0%} of the tasks"
