"""One line of the log for each task."""

from datetime import timedelta

import pytest

from catalyst_groq.domain.outcomes import BpmnError, CollectedResult, Completion, Failure, Unlocked
from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.observability.logging import set_up_logging
from catalyst_groq.observability.outcome_log import OutcomeLog
from support.factories import make_record, make_task


@pytest.mark.parametrize(
    ("outcome", "level", "line"),
    [
        (Completion({"secret": "x"}), "INFO", "Completed ask/AskGroq of instance instance-1 in 1250 ms"),
        (
            Completion({}, collected=CollectedResult("results", "3", {}, "Ask", "3", "Groq: 400")),
            "WARNING",
            "Completed ask/AskGroq of instance instance-1 in 1250 ms with a collected error: Groq: 400",
        ),
        (
            BpmnError("RATE_LIMITED", "Groq: 429"),
            "INFO",
            "BPMN error RATE_LIMITED at ask/AskGroq of instance instance-1: Groq: 429",
        ),
        (
            Failure("Groq: 503", retries=2, retry_timeout=timedelta(seconds=10)),
            "WARNING",
            "Failed ask/AskGroq of instance instance-1, 2 retries left, next in 10 s: Groq: 503",
        ),
        (
            Failure("Groq: 429", retries=3, retry_timeout=timedelta(seconds=45), is_wait=True),
            "WARNING",
            "Waiting ask/AskGroq of instance instance-1, next attempt in 45 s, 3 retries left as before: Groq: 429",
        ),
        (
            Unlocked(),
            "DEBUG",
            "Unlocked ask/AskGroq of instance instance-1: it is fetched again with the variables it uses",
        ),
        (Failure("Groq: 403"), "ERROR", "Failed ask/AskGroq of instance instance-1, no retries left: Groq: 403"),
    ],
)
def test_outcome_is_logged_in_one_line_without_variables(capsys, outcome, level, line):
    set_up_logging("DEBUG", Redactor())
    OutcomeLog().on_end(make_record(outcome))
    output = capsys.readouterr().err
    assert output.endswith(f" {level:<7} catalyst_groq.observability.outcome_log {line}\n")
    assert output.count("\n") == 1


def outcome_with(meta, kind=Completion):
    variables = {"catalyst_meta": meta}
    return kind(variables) if kind is Completion else kind("INVALID_REQUEST", "Groq: 400 unknown max_token", variables)


def logged(capsys, outcome, **task):
    set_up_logging("INFO", Redactor())
    OutcomeLog().on_end(make_record(outcome, make_task(**task)))
    return capsys.readouterr().err.splitlines()


@pytest.mark.parametrize(("blame", "level"), [("request", "WARNING"), ("limit", "INFO"), (None, "INFO")])
def test_bpmn_error_of_the_modellers_own_mistake_is_a_warning(capsys, blame, level):
    [line] = logged(capsys, outcome_with({"blame": blame}, BpmnError))
    assert f" {level} " in line
    assert line.endswith(
        "BPMN error INVALID_REQUEST at ask/AskGroq of instance instance-1: Groq: 400 unknown max_token"
    )


def test_completion_with_unmapped_variables_is_a_warning(capsys):
    [line] = logged(capsys, outcome_with({"unmapped": ["total", "name"]}))
    assert " WARNING " in line
    assert line.endswith("but the response has no value for: total, name (the response mapping leads nowhere)")


def test_warning_about_fields_is_logged_once_per_activity(capsys):
    outcome = outcome_with({"warnings": ["catalyst_payload: `{{x}}` is sent as it is"]})
    definitions = ["ask:1:once", "ask:1:once", "ask:2:once"]
    lines = [line for id_ in definitions for line in logged(capsys, outcome, processDefinitionId=id_)]
    warnings = [line.split(" ", 4)[-1] for line in lines if " WARNING " in line]
    assert warnings == [f"{id_}/AskGroq: catalyst_payload: `{{{{x}}}}` is sent as it is" for id_ in definitions[1:]]


def test_warning_of_a_failure_before_the_call_is_logged(capsys):
    outcome = Failure("catalyst_timeout: 'soon' is no number", warnings=("catalyst_note: there is no such field",))
    lines = logged(capsys, outcome, processDefinitionId="ask:1:noted")

    assert [line.split(" ", 4)[-1] for line in lines if " WARNING " in line] == [
        "ask:1:noted/AskGroq: catalyst_note: there is no such field"
    ]
