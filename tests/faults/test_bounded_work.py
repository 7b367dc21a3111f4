"""What strangers write into a process or an answer harms their own task alone: the others end as usual, asked once."""

import json
from collections import Counter
from typing import Any

import pytest

from catalyst_groq.sandbox.process_client import wait_for
from support.diagrams import diagram
from support.factories import REPLY
from support.process_instance import Instance

pytestmark = pytest.mark.engine
ORDINARY_TASKS = 20
MAX_HOLD_SECONDS = 0.1
MERGE_BOMB = "\n".join(
    ["messages:", "- {role: user, content: yaml}", "a0: &a0 {x: 1}"]
    + [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 12)]
)
DOUBLING = " | ".join(["[@, @]"] * 24)


def payload_with(text: str, **parameters: Any) -> dict[str, str]:
    """The payload field of a task whose question is the text."""
    return {"catalyst_payload": json.dumps({"messages": [{"role": "user", "content": text}], **parameters})}


def schema_format(schema: dict[str, Any]) -> dict[str, Any]:
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}}


def content_rule(content: str) -> dict[str, Any]:
    """A rule for an answer that the emulator does not check."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}
    return {"status": 200, "body": {**REPLY, "choices": [choice]}}


# By the question of the task: its fields, the answer it gets, the message of its incident, and the calls.
OFFENDERS: dict[str, tuple[dict[str, str], dict[str, Any] | None, str, int]] = {
    "<pattern>": (
        payload_with("<pattern>", **schema_format({"properties": {"x": {"type": "string", "pattern": "^(a+)+$"}}})),
        content_rule(json.dumps({"x": "a" * 40 + "!"})),
        "its check against the response_format of catalyst_payload takes more than 2 seconds",
        1,
    ),
    "<repair>": (
        payload_with("<repair>", response_format={"type": "json_object"}),
        content_rule('[{"a":"b\'' * 4700),
        "its check against the response_format of catalyst_payload takes more than 2 seconds",
        1,
    ),
    "<mapping>": (
        {**payload_with("<mapping>"), "catalyst_responseMapping": json.dumps({"all": DOUBLING})},
        None,
        "catalyst_responseMapping: its evaluation has a result of more than 4,000,000 bytes",
        1,
    ),
    "<deep>": (
        payload_with("<deep>", response_format={"type": "json_object"}),
        content_rule("[" * 3000),
        "Groq: The response is not what was requested: JSON is nested more than 200 levels deep",
        1,
    ),
    "<digits>": (
        payload_with("<digits>"),
        {"status": 429, "body": {"error": {"message": f"{'x' * 9} try again in {'1' * 500_000}u.s"}}},
        "Groq: 429",
        0,
    ),
    "<placeholder>": (
        payload_with(f"<placeholder> ${{userMessage | {DOUBLING}}}"),
        None,
        "catalyst_payload: the evaluation of its placeholder ${userMessage | [@, @]",
        0,
    ),
    "<yaml>": ({"catalyst_payload": MERGE_BOMB}, None, "catalyst_payload: has more than 10000 parts", 0),
    "<flow>": ({"catalyst_payload": "messages: " + "[" * 40_000}, None, "catalyst_payload: is nested too deeply", 0),
    "<file>": (
        payload_with("<file>", **schema_format({"$ref": "file:///etc/hostname"})),
        None,
        "catalyst_payload: has an invalid JSON schema: its $ref 'file:///etc/hostname' leads to nothing within",
        0,
    ),
    "<url>": (
        payload_with("<url>", **schema_format({"$id": "http://127.0.0.1:9/", "items": {"$dynamicRef": "other.json"}})),
        None,
        "catalyst_payload: has an invalid JSON schema: its $dynamicRef 'other.json' leads to nothing within",
        0,
    ),
    "<dangling>": (
        payload_with("<dangling>", **schema_format({"items": {"$ref": "#/$defs/none"}})),
        None,
        "catalyst_payload: has an invalid JSON schema: its $ref '#/$defs/none' leads to nothing within",
        0,
    ),
}


def test_offenders_fail_alone_beside_ordinary_tasks(fault_environment, tmp_path):
    environment = fault_environment
    offenders = {}
    for name, (fields, rule, _, _) in OFFENDERS.items():
        if rule:
            environment.emulator.next(None, when={"contains": name}, **rule)
        properties = {"catalyst_retries": "R3/PT0S", "catalyst_giveUpAfter": "PT0S"}
        offenders[name] = environment.instance(fields=fields, properties=properties)
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

    for name, (_, _, message, _) in OFFENDERS.items():
        assert message in messages[name], name
    questions = Counter(call.messages[-1]["content"] for call in environment.emulator.calls)
    assert {f"ordinary {n}": 1 for n in range(ORDINARY_TASKS)}.items() <= questions.items()
    paid = Counter(call.messages[-1]["content"] for call in environment.emulator.calls if call.status == 200)
    assert {name: paid[name] for name in OFFENDERS} == {name: calls for name, (*_, calls) in OFFENDERS.items()}
    assert "internal error" not in log
    assert float(probe.read_text()) < MAX_HOLD_SECONDS


def test_processes_for_bounded_work_end_with_a_killed_worker(fault_environment):
    environment = fault_environment
    fields, rule, _, _ = OFFENDERS["<pattern>"]
    environment.emulator.next(None, when={"contains": "<pattern>"}, **rule)
    environment.instance(fields=fields)
    with environment.worker() as worker:
        children = wait_for("a process for the check", worker.children, timeout=20)
        worker.signal(9)
        worker.wait()
        for child in children:
            child.wait(20)
