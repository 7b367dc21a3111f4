"""The incident of a missing process variable: similar variables, and what to do in the running instance."""

import json

import pytest

from catalyst_groq.connector.results import missing_variables
from catalyst_groq.domain.external_task import ExternalTask
from catalyst_groq.errors import EngineRefused, EngineResponseTooLarge
from support.factories import make_task
from support.handler_harness import HandlerHarness

pytestmark = pytest.mark.anyio


def asking(content):
    return {"catalyst_payload": json.dumps({"messages": [{"role": "user", "content": content}]})}


TYPO = asking("Answer: ${userMesage}")
SET_IT = "Set 'userMesage' in this instance, or deploy the corrected diagram and migrate this instance to it;"
SET_BEFORE = "set it before this task, or give a default: ${userMesage || '(none)'}"


class EngineVariables:
    """The variables that an execution sees; records how often it is asked."""

    def __init__(self, names):
        self.names, self.executions = names, []

    async def __call__(self, execution_id):
        self.executions.append(execution_id)
        if isinstance(self.names, Exception):
            raise self.names
        return self.names


async def handle_partly_fetched(harness, properties):
    """Handle a task that was fetched with the variables which it needs, and which do not exist."""
    fetched = make_task({}, properties)._fetched
    await harness.handler.handle(ExternalTask(fetched, frozenset()))
    return await harness.handler.handle(ExternalTask(fetched, harness.handler.data.variables_to_fetch.names))


async def test_missing_variable_names_a_similar_one():
    engine = EngineVariables(["other"])
    harness = HandlerHarness(visible_variables=engine)
    outcome = await harness.handle({"userMessage": "Hi", "other": 1}, TYPO)

    assert outcome.message == (
        "catalyst_payload: ${userMesage} needs the process variable 'userMesage', which does not exist. "
        f"Did you mean userMessage? If not, {SET_BEFORE}. {SET_IT} then raise the task's retries."
    )
    assert outcome.retries == 0
    assert not engine.executions


@pytest.mark.parametrize(
    ("written", "meant"),
    [("toen", "tone"), ("tonn", "tone"), ("tome", "tone"), ("tne", "tone"), ("rder", "order"), ("oredr", "order")],
)
async def test_missing_variable_of_a_short_name_is_similar_by_one_letter(written, meant):
    outcome = await HandlerHarness().handle({meant: "x", "userMessage": "Hi"}, asking(f"${{{written}}}"))

    assert f"Did you mean {meant}?" in outcome.message


@pytest.mark.parametrize(("written", "other"), [("id", "ip"), ("to", "cc"), ("note", "tone"), ("text", "mail")])
async def test_missing_variable_of_another_short_name_is_not_similar(written, other):
    outcome = await HandlerHarness().handle({other: "x", "userMessage": "Hi"}, asking(f"${{{written}}}"))

    assert "Did you mean" not in outcome.message


async def test_missing_variable_is_searched_in_the_engine():
    engine = EngineVariables(["other", "userMessage"])
    outcome = await handle_partly_fetched(HandlerHarness(visible_variables=engine), TYPO)

    assert "Did you mean userMessage? If not, set it" in outcome.message
    assert engine.executions == ["execution-1"]


@pytest.mark.parametrize(
    "names",
    [[], ["other"], EngineRefused(403, "AuthorizationException", "no READ"), EngineResponseTooLarge("too large")],
)
async def test_missing_variable_without_a_similar_one_is_said_alone(names):
    harness = HandlerHarness(visible_variables=EngineVariables(names))
    outcome = await handle_partly_fetched(harness, TYPO)

    assert outcome.retries == 0
    assert "Did you mean" not in outcome.message
    assert f"which does not exist. S{SET_BEFORE[1:]}. {SET_IT}" in outcome.message


async def test_missing_variable_of_a_costly_expression_is_similar():
    needed = "sort_by(itms, &name)[*].name | join(', ', @)"
    items = [{"name": "x" * 200}] * 2000
    outcome = await HandlerHarness().handle({"items": items, "itms2": items}, asking(f"${{{needed}}}"))

    assert "needs the process variable 'itms', which does not exist. Did you mean i" in outcome.message


@pytest.mark.parametrize(
    ("properties", "similar", "missing", "remedy"),
    [
        (
            {"catalyst_operation": "transcribe", "catalyst_audio": "recordng"},
            "recording",
            "recordng",
            "Set 'recordng' in this instance, or deploy",
        ),
        (
            {"catalyst_secretSource": "variable", "catalyst_apiKey": "groqKye"},
            "groqKey",
            "groqKye",
            "Set the key, then raise the task's retries.",
        ),
    ],
)
async def test_missing_variable_named_by_a_field_names_a_similar_one(properties, similar, missing, remedy):
    outcome = await HandlerHarness().handle({"userMessage": "Hi", similar: "https://x.example/a.mp3"}, properties)

    assert f"there is no process variable '{missing}'. Did you mean {similar}? If not, set it before" in outcome.message
    assert remedy in outcome.message


async def test_variable_that_was_set_meanwhile_is_no_suggestion():
    outcome = await handle_partly_fetched(HandlerHarness(visible_variables=EngineVariables(["userMesage"])), TYPO)

    assert "Did you mean" not in outcome.message


async def test_variable_of_another_language_is_not_to_be_set():
    outcome = await HandlerHarness().handle({"order": 1}, asking("${order-id}"))

    assert "needs quotes" in outcome.message
    assert "in this instance" not in outcome.message


async def test_no_more_than_a_bound_of_many_names_is_compared(monkeypatch):
    compared = []

    def record(_name, names, _min_similarity):
        compared.extend(names)

    monkeypatch.setattr(missing_variables, "closest", record)
    engine = EngineVariables([f"name-{number:05}" for number in range(20_000)])
    await handle_partly_fetched(HandlerHarness(visible_variables=engine), TYPO)

    assert 0 < sum(map(len, compared)) <= missing_variables.MAX_COMPARED_CHARS_OF_ALL
