"""Thousands of tasks with random faults: every instance ends, no answer is paid twice, memory stays flat."""

import random
from collections import Counter
from functools import partial
from typing import Any

import pytest

from catalyst_groq.sandbox.emulator import EmulatorConfig, running_emulator
from catalyst_groq.sandbox.engine import EngineProcess
from catalyst_groq.sandbox.process_client import ProcessClient, wait_for
from support.fault_environment import FaultEnvironment
from support.tcp_proxy import running_proxy
from support.worker_process import ORGANIZATIONS

pytestmark = pytest.mark.engine
FAULTS: tuple[dict[str, Any], ...] = (
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
WARM_UP_SHARE = 0.1
"""The share of the tasks after which memory is measured for the first time."""

MAX_MEMORY_GROWTH = 1.2
MAX_BACKLOG = 500
"""Instances that are started ahead of the worker, at most."""

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
def soak_environment(flavour, postgresql, tasks, tmp_path):
    """An environment whose emulator stores all calls, and whose engine stores its history outside its memory."""
    config = EmulatorConfig(keys=ORGANIZATIONS, max_calls=2 * tasks)
    with (
        EngineProcess(flavour, database=postgresql.create_database("soak")) as engine,
        ProcessClient(engine.rest_url) as process_client,
        running_emulator(config) as emulator,
        running_proxy(engine.port) as proxy,
    ):
        yield FaultEnvironment(process_client, emulator, proxy, tmp_path)


def count_ended(environment):
    query = {"processDefinitionKey": environment.topic, "completed": "true"}
    return environment.process_client.get("/history/process-instance/count", **query)["count"]


def has_ended(environment, count):
    return count_ended(environment) >= count


def test_soak_ends_every_instance_with_flat_memory(soak_environment, tasks):
    environment = soak_environment
    chance = random.Random(7)  # noqa: S311 -- the same faults in every run
    environment.process_client.deploy_texts({"soak.bpmn": BPMN.format(topic=environment.topic)})
    expected_retries: Counter[str] = Counter()
    with environment.worker() as worker:
        for number in range(tasks):
            message = f"question {number}"
            if chance.random() < SHARE_OF_FAULTS:
                fault = chance.choice(FAULTS)
                environment.emulator.next(1, when={"equals": message}, **fault)
                expected_retries[message] += 1
            environment.process_client.start(environment.topic, {"userMessage": message})
            if number % 100 == 0:
                wait_for("the worker to keep up", partial(has_ended, environment, number - MAX_BACKLOG), timeout=120)
            if number == int(tasks * WARM_UP_SHARE):
                warm = worker.memory()
        wait_for("the last ones", lambda: count_ended(environment) == tasks, timeout=120)
        grown = worker.memory() / warm

    prompts = Counter(call.messages[-1]["content"] for call in environment.emulator.calls)
    assert prompts == Counter({f"question {number}": 1 for number in range(tasks)}) + expected_retries
    assert environment.process_client.get("/incident/count", processDefinitionKeyIn=environment.topic)["count"] == 0
    assert environment.journal.answers() == 0
    assert grown <= MAX_MEMORY_GROWTH, f"memory has grown {grown:.2f} times since {WARM_UP_SHARE:.0%} of the tasks"
