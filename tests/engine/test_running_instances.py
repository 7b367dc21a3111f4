"""`catalyst-groq deploy`, `migrate` and `retry` on a real engine: how a running instance is corrected."""

import json
import os
import re
import signal

import pytest

from catalyst_groq.camunda.deployments import DeploymentRefused
from catalyst_groq.commands import deploy_view, instance_outcome
from catalyst_groq.commands.deploy import StartRefused, UnknownProcess
from catalyst_groq.commands.failed_task_search import ProcessNotDeployed
from catalyst_groq.commands.migrate import UnknownVersion
from support.command_line import CommandLine
from support.diagrams import diagram, process_with

pytestmark = pytest.mark.engine

WRONG_MAPPING = {"catalyst_responseMapping": '{"total!": "choices[0].message.nothing"}'}
SERVICE_TASK = '<bpmn:serviceTask id="Ask" name="Ask Groq" camunda:type="external" camunda:topic="catalyst-groq"/>'
TO_END = '<bpmn:sequenceFlow id="f2" sourceRef="Ask" targetRef="End"/><bpmn:endEvent id="End" name="Answered"/>'
FORM = '{"id": "review", "type": "default", "components": []}'


@pytest.fixture
def commands(engine, tmp_path, monkeypatch):
    return CommandLine(tmp_path, monkeypatch, CATALYST_ENGINE_URL=engine.rest_url)


def write(folder, made, old="", new=""):
    """Write a diagram, perhaps corrected, to a file named after its process."""
    key, xml = made
    file = folder / f"{key}.bpmn"
    file.write_text(xml.replace(old, new) if old else xml)
    return file


def hang(start_instance, **fields):
    """Start an instance of a new process that gets an incident; return the diagram and the instance."""
    made = diagram(fields=fields or WRONG_MAPPING)
    instance = start_instance(made, userMessage="hello")
    instance.incident()
    return made, instance


def test_migration_ends_an_incident_with_one_call_to_groq(commands, start_instance, process_client, emulator, tmp_path):
    made, instance = hang(start_instance)
    file = write(tmp_path, made, "message.nothing", "message.content")
    _, deployed = commands.run_json("deploy", file)
    dry_run = commands.run_json("migrate", "--process", made[0], "--retry")
    exit_code, report = commands.run_json("migrate", "--process", made[0], "--retry", "--yes")

    assert [entry["version"] for entry in deployed["definitions"]] == [2]
    assert (dry_run[0], dry_run[1]["dryRun"]) == (1, True)
    [planned] = dry_run[1]["instances"]
    assert (planned["id"], planned["fromVersion"], planned["toVersion"]) == (instance.id, 1, 2)
    assert (exit_code, report["done"], report["refused"]) == (0, [instance.id], [])
    assert instance.task() == "Review"
    process_client.complete_user_task(instance.id)
    assert instance.state() == "COMPLETED"
    variables = instance.variables()
    assert variables["total"] == json.loads(variables["catalyst_responseBody"])["choices"][0]["message"]["content"]
    assert len(emulator.calls) == 1, "the stored answer is used"
    assert commands.run("migrate", "--process", made[0]) == (0, "No Groq task has such an incident.\n")


def test_migration_goes_to_the_version_that_is_named(commands, start_instance, process_client, tmp_path):
    made, instance = hang(start_instance)
    for change in ("message.content", "message.role"):
        commands.run("deploy", write(tmp_path, made, "message.nothing", change))
    exit_code, text = commands.run("migrate", "--process", made[0], "--to-version", "2", "--yes")

    assert exit_code == 0
    assert (
        f"{made[0]}: version 1 → 2, 1 instance\n1 instance migrated; catalyst-groq retry raises their retries.\n"
        in text
    )
    [task] = process_client.external_tasks(instance.id)
    assert task["processDefinitionId"].startswith(f"{made[0]}:2:")
    with pytest.raises(UnknownVersion, match="has no such version"):
        commands.run("migrate", "--process", made[0], "--to-version", "9")
    assert commands.run("migrate", "--to-version", "2")[0] == 2


def test_migration_that_is_not_possible_says_why(commands, start_instance, tmp_path):
    made, instance = hang(start_instance)
    commands.run("deploy", write(tmp_path, made, '"Ask"', '"AskGroq"'))
    exit_code, report = commands.run_json("migrate", "--process", made[0], "--yes")
    [entry] = report["instances"]

    assert exit_code == 1
    assert entry["id"] == instance.id
    assert entry["problem"].startswith("version 2 has no 'Ask' that its task could move to. Deploy a version in which")


