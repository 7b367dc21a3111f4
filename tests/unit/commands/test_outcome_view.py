"""What became of instances, as `deploy`, `retry` and `migrate` print it."""

import json
from dataclasses import replace

import pytest

from catalyst_groq.camunda.instances import Element, Incident, UnlockedTask
from catalyst_groq.commands.instance_outcome import InstanceOutcome, Situation
from catalyst_groq.commands.outcome_view import INCIDENT_DETAILS, outcomes_as_json, show_outcome, show_outcomes
from support.shown_text import KEY, mask, show

VARIABLES = {
    "reply": {"type": "String", "value": f"{KEY} " + "x" * 300},
    "photo": {"type": "File", "value": None, "valueInfo": {"filename": "photo.png"}},
    "nothing": {"type": "Null", "value": None},
}


def outcome(situation, **fields):
    return InstanceOutcome("i1", situation, **fields)


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
            outcome(Situation.INCIDENT, incidents=[Incident("Ask", f"No {KEY}", "first\nsecond", "t1")]),
            f"Incident at 'Ask': No ***\n{INCIDENT_DETAILS.format('t1')}",
        ),
        (outcome(Situation.INCIDENT, incidents=[Incident("Job", "Down.", "", "")]), "Incident at 'Job': Down."),
        (
            outcome(Situation.RUNNING, unlocked_tasks=[UnlockedTask("Ask", "catalyst-groq")]),
            "'Ask' waits for a worker of the topic catalyst-groq: is one running?",
        ),
        (
            outcome(Situation.RUNNING),
            "Still running: neither an end, nor an incident, nor a user task. Look at it in Cockpit.",
        ),
        (outcome(Situation.UNKNOWN, problem=f"403: no right with {KEY}"), "Unknown: 403: no right with ***."),
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
        (outcome(Situation.UNKNOWN, problem="away"), False),
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


ENDED = InstanceOutcome("i1", Situation.ENDED, end_state="COMPLETED", end_events=[Element("End", "")])
FAILED = InstanceOutcome("i2", Situation.INCIDENT, incidents=[Incident("Ask", f"No {KEY}", KEY, "t2")])
WAITS = InstanceOutcome("i3", Situation.USER_TASK, user_tasks=[Element("Review", "")])
UNKNOWN = InstanceOutcome("i3", Situation.UNKNOWN, problem=f"no right with {KEY}")
PROCESSES = {"i1": "order", "i2": "order", "i3": "claim"}


@pytest.mark.parametrize(
    ("meta", "lines"),
    [
        (
            {"unmapped": ["urgency", "total"], "warnings": [f"catalyst_payload: `{KEY}` is sent as it is."]},
            [
                "Not in the answer: urgency, total. Their paths in the Response Mapping lead nowhere.",
                "catalyst_payload: `***` is sent as it is.",
            ],
        ),
        ({"unmapped": [], "warnings": []}, []),
        ("somebody else's", []),
        (None, []),
    ],
)
def test_outcome_shows_what_may_be_a_mistake(meta, lines):
    variables = {"catalyst_meta": {"type": "Json", "value": json.dumps(meta)}}
    text = show(show_outcome, outcome(Situation.ENDED, end_state="COMPLETED", variables=variables), mask)

    assert text.splitlines()[3:] == lines


def test_outcomes_are_a_table_with_the_faults_last():
    lines = show(show_outcomes, [FAILED, ENDED, WAITS], PROCESSES, mask).splitlines()

    assert [line.split()[:2] for line in lines[1:4]] == [["i1", "order"], ["i3", "claim"], ["i2", "order"]]
    assert [line.split(maxsplit=2)[2] for line in lines[1:4]] == [
        "Ended at End: COMPLETED.",
        "Waits for a person: Review. Complete it in Tasklist.",
        "Incident at 'Ask': No ***",
    ]
    assert lines[4] == "3 instances: 1 ended, 1 user task, 1 incident."


def test_outcomes_for_programs_have_the_same_facts():
    ended, failed, unknown = outcomes_as_json([ENDED, FAILED, UNKNOWN], PROCESSES, mask)

    assert (ended["instance"], ended["process"], ended["situation"]) == ("i1", "order", "ended")
    assert (ended["state"], ended["endEvents"]) == ("COMPLETED", [{"id": "End", "name": ""}])
    assert failed["incidents"] == [{"activity": "Ask", "task": "t2", "message": "No ***", "details": "***"}]
    assert (ended["problem"], unknown["situation"], unknown["problem"]) == (None, "unknown", "no right with ***")


def test_outcomes_for_programs_have_no_keys_in_names():
    elements = [Element("End", f"Sent {KEY}")]
    [shown] = outcomes_as_json([replace(ENDED, end_events=elements, user_tasks=elements)], PROCESSES, mask)

    assert shown["endEvents"] == shown["userTasks"] == [{"id": "End", "name": "Sent ***"}]
