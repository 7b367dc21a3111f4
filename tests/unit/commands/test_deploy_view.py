"""What `deploy` prints."""

import io
import json

import pytest
from rich.console import Console

from catalyst_groq.camunda.deployments import Deployment, ProcessDefinition
from catalyst_groq.camunda.instances import Element, FailedAttempt, Incident, UnlockedTask
from catalyst_groq.commands.deploy import DeployReport
from catalyst_groq.commands.deploy_view import show_attempts, show_deployment, show_outcome, to_json
from catalyst_groq.commands.instance_outcome import InstanceOutcome, Situation

KEY = "gsk_0123456789abcdefghij"
DEFINITION = ProcessDefinition("order:2", "order", 2, "acme", "d1")
VARIABLES = {
    "reply": {"type": "String", "value": f"{KEY} " + "x" * 300},
    "photo": {"type": "File", "value": None, "valueInfo": {"filename": "photo.png"}},
    "nothing": {"type": "Null", "value": None},
}


def mask(text):
    return text.replace(KEY, "***")


def show(function, *arguments):
    out = io.StringIO()
    function(Console(file=out, width=500), *arguments)
    return out.getvalue()


def outcome(situation, **fields):
    return InstanceOutcome("i1", situation, **fields)


@pytest.mark.parametrize(("is_new", "state"), [(True, "deployed"), (False, "unchanged since it was deployed")])
def test_deployment_is_shown_with_its_definitions(is_new, state):
    report = DeployReport(Deployment("d1", "order.bpmn", is_new, [DEFINITION]), ["A note."], "i1")

    assert show(show_deployment, report).splitlines() == [
        f"order.bpmn: {state} (deployment d1)",
        "  order: version 2, tenant acme",
        "  A note.",
        "Instance i1 started.",
    ]


@pytest.mark.parametrize(
    ("shown", "line"),
    [
        (
            outcome(Situation.ENDED, end_state="COMPLETED", end_events=[Element("End", "Done"), Element("Early", "")]),
            "Ended at 'Done' (End): COMPLETED.",
        ),
        (outcome(Situation.ENDED, end_state="EXTERNALLY_TERMINATED"), "Ended: EXTERNALLY_TERMINATED."),
        (
            outcome(Situation.USER_TASK, user_tasks=[Element("Review", ""), Element("Check", "Check it")]),
            "Waits for a person: Review, 'Check it' (Check). Complete it in Tasklist.",
        ),
        (
            outcome(Situation.INCIDENT, incidents=[Incident("Ask", f"No {KEY}", "first\nsecond")]),
            "Incident at 'Ask': No ***\n  first\n  second",
        ),
        (
            outcome(Situation.RUNNING, unlocked_tasks=[UnlockedTask("Ask", "catalyst-groq")]),
            "'Ask' waits for a worker of the topic catalyst-groq: is one running?",
        ),
        (
            outcome(Situation.RUNNING),
            "Still running: neither an end, nor an incident, nor a user task. Look at it in Cockpit.",
        ),
    ],
)
def test_outcome_says_where_the_instance_is(shown, line):
    assert show(show_outcome, shown, mask) == f"{line}\n"


@pytest.mark.parametrize(
    ("shown", "is_fine"),
    [
        (outcome(Situation.ENDED, end_state="COMPLETED"), True),
        (outcome(Situation.ENDED, end_state="EXTERNALLY_TERMINATED"), False),
        (outcome(Situation.USER_TASK), True),
        (outcome(Situation.INCIDENT), False),
        (outcome(Situation.RUNNING), False),
    ],
)
def test_outcome_is_fine_if_nobody_has_to_look_at_it(shown, is_fine):
    assert shown.is_fine is is_fine


def test_outcome_shows_variables_without_keys():
    text = show(show_outcome, outcome(Situation.ENDED, end_state="COMPLETED", variables=VARIABLES), mask)
    rows = {line.split()[0]: line.split()[1:] for line in text.splitlines()[2:]}

    assert rows["photo"] == ["File", "photo.png"]
    assert rows["nothing"] == ["Null"]
    assert rows["reply"] == ["String", "***", "x" * 196 + "…"]


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
        outcome(Situation.INCIDENT, incidents=[Incident("Ask", KEY, KEY)], variables=VARIABLES),
    )
    content = json.loads(to_json(report, mask))

    assert content["definitions"] == [{"id": "order:2", "key": "order", "version": 2, "tenant": "acme"}]
    assert content["outcome"]["incidents"] == [{"activity": "Ask", "message": "***", "details": "***"}]
    assert content["outcome"]["variables"]["reply"]["value"] == "*** " + "x" * 300
