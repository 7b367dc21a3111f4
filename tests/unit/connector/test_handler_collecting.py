"""Collect: which outcomes of an item carry its result or its error, and what is refused before Groq is asked."""

from dataclasses import replace

import pytest

from catalyst_groq.domain.outcomes import BpmnError, CollectedResult, Completion, Failure
from catalyst_groq.errors import EngineRefused
from support.factories import make_response
from support.handler_harness import HandlerHarness

pytestmark = pytest.mark.anyio

LOOP = "<multiInstanceLoopCharacteristics/>"
TASK = '<serviceTask id="AskGroq" camunda:topic="catalyst-groq">{}</serviceTask>'
CAUGHT = '<boundaryEvent id="b" attachedToRef="{}"><errorEventDefinition/></boundaryEvent>'
INPUT = """<extensionElements><camunda:inputOutput><camunda:inputParameter name="{}"/></camunda:inputOutput>
    </extensionElements>"""
ITEM = TASK.format(LOOP)
IN_SUBPROCESS = f'<subProcess id="Each">{LOOP}{TASK.format("")}</subProcess>'
NESTED = f'<subProcess id="Each">{LOOP}{ITEM}</subProcess>'
NESTED_WITH_OWN = f'<subProcess id="Each">{INPUT.format("results")}{LOOP}{ITEM}</subProcess>'
COLLECT = {"catalyst_collect": "results", "catalyst_responseMapping": '{"text": "choices[0].message.content"}'}
BAD = make_response(400, {"error": {"message": "Bad request", "code": "bad"}})
UNAVAILABLE = make_response(503, {"error": {"message": "Unavailable"}})
REFUSED_KEY = make_response(401, {"error": {"message": "Invalid API Key", "code": "invalid_api_key"}})
GONE = make_response(404, {"error": {"message": "gone", "code": "model_not_found"}})
SPEND = make_response(400, {"error": {"message": "Spend limit", "code": "spend_limit_reached"}})


async def handle(*responses, process=ITEM, variables=None, retries=None, **properties):
    named = {f"catalyst_{name}": text for name, text in properties.items()}
    harness = HandlerHarness(*responses, process=process)
    given = {"userMessage": "Hi", "loopCounter": 3, **(variables or {})}
    return await harness.handle(given, COLLECT | named, retries=retries, activityInstanceId="AskGroq:1")


def result(value, key="3", **more):
    return replace(CollectedResult("results", key, value, "AskGroq", "3"), **more)


async def test_collect_takes_the_mapped_variables():
    outcome = await handle()

    assert outcome.collected == result({"text": "Hello Ada"})
    assert outcome.variables["text"] == "Hello Ada"
    assert outcome.local == set(outcome.variables)


async def test_collect_takes_values_of_forced_types():
    outcome = await handle(responseMapping='{"tokens:Long": "usage.total_tokens"}')

    assert outcome.collected.value == {"tokens": 23}


async def test_collect_without_standard_variables():
    outcome = await handle(standardVariables="onFailure")

    assert outcome.collected == result({"text": "Hello Ada"})
    assert outcome.sent == {"text": "Hello Ada"}


async def test_collected_error_has_the_standard_variables():
    outcome = await handle(BAD, standardVariables="onFailure")

    assert outcome.collected.error
    assert set(outcome.sent) == {
        f"catalyst_{name}" for name in ("responseBody", "statusCode", "success", "error", "meta")
    }


async def test_collect_of_a_subprocess_leaves_variables_to_the_item():
    outcome = await handle(process=IN_SUBPROCESS)

    assert outcome.collected == result({"text": "Hello Ada"}, multi_instance="Each")
    assert outcome.local == frozenset()


async def test_collect_keeps_the_conversation_of_the_process():
    outcome = await handle(conversation="talk")

    assert set(outcome.variables) - outcome.local == {"talk"}


async def test_collect_key_is_filled():
    outcome = await handle(variables={"order": {"id": 7}}, collectKey="order-${order.id}")

    assert outcome.collected == result({"text": "Hello Ada"}, key="order-7")


async def test_nothing_is_collected_by_default():
    outcome = await HandlerHarness(process=ITEM).handle({"userMessage": "Hi", "loopCounter": 3})

    assert (outcome.collected, outcome.local) == (None, frozenset())


async def test_collect_takes_the_error_that_remains():
    outcome = await handle(BAD)

    assert isinstance(outcome, Completion)
    error = outcome.collected.value["error"]
    assert (error["code"], error["status"]) == ("INVALID_REQUEST", 400)
    assert error["message"] == outcome.collected.error
    assert (outcome.variables["catalyst_success"], outcome.variables["catalyst_error"]) == (False, "400 Bad request")


@pytest.mark.parametrize("retries", [None, 2])
async def test_collect_lets_the_engine_retry_first(retries):
    outcome = await handle(UNAVAILABLE, retries=retries)

    assert isinstance(outcome, Failure)
    assert outcome.retries


async def test_collect_takes_what_remains_after_the_retries():
    outcome = await handle(UNAVAILABLE, retries=1)

    error = outcome.collected.value["error"]
    assert (error["status"], error["message"]) == (503, "Groq: 503 Unavailable.")


