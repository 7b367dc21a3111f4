"""`catalyst-groq retry --var` on a real engine: variables are set before the retries are raised."""

import re

import pytest

from catalyst_groq.sandbox.process_client import wait_for
from support.command_line import CommandLine
from support.diagrams import diagram, process_with
from support.files import file
from support.multi_instance import REVIEW, inputs, subprocess

pytestmark = pytest.mark.engine
ITEM_PAYLOAD = '{"model": "openai/gpt-oss-20b", "messages": [{"role": "user", "content": "${item.text} ${language}"}]}'
ITEMS = [{"text": "first"}, {}, {}]
LOOP = """<bpmn:multiInstanceLoopCharacteristics camunda:collection="${items.elements()}"
    camunda:elementVariable="item"/>"""
SCOPES = {"task": "Ask#multiInstanceBody", "subprocess": "Ask"}


@pytest.fixture
def commands(engine, tmp_path, monkeypatch):
    return CommandLine(tmp_path, monkeypatch, CATALYST_ENGINE_URL=engine.rest_url)


def hang_without_variable(start_instance):
    """Start an instance whose task gets an incident, because `userMessage` is missing."""
    made = diagram()
    instance = start_instance(made)
    instance.incident()
    return made, instance


def test_retry_sets_a_missing_variable_and_waits(commands, start_instance, emulator):
    made, first = hang_without_variable(start_instance)
    second = start_instance(made, text="hello")
    second.incident()
    options = ["--process", made[0], "--var", "userMessage=Why?", "--wait"]

    exit_code, text = commands.run("retry", *options)
    assert exit_code == 1
    assert re.search(r"userMessage +String +process instance \(new\) +2 +Why\?\n", text)
    assert text.endswith("Add --yes to do it.\n--wait: nothing was changed, so there is nothing to wait for.\n")
    assert "userMessage" not in first.variables()

    exit_code, report = commands.run_json("retry", *options, "--yes")
    assert exit_code == 0
    assert {entry["instance"]: entry["situation"] for entry in report["outcomes"]} == {
        first.id: "user task",
        second.id: "user task",
    }
    assert [entry["userTasks"] for entry in report["outcomes"]] == [[{"id": "Review", "name": ""}]] * 2
    assert first.variables()["userMessage"] == "Why?"
    assert [call.body["messages"][-1]["content"] for call in emulator.calls] == ["Why?"] * 2


def test_retry_replaces_an_unreadable_file(commands, start_instance, tmp_path, emulator):
    payload = '{"model": "openai/gpt-oss-20b", "messages": [{"role": "user", "content": ["Sum up", "${invoice}"]}]}'
    made = diagram(fields={"catalyst_payload": payload})
    instance = start_instance(made, {"invoice": file(b"", "invoice.txt", "text/plain")})
    assert "invoice" in instance.incident()
    (tmp_path / "right.txt").write_text("Total: 40.00 EUR")
    _, text = commands.run("retry", "--process", made[0], "--var", "invoice=right.txt")
    assert re.search(r"invoice +String instead of File +process instance +1 +right\.txt\n", text)
    exit_code, report = commands.run_json(
        "retry", "--process", made[0], "--var", "invoice@right.txt", "--yes", "--wait"
    )

    assert exit_code == 0
    [variable] = report["variables"]
    assert (variable["name"], variable["type"], variable["value"]) == ("invoice", "File", "right.txt")
    assert [(task["scope"], task["isNew"], task["earlierType"]) for task in variable["tasks"]] == [
        (None, False, "File")
    ]
    assert "Total: 40.00 EUR" in str(emulator.calls[-1].body["messages"])
    assert instance.typed_variables()["invoice"]["valueInfo"]["filename"] == "right.txt"


def in_loop(kind):
    """Return a process whose task runs for each item: as a multi-instance, or in a subprocess that is one."""
    task_id, loop = ("Ask", LOOP) if kind == "task" else ("Inner", "")
    task = f"""<bpmn:serviceTask id="{task_id}" camunda:type="external" camunda:topic="catalyst-groq">
      <bpmn:extensionElements><camunda:field name="catalyst_payload"><camunda:string>{ITEM_PAYLOAD}</camunda:string>
      </camunda:field></bpmn:extensionElements>{loop}</bpmn:serviceTask>"""
    return process_with((task if kind == "task" else subprocess("Inner", task, around=LOOP)) + REVIEW)


