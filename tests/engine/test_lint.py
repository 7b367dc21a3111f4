"""`catalyst-groq lint --deployed` on a real engine."""

import json
import os
import subprocess
import sys

import httpx
import pytest

from catalyst_groq.commands.lint.form_checks import FILE_TYPES, FORM_TYPES
from catalyst_groq.domain.incident_messages import DEPLOY_AND_MIGRATE
from support.diagrams import diagram
from support.lint_diagrams import process_around
from support.process_instance import start

pytestmark = pytest.mark.engine


def lint_deployed(engine, folder):
    """Return what the command prints, and its exit code."""
    command = [sys.executable, "-m", "catalyst_groq", "lint", "--deployed", "--json"]
    environ = {**os.environ, "CATALYST_ENGINE_URL": engine.rest_url}
    result = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=120)
    assert result.stderr == ""
    return json.loads(result.stdout), result.returncode


def test_lint_of_deployed_processes_names_the_fix_of_the_incident(engine, process_client, start_instance, tmp_path):
    made = diagram(properties={"catalyst_timeout": "soon"}, fields={"catalyst_errorMapping": "{}"})
    incident = start_instance(made, userMessage="hello").incident()
    findings, exit_code = lint_deployed(engine, tmp_path)
    of_process = {
        finding["rule"]: finding for finding in findings if finding["file"].startswith(f"{made[0]} version 1")
    }
    found = of_process["invalid-timeout"]

    assert exit_code == 1
    assert of_process.keys() == {"invalid-timeout", "missing-variable"}
    assert found["element"] == "Ask"
    assert incident == f"{found['problem']}. {found['fix']}. {DEPLOY_AND_MIGRATE}"


def test_lint_of_deployed_processes_finds_topics_nobody_fetches(engine, process_client, tmp_path):
    made = diagram(properties={"catalyst_model": "openai/gpt-oss-20b"}, topic="another-topic")
    start(process_client, made, userMessage="hello")
    findings, _ = lint_deployed(engine, tmp_path)

    assert [finding["rule"] for finding in findings if finding["file"].startswith(f"{made[0]} version 1")] == [
        "topic-not-fetched"
    ]


def form_with(kind):
    """Return the key and the diagram of a process whose start form has a field of this type."""
    key = f"form-{kind or 'blank'}"
    field = f'<camunda:formField id="recording" type="{kind}"/>'
    task = '<bpmn:userTask id="Ask"/><bpmn:sequenceFlow id="flow" sourceRef="Start" targetRef="Ask"/>'
    return key, process_around(task).replace('id="test"', f'id="{key}"').replace(
        '<camunda:formField id="recording" type="string"/>', field
    )


@pytest.mark.every_engine
@pytest.mark.parametrize("kind", FORM_TYPES)
def test_form_field_of_a_known_type_is_deployed_and_makes_no_file(process_client, kind):
    key, xml = form_with(kind)
    process_client.deploy_texts({f"{key}.bpmn": xml})
    variables = process_client.get(f"/process-definition/key/{key}/form-variables")

    assert variables["recording"]["type"] in {"String", "Long", "Boolean", "Date"}


@pytest.mark.every_engine
@pytest.mark.parametrize("kind", ["", "File", *FILE_TYPES])
def test_form_field_of_an_unknown_type_is_not_deployed(process_client, kind):
    key, xml = form_with(kind)
    with pytest.raises(httpx.HTTPStatusError) as refused:
        process_client.deploy_texts({f"{key}.bpmn": xml})

    assert f"unknown type '{kind}'" in refused.value.response.text
