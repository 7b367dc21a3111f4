"""Which failed tasks a command is about."""

import re

import pytest

from catalyst_groq.commands.failed_task_selection import TaskSelection, UnknownCause, check_cause, group_tasks
from catalyst_groq.connector.fields.error_causes import KNOWN_CAUSES
from support.failed_tasks import make_task

BROKEN = make_task("1", process="order", message="catalyst_payload: is empty. Write one")
AWAY = make_task("2", process="invoice", instance_id="i2", message="groq: 503 Down.")
TENANT = make_task("3", process="order", tenant="acme", message="groq: 503 Unavailable.")


def select(**criteria):
    selection = TaskSelection(**criteria)
    return [task.id for task in (BROKEN, AWAY, TENANT) if selection.matches(task)]


@pytest.mark.parametrize(
    ("criteria", "selected"),
    [
        ({}, ["1", "2", "3"]),
        ({"processes": ["order"]}, ["1", "3"]),
        ({"processes": ["order", "invoice"]}, ["1", "2", "3"]),
        ({"instances": ["i2"]}, ["2"]),
        ({"tenants": ["acme"]}, ["3"]),
        ({"causes": ["503"]}, ["2", "3"]),
        ({"causes": ["503"], "processes": ["order"]}, ["3"]),
        ({"causes": ["catalyst_payload", "503"]}, ["1", "2", "3"]),
        ({"texts": ["unAVAILable"]}, ["3"]),
        ({"texts": ["nowhere"]}, []),
    ],
)
def test_selection_meets_each_criterion_by_one_of_its_values(criteria, selected):
    assert select(**criteria) == selected


@pytest.mark.parametrize(
    ("written", "cause"),
    [
        ("transient", "transient"),
        ("Bad Request", "bad_request"),
        ("rate-limited", "rate_limited"),
        ("503", "503"),
        ("catalyst_responsemapping", "catalyst_responseMapping"),
        (" other ", "other"),
        ("missing_api_key", "missing_api_key"),
        ("unreadable_file", "unreadable_file"),
        ("network", "network"),
    ],
)
def test_cause_is_found_in_any_spelling(written, cause):
    assert check_cause(written) == cause


@pytest.mark.parametrize(
    ("written", "fix"),
    [
        ("transiant", "Did you mean transient?"),
        ("catalyst_paylod", "Did you mean catalyst_payload?"),
        ("invalid_api_key", "An incident has it as authentication."),
        ("json_validate_failed", "An incident has it as generation_failed or invalid_output."),
        ("budget_exceeded", "An incident has it as budget or spend_limit."),
        ("rate_limit_exceeded", "An incident has it as rate_limited or too_large."),
        ("circuit_open", "An incident has it as transient."),
        ("unsupported_parameter", "An incident has it as bad_request."),
        ("incompatible_model", "An incident has it as bad_request or catalyst_payload."),
        ("zzz", "Write a status, a field, or one of transient,"),
    ],
)
def test_cause_that_is_unknown_is_refused(written, fix):
    with pytest.raises(UnknownCause) as caught:
        check_cause(written)
    assert re.fullmatch(f"--cause {written}: (unknown cause|a cause of the Error Mapping). {fix}.*", str(caught.value))


@pytest.mark.parametrize(
    ("written", "causes"),
    [
        ("model", "empty_answer, generation_failed, invalid_output"),
        ("Limit", "budget, rate_limited, response_too_large"),
    ],
)
def test_cause_that_is_a_blame_names_its_causes(written, causes):
    with pytest.raises(UnknownCause) as caught:
        check_cause(written)
    assert str(caught.value) == f"--cause {written}: a blame, not a cause. Its causes are {causes}."


@pytest.mark.parametrize("cause", KNOWN_CAUSES)
def test_cause_of_an_error_mapping_is_known(cause):
    try:
        assert check_cause(cause) == cause
    except UnknownCause as error:
        assert "An incident has it as " in str(error)  # noqa: PT017 -- either is right


def test_groups_have_one_process_version_activity_and_cause():
    tasks = [AWAY, TENANT, make_task("4", process="order", message="groq: 503 Other words.")]
    groups = group_tasks(tasks)

    assert [(group.process, group.cause, group.size) for group in groups] == [
        ("order", "503", 2),
        ("invoice", "503", 1),
    ]
    assert groups[0].message == TENANT.message
