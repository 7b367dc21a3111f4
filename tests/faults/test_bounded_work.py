"""What strangers write into a process or an answer harms their own task alone: the others end as usual, asked once."""

from collections import Counter

import pytest

from catalyst_groq.sandbox.process_client import wait_for
from support.diagrams import diagram
from support.offenders import OFFENDERS
from support.process_instance import Instance

pytestmark = pytest.mark.engine
ORDINARY_TASKS = 20
MAX_HOLD_SECONDS = 0.1


def test_offenders_fail_alone_beside_ordinary_tasks(fault_environment, tmp_path):
    environment = fault_environment
    offenders = {}
    for name, offender in OFFENDERS.items():
        if offender.rule:
            environment.emulator.next(None, when={"contains": name}, **offender.rule)
        properties = {"catalyst_retries": "R1/PT0S", **offender.properties}
        offenders[name] = environment.instance(fields=offender.fields, properties=properties)
    key, xml = diagram(topic=environment.topic)
    client = environment.process_client
    client.deploy_texts({f"{key}.bpmn": xml})
    ordinary = [Instance(client, client.start(key, {"userMessage": f"ordinary {n}"})) for n in range(ORDINARY_TASKS)]
    probe = tmp_path / "longest-hold"
    with environment.worker({"LOOP_PROBE_FILE": str(probe)}) as worker:
        for instance in ordinary:
            assert instance.task() == "Review"
        messages = {name: instance.incident() for name, instance in offenders.items()}
        assert len(worker.children()) <= 5
        log = worker.log

    for name, offender in OFFENDERS.items():
        assert offender.message in messages[name], name
    questions = Counter(call.messages[-1]["content"] for call in environment.emulator.calls)
    assert {f"ordinary {n}": 1 for n in range(ORDINARY_TASKS)}.items() <= questions.items()
    paid = Counter(call.messages[-1]["content"] for call in environment.emulator.calls if call.status == 200)
    expected = {name: offender.paid for name, offender in OFFENDERS.items() if offender.paid is not None}
    assert {name: paid[name] for name in expected} == expected
    assert "internal error" not in log
    assert float(probe.read_text()) < MAX_HOLD_SECONDS


def test_processes_for_bounded_work_end_with_a_killed_worker(fault_environment):
    environment = fault_environment
    pattern = OFFENDERS["<pattern>"]
    environment.emulator.next(None, when={"contains": "<pattern>"}, **pattern.rule)
    environment.instance(fields=pattern.fields)
    with environment.worker() as worker:
        children = wait_for("a process for the check", worker.children, timeout=20)
        worker.signal(9)
        worker.wait()
        for child in children:
            child.wait(20)