@pytest.mark.parametrize("response", [GONE, SPEND], ids=["model", "spend limit"])
async def test_collect_leaves_errors_of_all_items_alone(response):
    outcome = await handle(response, response, response, errorMapping="{}")

    assert isinstance(outcome, Failure)


async def test_collect_hands_a_refused_key_back_to_the_engine():
    outcome = await handle(*[REFUSED_KEY] * 9, process=ITEM)

    assert isinstance(outcome, Failure)


@pytest.mark.parametrize(
    ("process", "is_thrown"),
    [
        (ITEM + CAUGHT.format("AskGroq"), False),
        (IN_SUBPROCESS + CAUGHT.format("Each"), False),
        (IN_SUBPROCESS.replace("</subProcess>", CAUGHT.format("AskGroq") + "</subProcess>"), True),
    ],
    ids=["on the loop", "on the subprocess", "inside the item"],
)
async def test_collect_throws_only_what_an_item_catches_itself(process, is_thrown):
    outcome = await handle(BAD, process=process)

    assert isinstance(outcome, BpmnError if is_thrown else Completion)
    assert outcome.collected.value["error"]["code"] == "INVALID_REQUEST"


async def test_collect_without_errors_changes_no_error():
    outcome = await handle(BAD, process=ITEM + CAUGHT.format("AskGroq"), collectErrors="false")

    assert isinstance(outcome, BpmnError)
    assert outcome.collected is None


async def test_collect_takes_the_error_of_a_mapping():
    outcome = await handle(responseMapping='{"total": "abs(choices)"}')

    assert outcome.collected.value["error"]["message"].startswith("catalyst_responseMapping: ")
    assert "migrate" not in outcome.variables["catalyst_error"] + outcome.collected.error
    assert outcome.variables["catalyst_success"] is False


async def test_collect_takes_an_error_in_the_data_of_an_item():
    outcome = await handle(payload='{"messages": [{"role": "user", "content": "${missing}"}]}')

    assert outcome.collected.value["error"]["message"].startswith("catalyst_payload: ")
    assert "migrate" not in outcome.variables["catalyst_error"] + outcome.collected.error


@pytest.mark.parametrize(("retries", "is_collected"), [(2, False), (1, True)])
async def test_collect_takes_an_unreadable_file_after_the_retries(retries, is_collected):
    async def refuse(*_):
        raise EngineRefused(500, "ProcessEngineException", "gone")

    payload = "messages: [{role: user, content: ['What is this?', '${photo}']}]"
    files = {"photo": {"type": "File", "value": None, "valueInfo": {"filename": "photo.txt"}}}
    numbered = {**files, "loopCounter": {"type": "Integer", "value": 3}}
    harness = HandlerHarness(process=ITEM, read_file=refuse)
    outcome = await harness.handle(None, COLLECT | {"catalyst_payload": payload}, files=numbered, retries=retries)

    assert isinstance(outcome, Completion) is is_collected
    assert "The File 'photo' cannot be read" in str(outcome)
    assert "raise the task's retries" not in str(outcome)


async def test_collect_leaves_a_wrong_field_to_the_modeller():
    outcome = await handle(timeout="soon")

    assert isinstance(outcome, Failure)
    assert outcome.message.startswith("catalyst_timeout: ")


@pytest.mark.parametrize(
    ("properties", "process", "message"),
    [
        ({}, TASK.format(""), "catalyst_collect: the task 'AskGroq' is not in a multi-instance"),
        ({"collect": "results[orderId]"}, ITEM, "catalyst_collect: 'results[orderId]' is not the name"),
        ({"collect": "my results"}, ITEM, "catalyst_collect: 'my results' is not the name"),
        ({"collect": "catalyst_meta"}, ITEM, "catalyst_collect: 'catalyst_meta' cannot be set"),
        ({"collect": "text"}, ITEM, "catalyst_collect: 'text' is also a name in the Response Mapping"),
        ({"collectKey": "${missing}"}, ITEM, "catalyst_collectKey: ${missing} needs the process variable 'missing'"),
        ({"collectErrors": "no"}, ITEM, "catalyst_collectErrors: 'no' is not a valid value"),
        ({}, NESTED, "catalyst_collectKey: 'loopCounter' of 'AskGroq' begins anew in each item of 'Each'"),
    ],
)
async def test_collect_refuses_what_cannot_work(properties, process, message):
    outcome = await handle(process=process, **properties)

    assert isinstance(outcome, Failure)
    assert outcome.message.startswith(message)


async def test_collect_needs_a_number_of_the_item():
    outcome = await HandlerHarness(process=ITEM).handle({"userMessage": "Hi"}, COLLECT)

    assert outcome.message.startswith("catalyst_collectKey: the task does not see 'loopCounter'")


@pytest.mark.parametrize(("process", "shared"), [(NESTED, "Each"), (NESTED_WITH_OWN, "AskGroq")])
async def test_collect_of_nested_loops_goes_into_the_shared_variable(process, shared):
    outcome = await handle(process=process, collectKey="a")

    assert outcome.collected.multi_instance == shared


async def test_collect_masks_the_keys_of_tasks():
    key = "my-own-key-0123456789"
    properties = {"secretSource": "variable", "apiKey": key, "collectKey": key}
    outcome = await handle(make_response(400, {"error": {"message": f"no {key}"}}), **properties)

    assert key not in str(outcome)
