"""Thousands of tasks with random faults, beside tasks that try to harm them.

Every instance ends, no answer is paid twice, and memory, file descriptors and the event loop stay as they are.
"""

import random
from collections import Counter
from functools import partial
from typing import Any

import pytest

from catalyst_groq.sandbox.emulator import EmulatorConfig, running_emulator
from catalyst_groq.sandbox.engine import EngineProcess
from catalyst_groq.sandbox.process_client import ProcessClient, wait_for
from support.diagrams import diagram
from support.fault_environment import FaultEnvironment
from support.offenders import OFFENDERS
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

SHARE_OF_OFFENDERS = 0.05
MAX_MEMORY_GROWTH = 1.2
MAX_FURTHER_FILES = 30
"""File descriptors: connections that are open at the moment."""
MAX_HOLD_SECONDS = 0.1
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
    """Count the instances that are completed or have an incident."""
    query = {"processDefinitionKey": environment.topic, "completed": "true"}
    completed = environment.process_client.get("/history/process-instance/count", **query)["count"]
    return completed + count_incidents(environment)


def count_incidents(environment, **query):
    return environment.process_client.get("/incident/count", **query)["count"]


def has_ended(environment, count):
    return count_ended(environment) >= count


def deploy_offenders(environment):
    """Deploy the process of each offender; return their keys by name."""
    keys = {}
    for name, offender in OFFENDERS.items():
        if offender.rule:
            environment.emulator.next(None, when={"contains": name}, **offender.rule)
        properties = {"catalyst_retries": "R1/PT0S", **offender.properties}
        keys[name], xml = diagram(topic=environment.topic, fields=offender.fields, properties=properties)
        environment.process_client.deploy_texts({f"{keys[name]}.bpmn": xml})
    return keys


def test_soak_ends_every_instance_with_flat_memory(soak_environment, tasks, tmp_path):
    environment = soak_environment
    chance = random.Random(7)  # noqa: S311 -- the same faults in every run
    environment.process_client.deploy_texts({"soak.bpmn": BPMN.format(topic=environment.topic)})
    offender_keys = deploy_offenders(environment)
    expected: Counter[str] = Counter()
    offenders: Counter[str] = Counter()
    probe = tmp_path / "longest-hold"
    with environment.worker({"LOOP_PROBE_FILE": str(probe)}) as worker:
        for number in range(tasks):
            message = f"question {number}"
            drawn = chance.random()
            if drawn < SHARE_OF_OFFENDERS:
                name = chance.choice(tuple(OFFENDERS))
                offenders[name] += 1
                environment.process_client.start(offender_keys[name], {"userMessage": "hello"})
            else:
                expected[message] += 1
                if drawn < SHARE_OF_OFFENDERS + SHARE_OF_FAULTS:
                    environment.emulator.next(1, when={"equals": message}, **chance.choice(FAULTS))
                    expected[message] += 1
                environment.process_client.start(environment.topic, {"userMessage": message})
            if number % 100 == 0:
                wait_for("the worker to keep up", partial(has_ended, environment, number - MAX_BACKLOG), timeout=120)
            if number == int(tasks * WARM_UP_SHARE):
                warm, warm_files = worker.memory(), worker.open_files()
        wait_for("the last ones", lambda: count_ended(environment) == tasks, timeout=120)
        grown = worker.memory() / warm
        # The more tasks were active at once, the more connections are kept alive: for a minute at most.
        wait_for("idle connections", lambda: worker.open_files() - warm_files <= MAX_FURTHER_FILES, timeout=90)
        further_files = worker.open_files() - warm_files

    calls = Counter(call.messages[-1]["content"] for call in environment.emulator.calls)
    assert {message: count for message, count in calls.items() if message.startswith("question ")} == expected
    paid = Counter(call.messages[-1]["content"] for call in environment.emulator.calls if call.status == 200)
    for name, offender in OFFENDERS.items():
        assert offender.paid is None or paid[name] == offender.paid * offenders[name], name
    assert count_incidents(environment) == offenders.total()
    assert count_incidents(environment, processDefinitionKeyIn=environment.topic) == 0
    assert environment.journal.answers() <= offenders.total()
    assert "internal error" not in worker.log
    assert grown <= MAX_MEMORY_GROWTH, f"memory has grown {grown:.2f} times since {WARM_UP_SHARE:.0%} of the tasks"
    assert further_files <= MAX_FURTHER_FILES
    assert float(probe.read_text()) < MAX_HOLD_SECONDS