def test_retry_takes_only_the_selected_tasks(commands, start_instance, emulator):
    (key, _), instance = hang(start_instance)
    (other, _), left = hang(start_instance, catalyst_payload="{}")
    calls = len(emulator.calls)

    exit_code, report = commands.run_json("retry", "--process", key, "--process", other, "--cause", "catalyst_payload")
    assert (exit_code, report["dryRun"]) == (1, True)
    assert [(task["instance"], task["causes"]) for task in report["tasks"]] == [(left.id, ["catalyst_payload"])]

    exit_code, text = commands.run("retry", "--instance", instance.id, "--text", "TOTAL", "--yes")
    assert exit_code == 0
    assert text.splitlines()[-1] == "1 task retried."
    assert "'total' is required" in instance.incident()
    assert left.process_client.external_tasks(left.id)[0]["retries"] == 0
    assert len(emulator.calls) == calls, "the stored answer is used"


def test_retry_that_fails_again_shows_the_new_incident(commands, start_instance):
    (key, _), instance = hang(start_instance)
    exit_code, text = commands.run("retry", "--process", key, "--yes", "--wait")

    assert exit_code == 1
    assert "1 task retried.\n" in text
    assert re.search(rf"^{instance.id} +{key} +Incident at 'Ask': .*'total' is required", text, re.MULTILINE)
    assert text.endswith("1 instance: 1 incident.\n")


def test_retry_of_an_instance_that_waits_longer_still_runs(commands, process_client, tmp_path):
    file = write(tmp_path, diagram(topic="nobody"))
    _, started = commands.run_json("deploy", file, "--start", file.stem)
    [task] = process_client.external_tasks(started["instance"])
    process_client.http.put(f"/external-task/{task['id']}/retries", json={"retries": 0}).raise_for_status()
    options = ["--process", file.stem, "--yes", "--wait", "--timeout", "1"]
    exit_code, report = commands.run_json("retry", *options, CATALYST_TOPIC="nobody")

    assert exit_code == 1
    assert report["outcomes"][0]["situation"] == "running"
    assert report["outcomes"][0]["unlockedTasks"] == [{"activity": "Ask", "topic": "nobody"}]


def test_retry_that_is_interrupted_while_it_waits_reports_its_changes(commands, process_client, tmp_path, monkeypatch):
    file = write(tmp_path, diagram(topic="nobody"))
    _, started = commands.run_json("deploy", file, "--start", file.stem)
    [task] = process_client.external_tasks(started["instance"])
    process_client.http.put(f"/external-task/{task['id']}/retries", json={"retries": 0}).raise_for_status()
    follow = instance_outcome._follow

    async def interrupt(*arguments):
        os.kill(os.getpid(), signal.SIGINT)
        await follow(*arguments)

    monkeypatch.setattr(instance_outcome, "_follow", interrupt)
    exit_code, report = commands.run_json("retry", "--process", file.stem, "--yes", "--wait", CATALYST_TOPIC="nobody")

    assert (exit_code, report["done"]) == (130, [task["id"]])
    assert report["notes"] == ["--wait: interrupted. The changes are made."]
    assert [entry["situation"] for entry in report["outcomes"]] == ["unknown"]


def test_migration_waits_for_what_becomes_of_the_instances(commands, start_instance, tmp_path):
    made, instance = hang(start_instance)
    commands.run("deploy", write(tmp_path, made, "message.nothing", "message.content"))
    assert commands.run("migrate", "--process", made[0], "--wait")[0] == 2
    exit_code, text = commands.run("migrate", "--process", made[0], "--retry", "--yes", "--wait")

    assert exit_code == 0
    assert "1 instance migrated and retried.\n" in text
    assert re.search(rf"^{instance.id} +{made[0]} +Waits for a person: Review\.", text, re.MULTILINE)


@pytest.mark.parametrize("command", ["retry", "migrate"])
def test_process_that_is_not_deployed_is_an_error(commands, start_instance, command):
    (key, _), _ = hang(start_instance)

    with pytest.raises(ProcessNotDeployed, match=f"--process {key}x: the engine has no process with this id"):
        commands.run(command, "--process", key, "--process", f"{key}x")


def test_retry_of_a_cause_that_does_not_exist_is_wrong_usage(commands):
    exit_code, text = commands.run("retry", "--cause", "transiant")

    assert exit_code == 2
    assert "unknown cause. Did you mean transient?" in " ".join(text.replace("│", "").split())


def test_deployment_takes_forms_and_makes_no_version_without_a_change(commands, tmp_path):
    key, xml = diagram(review="<bpmn:documentation/>")
    xml = xml.replace(
        '<bpmn:userTask id="Review">',
        '<bpmn:userTask id="Review" camunda:formRef="review" camunda:formRefBinding="deployment">',
    )
    (tmp_path / "prüfung.form").write_text(FORM)
    file = write(tmp_path, (key, xml))
    reports = [commands.run_json("deploy", file, *options)[1] for options in ([], [], ["--always"])]

    assert [report["isNew"] for report in reports] == [True, False, True]
    assert [report["definitions"][0]["version"] for report in reports] == [1, 1, 2]
    assert reports[0]["deployment"] == reports[1]["deployment"]


