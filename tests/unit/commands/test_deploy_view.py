"""What `deploy` prints."""

import json

import pytest

from catalyst_groq.camunda.deployments import Deployment, ProcessDefinition
from catalyst_groq.camunda.instances import FailedAttempt, Incident
from catalyst_groq.commands.deploy import DeployReport
from catalyst_groq.commands.deploy_view import show_attempts, show_deployment, to_json
from catalyst_groq.commands.instance_outcome import InstanceOutcome, Situation
from support.shown_text import KEY, mask, show

DEFINITION = ProcessDefinition("order:2", "order", 2, "acme", "d1")
VARIABLES = {"reply": {"type": "String", "value": f"{KEY} " + "x" * 300}}


@pytest.mark.parametrize(("is_new", "state"), [(True, "deployed"), (False, "unchanged since it was deployed")])
def test_deployment_is_shown_with_its_definitions(is_new, state):
    report = DeployReport(Deployment("d1", "order.bpmn", is_new, [DEFINITION]), ["A note."], "i1")

    assert show(show_deployment, report).splitlines() == [
        f"order.bpmn: {state} (deployment d1)",
        "  order: version 2, tenant acme",
        "  A note.",
    ]


def test_attempts_say_how_many_are_left():
    attempts = [FailedAttempt("Ask", f"503 {KEY}.", 2), FailedAttempt("Other", "503.", 1)]

    assert show(show_attempts, attempts, mask).splitlines() == [
        "'Ask' has failed, attempts: 2 left. 503 ***.",
        "'Other' has failed, attempts: the last one follows. 503.",
    ]


def test_report_for_programs_has_whole_values_without_keys():
    report = DeployReport(
        Deployment("d1", "order.bpmn", is_new=True, definitions=[DEFINITION]),
        [],
        "i1",
        InstanceOutcome("i1", Situation.INCIDENT, incidents=[Incident("Ask", KEY, KEY, "t1")], variables=VARIABLES),
    )
    content = json.loads(to_json(report, mask))

    assert content["definitions"] == [{"id": "order:2", "key": "order", "version": 2, "tenant": "acme"}]
    assert content["outcome"]["incidents"] == [{"activity": "Ask", "task": "t1", "message": "***", "details": "***"}]
    assert content["outcome"]["variables"]["reply"]["value"] == "*** " + "x" * 300
