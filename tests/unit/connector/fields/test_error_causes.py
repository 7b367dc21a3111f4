"""The causes that an error mapping may name."""

import pytest

from catalyst_groq.commands.lint.rules import all_rules
from catalyst_groq.connector.fields.error_causes import FIX, KNOWN_CAUSES, OWN_CAUSES, check_cause
from catalyst_groq.connector.fields.mappings import ErrorMapping
from catalyst_groq.errors import FieldError
from support.lint_diagrams import lint_task


def refusal(cause):
    with pytest.raises(FieldError) as error:
        check_cause("catalyst_errorMapping", cause)
    return str(error.value)


@pytest.mark.parametrize(
    ("cause", "meant"),
    [
        ("rate", "rate_limit_exceeded"),
        ("rate_limit", "rate_limit_exceeded"),
        ("rate_limited", "rate_limit_exceeded"),
        ("quota", "insufficient_quota"),
        ("timeouts", "timeout"),
        ("netwrok", "network"),
        ("budget", "budget_exceeded"),
        ("model_notfound", "model_not_found"),
        ("too_large", "response_too_large"),
    ],
)
def test_cause_of_no_failure_is_refused_with_what_is_meant(cause, meant):
    message = refusal(cause)
    assert message.startswith(f"catalyst_errorMapping: '{cause}' is the cause of no failure. Did you mean ")
    assert meant in message


@pytest.mark.parametrize("cause", ["authentication", "transient", "redirected"])
def test_name_of_an_error_kind_is_no_cause(cause):
    assert refusal(cause).startswith(f"catalyst_errorMapping: '{cause}' is the cause of no failure. ")


@pytest.mark.parametrize("cause", ["", "42", "4x", "100", "600", "429 ", "429, 500", "4**", "${code}", "a-b"])
def test_cause_of_another_form_is_refused(cause):
    assert "is not a valid cause. Write a status (429)" in refusal(cause)


@pytest.mark.slow
@pytest.mark.parametrize(
    "cause",
    [
        *KNOWN_CAUSES,
        "429",
        "5xx",
        "4XX",
        "Timeout",
        "DeploymentNotFound",
        "content_filter",
        "overloaded_error",
        "other",
    ],
)
def test_cause_that_a_failure_may_have_is_accepted(cause):
    check_cause("catalyst_errorMapping", cause)


def test_cause_is_found_whatever_its_case():
    mapping = ErrorMapping.parse("catalyst_errorMapping", {"DeploymentNotFound": "GONE"})
    assert mapping.code_for(("DeploymentNotFound", "404", "4xx")) == "GONE"


@pytest.mark.parametrize(
    "cause", ["circuit_open", "empty_answer", "unreadable_file", "missing_api_key", "budget_exceeded", "network"]
)
def test_own_cause_is_known_to_lint_and_named_by_messages(cause):
    fixes = [message.fix for message in all_rules()["unknown-cause"].messages]

    assert lint_task({"catalyst_errorMapping": f'{{"{cause}": "BUSY"}}'}) == []
    assert cause in OWN_CAUSES
    assert cause in FIX
    assert any(fix.endswith(f"or one of {', '.join(OWN_CAUSES)}") for fix in fixes)