@pytest.mark.usefixtures("worker")
def test_deployment_shows_the_user_task_that_waits(commands, process_client, tmp_path):
    file = write(tmp_path, diagram())
    options = ["--var", "userMessage=hello", "--business-key", "order-1", "--wait"]
    exit_code, report = commands.run_json("deploy", file, "--start", file.stem, *options)

    assert exit_code == 0
    assert report["outcome"]["situation"] == "user task"
    assert report["outcome"]["userTasks"] == [{"id": "Review", "name": ""}]
    assert report["outcome"]["variables"]["catalyst_success"] == {"type": "Boolean", "value": True}
    instance = process_client.get(f"/process-instance/{report['instance']}")
    assert instance["businessKey"] == "order-1"


def test_deployment_names_the_topic_that_nobody_fetches(commands, tmp_path):
    file = write(tmp_path, diagram(topic="nobody"))
    exit_code, text = commands.run("deploy", file, "--start", file.stem, "--wait", "--timeout", "1")

    assert exit_code == 1
    assert "'Ask' waits for a worker of the topic nobody: is one running?" in text


@pytest.mark.usefixtures("worker")
def test_deployment_shows_the_end_of_the_instance(commands, tmp_path):
    file = write(tmp_path, process_with(SERVICE_TASK + TO_END))
    exit_code, text = commands.run("deploy", file, "--start", file.stem, "--var", "userMessage=hello", "--wait")

    assert exit_code == 0
    assert "Ended at 'Answered' (End): COMPLETED.\n" in text
    assert "aiReply" in text


@pytest.mark.usefixtures("worker")
def test_deployment_shows_the_incident_of_a_called_instance(commands, tmp_path):
    called, xml = process_with(SERVICE_TASK + TO_END)
    (tmp_path / "called.bpmn").write_text(xml)
    call = f'<bpmn:callActivity id="Ask" calledElement="{called}"/>'
    file = write(tmp_path, process_with(call + TO_END))
    exit_code, report = commands.run_json("deploy", tmp_path, "--start", file.stem, "--wait")
    [incident] = report["outcome"]["incidents"]

    assert exit_code == 1
    assert incident["activity"] == "Ask"
    assert "userMessage" in incident["message"]
    assert incident["details"].startswith("Groq was not called.")


def test_deployment_of_a_tenant_is_that_tenants(commands, process_client, tmp_path):
    file = write(tmp_path, diagram())
    _, report = commands.run_json("deploy", file, "--tenant", "acme", "--start", file.stem)

    assert [definition["tenant"] for definition in report["definitions"]] == ["acme"]
    assert process_client.get(f"/process-instance/{report['instance']}")["tenantId"] == "acme"


def test_deployment_that_the_engine_refuses_names_each_line(commands, tmp_path):
    file = write(tmp_path, process_with('<bpmn:serviceTask id="Ask"/>'), ' camunda:historyTimeToLive="1"', "")

    with pytest.raises(DeploymentRefused) as caught:
        commands.run("deploy", file)
    head, time_to_live, task = str(caught.value).split("\n")
    assert head == "The engine refuses the deployment:"
    assert time_to_live.startswith(f"  {file.name}, line 4: ENGINE-12018 History Time To Live (TTL) cannot be null.")
    fix = 'Add camunda:historyTimeToLive="P180D", or another number of days, to the process'
    assert time_to_live.endswith(f"Set historyTimeToLive in the model. {fix}")
    assert task.startswith(f"  {file.name}, line 7: One of the attributes 'class', ")


def test_deployment_is_shown_although_its_start_is_refused(commands, tmp_path, monkeypatch):
    shown: list[str] = []
    monkeypatch.setattr(deploy_view, "print_text", lambda _, text: shown.append(text.strip()))
    loop = (
        '<bpmn:multiInstanceLoopCharacteristics camunda:collection="${docs.elements()}" camunda:elementVariable="doc"/>'
    )
    task = SERVICE_TASK.replace("/>", f">{loop}</bpmn:serviceTask>")
    file = write(tmp_path, process_with(task + TO_END))
    arguments = ["deploy", file, "--start", file.stem, "--var", 'docs=["a", "b"]']

    with pytest.raises(StartRefused) as caught:
        commands.run(*arguments)
    assert str(caught.value).startswith(f"The instance of {file.stem} was not started: 500 RestException: ")
    assert str(caught.value).endswith(" 'docs' is a String: write --var 'docs:=…' for Json.")
    assert shown[1:] == [f"{file.stem}: version 1"]


def test_deployment_without_the_process_to_start_names_those_there_are(commands, tmp_path):
    file = write(tmp_path, diagram())

    with pytest.raises(UnknownProcess, match=f"--start nothing: no such process is deployed. .* {file.stem}"):
        commands.run("deploy", file, "--start", "nothing")