@pytest.mark.every_engine
@pytest.mark.parametrize("kind", ["task", "subprocess"])
def test_retry_sets_variables_where_each_task_sees_them(commands, start_instance, process_client, emulator, kind):
    """Two items have a local `item` without a text, and all lack `language`."""
    made = in_loop(kind)
    instance = start_instance(made, items=ITEMS)
    wait_for("three incidents", lambda: len(process_client.incidents(instance.id)) == 3, timeout=20)
    set_item = ["retry", "--process", made[0], "--text", "item.text", "--var", 'item:={"text": "second"}']
    set_language = ["retry", "--process", made[0], "--var", "language=French"]

    _, dry_run = commands.run_json(*set_item)
    assert [entry["scope"] for entry in dry_run["variables"][0]["tasks"]] == [SCOPES[kind]] * 2
    exit_code, report = commands.run_json(*set_item, "--yes", "--wait")
    assert exit_code == 1, "language is missing"
    assert len(report["outcomes"][0]["incidents"]) == 3
    exit_code, report = commands.run_json(*set_language, "--yes", "--wait")

    assert (exit_code, [entry["situation"] for entry in report["outcomes"]]) == (0, ["user task"])
    contents = sorted(call.body["messages"][0]["content"] for call in emulator.calls)
    assert contents == ["first French", "second French", "second French"]
    updates = process_client.get("/history/detail", processInstanceId=instance.id, variableUpdates="true")
    assert [update["variableName"] for update in updates].count("language") == 1, "it is the same for all three"
    variables = process_client.get(f"/process-instance/{instance.id}/variables")
    assert ("item" in variables, variables["language"]["value"]) == (False, "French")


@pytest.mark.every_engine
def test_retry_sets_a_variable_in_the_scope_of_each_parallel_task(commands, start_instance, process_client, emulator):
    """One task has a local `data` by its input parameter, for the other there is none at all."""
    tasks = "".join(
        f"""<bpmn:sequenceFlow id="to{name}" sourceRef="Ask" targetRef="{name}"/>
    <bpmn:serviceTask id="{name}" camunda:type="external" camunda:topic="catalyst-groq"><bpmn:extensionElements>{own}
      <camunda:field name="catalyst_payload"><camunda:string>{ITEM_PAYLOAD.replace("item.", "data.")}</camunda:string>
      </camunda:field></bpmn:extensionElements></bpmn:serviceTask>"""
        for name, own in (("Outer", ""), ("Inner", inputs({"data": "${noText}"})))
    )
    made = process_with(f'<bpmn:parallelGateway id="Ask"/>{tasks}')
    instance = start_instance(made, noText={}, language="English")
    wait_for("two incidents", lambda: len(process_client.incidents(instance.id)) == 2, timeout=20)
    exit_code, report = commands.run_json(
        "retry", "--process", made[0], "--var", 'data:={"text": "right"}', "--yes", "--wait"
    )

    activities = {task["id"]: task["activity"] for task in report["tasks"]}
    [variable] = report["variables"]
    assert {activities[task["id"]]: (task["scope"], task["isNew"]) for task in variable["tasks"]} == {
        "Outer": (None, True),
        "Inner": ("Inner", False),
    }
    assert (exit_code, report["outcomes"][0]["situation"]) == (0, "ended")
    contents = sorted(call.body["messages"][0]["content"] for call in emulator.calls)
    assert contents == ["right English"] * 2


def test_retry_hides_keys_in_values(commands, start_instance):
    (key, _), _ = hang_without_variable(start_instance)
    secret = "gsk_" + "0123456789abcdefghij"
    for command in (["retry", "--process", key, "--var", f"text=my {secret}"], ["retry", "--var", f"n:Long={secret}"]):
        for options in ([], ["--json"]):
            _, text = commands.run(*command, *options, GROQ_API_KEY=secret)
            assert secret not in text
            assert "***" in text
