"""One task's way, with hand-made parts at its seams."""

import asyncio
import itertools
import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from catalyst_groq.camunda.definition_cache import DefinitionCache
from catalyst_groq.connector.access.providers import default_providers
from catalyst_groq.connector.access.secrets import Secrets
from catalyst_groq.connector.access.urls import GROQ_URL, AllowedUrls
from catalyst_groq.connector.budgets import Budgets
from catalyst_groq.connector.handler import Handler
from catalyst_groq.connector.results.outcome_mapping import REMEDIES
from catalyst_groq.domain.definitions import CallingProcess
from catalyst_groq.domain.outcomes import BpmnError, Completion, Failure, Outcome
from catalyst_groq.domain.variables import Encoder
from catalyst_groq.domain.variables_to_fetch import VariablesToFetch
from catalyst_groq.errors import EngineRefused, EngineUnreachable, JournalError
from catalyst_groq.groq.api.errors import ErrorKind
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason
from catalyst_groq.groq.models.catalog import known_models
from catalyst_groq.groq.routing.endpoints import Endpoint
from catalyst_groq.groq.routing.failover import RoutingState
from catalyst_groq.groq.routing.retired_models import RetiredModels
from catalyst_groq.journal import MemoryLedger, NullJournal, WriteBehindLedger
from catalyst_groq.observability.metrics import Metrics
from support.factories import RATE_LIMITED, REPLY, make_answer, make_task

pytestmark = pytest.mark.anyio

NOWHERE = Path("/nowhere")
KEY = "gsk_0123456789abcdef"
DENIED = make_answer(401, {"error": {"message": f"Invalid API Key {KEY}", "code": "invalid_api_key"}})
PLAIN = '<serviceTask id="AskGroq" camunda:topic="catalyst-groq"/>'
CATCHING = PLAIN + '<boundaryEvent id="b" attachedToRef="AskGroq"><errorEventDefinition/></boundaryEvent>'


@dataclass
class Groq:
    """Answers in turn, the last answer for ever; keeps what it was asked."""

    answers: list[Any]
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    async def ask(self, account, payload, within):
        self.asked.append((account.url, account.key, payload, within))
        answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Remembering(NullJournal):
    """A journal that keeps the last answer, whatever the task."""

    is_available = True
    answer = None

    async def load(self, key):  # noqa: ARG002 -- the protocol's
        return self.answer

    async def store(self, key, response):  # noqa: ARG002 -- the protocol's
        self.answer = response


class Setting:
    """A handler and the parts around it."""

    def __init__(self, *answers, process=PLAIN, processes=(), calling=(), urls=None, engine=None, **parts):
        self.groq = Groq(list(answers) or [make_answer()])
        self.calling = calling if isinstance(calling, Exception) else dict(calling)
        self.process = process
        self.processes = dict(processes)
        self.engine_says = engine
        self.read = []
        self.handler = Handler(
            definition_of=DefinitionCache(self._definition_xml).get,
            calling_process=self._calling_process,
            read_file=self._read_file,
            secrets=Secrets(
                providers=default_providers(
                    {"GROQ_API_KEY": KEY, "GROQ_BILLING_KEY": "key-of-billing"}, NOWHERE, NOWHERE
                ),
                allowed=("groq*",),
                allow_variables=True,
            ),
            urls=urls or AllowedUrls(GROQ_URL),
            ask=self.groq.ask,
            routing_state=RoutingState(RetiredModels(known_models())),
            variables_to_fetch=VariablesToFetch(),
            lock_duration=timedelta(minutes=1),
            **{"journal": NullJournal(), **parts},
        )

    async def _definition_xml(self, definition_id):
        if self.engine_says:
            raise self.engine_says
        process = self.processes.get(definition_id, self.process)
        return (
            '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
            f'xmlns:camunda="http://camunda.org/schema/1.0/bpmn"><process id="p">{process}</process></definitions>'
        )

    async def _read_file(self, process_instance_id, name):
        assert process_instance_id == "instance-1"
        self.read.append(name)
        return f"the content of {name}".encode()

    async def _calling_process(self, process_instance_id):
        if isinstance(self.calling, Exception):
            raise self.calling
        return self.calling.get(process_instance_id)

    async def handle(self, variables=None, properties=None, **context):
        return await self.handler.handle(make_task(variables, properties, **context))


async def test_a_task_is_answered_by_groq():
    setting = Setting()

    outcome = await setting.handle({"userMessage": 'say "hi"'}, {"catalyst_timeout": "7"})

    [(url, key, payload, within)] = setting.groq.asked
    assert (url, key, within) == ("https://api.groq.com/openai/v1", KEY, 7)
    assert payload["messages"][1]["content"] == 'say "hi"'
    assert isinstance(outcome, Completion)
    assert outcome.variables["aiReply"] == "Hello Ada"
    assert outcome.variables["catalyst_meta"]["modelAsked"] == payload["model"]


@pytest.mark.parametrize(
    ("properties", "variables", "message"),
    [
        ({}, {}, "catalyst_payload: ${userMessage} needs the process variable 'userMessage', which does not exist"),
        ({"catalyst_payload": "{"}, None, "catalyst_payload: is not JSON"),
        ({"catalyst_payload": "a: 1"}, None, "catalyst_payload: has no list of messages"),
        ({"catalyst_payload": "messages: [!!set {a}]"}, None, "catalyst_payload: cannot be written as JSON"),
        ({"catalyst_secretSource": "vault"}, None, "catalyst_secretSource: 'vault' is not a valid value"),
        ({"catalyst_apiKey": "groq_other"}, None, "catalyst_apiKey: the environment variable GROQ_OTHER is not set"),
        ({"catalyst_apiKey": "aws_key"}, None, "catalyst_apiKey: the secret name 'aws_key' is not allowed here"),
        ({"catalyst_responseMapping": '{"a": "["}'}, None, "catalyst_responseMapping: 'a': `[` is not JMESPath"),
        (
            {"catalyst_url": "https://evil.example"},
            None,
            "catalyst_url: 'https://evil.example' is not allowed here, so no",
        ),
        (
            {"catalyst_url": "groq"},
            None,
            "catalyst_url: 'groq' is not a plain http(s) URL such as https://api.groq.com",
        ),
        ({"catalyst_timeout": "${userMessage}"}, None, "catalyst_timeout: 'Hi' is no number of seconds above 0"),
    ],
)
async def test_a_wrong_field_is_an_incident_that_names_it_and_groq_is_not_asked(properties, variables, message):
    setting = Setting(process=CATCHING)
    outcome = await setting.handle(variables, properties, retries=2)
    assert isinstance(outcome, Failure)
    assert outcome.retries == 0
    assert outcome.message.startswith(message)
    assert not setting.groq.asked


async def test_a_caught_bpmn_error_is_thrown_with_all_standard_variables():
    outcome = await Setting(DENIED, process=CATCHING).handle()
    assert isinstance(outcome, BpmnError)
    assert outcome.code == "AUTH_FAILED"
    assert outcome.variables["catalyst_statusCode"] == 401
    assert outcome.variables["catalyst_success"] is False


async def test_a_bpmn_error_that_nothing_catches_is_an_incident_that_names_the_missing_boundary_event():
    outcome = await Setting(DENIED).handle()
    assert isinstance(outcome, Failure)
    assert outcome.retries == 0
    assert outcome.message.startswith("Groq: 401 Invalid API Key")
    assert outcome.message.endswith(
        "Nothing catches the BPMN error AUTH_FAILED: attach an error boundary event to 'AskGroq'."
    )
    assert outcome.variables["catalyst_statusCode"] == 401


EVENT = """<endEvent id="AskGroq"><messageEventDefinition camunda:topic="catalyst-groq"/></endEvent>"""


async def test_no_boundary_event_is_asked_for_where_none_can_be_attached():
    outcome = await Setting(DENIED, process=EVENT).handle()
    assert outcome.message.endswith("put 'AskGroq' into a subprocess and attach an error boundary event to that.")


async def test_the_missing_boundary_event_is_named_within_what_the_engine_keeps():
    answer = make_answer(401, {"error": {"message": "x" * 5000}})
    code, activity = "AUTHENTICATION_HAS_FAILED", "Activity_AskGroqAboutTheCustomer"
    process = PLAIN.replace("AskGroq", activity)
    outcome = await Setting(answer, process=process).handle(
        None, {"catalyst_errorMapping": f"401: {code}"}, activityId=activity
    )
    assert len(outcome.message) <= 666
    assert outcome.message.endswith(f"{code}: attach an error boundary event to '{activity}'.")


CALL = '<callActivity id="Call"/>'
CAUGHT = CALL + '<boundaryEvent id="b" attachedToRef="Call"><errorEventDefinition/></boundaryEvent>'


@pytest.mark.parametrize(
    ("callers", "outcome"),
    [([CAUGHT], BpmnError), ([CALL], Failure), ([CALL, CAUGHT], BpmnError), ([CALL, CALL], Failure)],
)
async def test_a_bpmn_error_is_thrown_if_a_calling_process_catches_it(callers, outcome):
    processes = {f"caller-{number}": process for number, process in enumerate(callers)}
    instances = ["instance-1", *processes]
    calling = {called: CallingProcess(caller, caller) for called, caller in itertools.pairwise(instances)}

    assert isinstance(await Setting(DENIED, calling=calling, processes=processes).handle(), outcome)


async def test_an_operator_can_have_uncaught_bpmn_errors_thrown():
    assert isinstance(await Setting(DENIED, throw_uncaught=True).handle(), BpmnError)


async def test_a_limit_is_waited_out_and_asked_again():
    limited = {"error": {"message": "Rate limit reached. Please try again in 10ms."}}
    setting = Setting(make_answer(429, limited), make_answer())
    outcome = await setting.handle()
    assert isinstance(outcome, Completion)
    assert outcome.variables["catalyst_meta"]["attemptCount"] == len(setting.groq.asked) == 2


async def test_patience_is_counted_from_when_the_task_was_made():
    times = {"createTime": "2026-11-21T10:00:00.000+0000", "lockExpirationTime": "2026-11-21T10:11:00.000+0000"}
    setting = Setting(make_answer(429, RATE_LIMITED), process=CATCHING)
    outcome = await setting.handle(None, {"catalyst_giveUpAfter": "PT10M"}, **times)
    assert isinstance(outcome, BpmnError)
    assert len(setting.groq.asked) == 1


async def test_a_passing_fault_leaves_the_retries_to_the_engine():
    lost = NoResponse(NoResponseReason.CONNECTION_RESET, "gone", sent=True, seconds=0)
    outcome = await Setting(lost).handle(None, {"catalyst_retries": "R5/PT3S"})
    assert (outcome.retries, outcome.retry_timeout) == (4, timedelta(seconds=3))


async def test_groqs_address_in_the_diagram_leads_to_where_the_operator_says_groq_is():
    setting = Setting(urls=AllowedUrls("http://127.0.0.1:9/openai/v1"))
    await setting.handle()
    assert setting.groq.asked[0][0] == "http://127.0.0.1:9/openai/v1"


ENDPOINTS = (Endpoint("main", Account("https://main/v1", "main-key")), Endpoint("groq", Account(GROQ_URL, "")))
MAIN = ("https://main/v1", "main-key")


@pytest.mark.parametrize(
    ("properties", "asked"),
    [
        ({}, MAIN),
        ({"catalyst_secretSource": "env", "catalyst_apiKey": "GROQ_API_KEY"}, MAIN),
        ({"catalyst_url": "https://api.groq.com/openai/v1/chat/completions"}, MAIN),
        ({"catalyst_apiKey": "groq_billing_key"}, (GROQ_URL, "key-of-billing")),
        ({"catalyst_secretSource": "variable", "catalyst_apiKey": "key-of-a-process"}, (GROQ_URL, "key-of-a-process")),
        ({"catalyst_url": "https://own/v1"}, ("https://own/v1", KEY)),
    ],
)
async def test_the_operators_endpoints_are_asked_for_tasks_that_bring_no_url_and_no_key(properties, asked):
    setting = Setting(make_answer(503, ""), endpoints=ENDPOINTS, urls=AllowedUrls(GROQ_URL, ("https://own/v1",)))
    await setting.handle(None, properties)
    places = [request[:2] for request in setting.groq.asked]
    assert places == ([asked, (GROQ_URL, KEY)] if asked == MAIN else [asked])


async def test_a_key_in_a_process_stays_the_processes_own_whatever_the_variable_is_called():
    setting = Setting(endpoints=ENDPOINTS)
    variables = {"userMessage": "Hi", "groq_api_key": "key-of-a-process"}
    await setting.handle(variables, {"catalyst_secretSource": "variable", "catalyst_apiKey": "groq_api_key"})
    assert [request[:2] for request in setting.groq.asked] == [(GROQ_URL, "key-of-a-process")]


async def test_the_tasks_key_is_not_looked_up_where_nobody_needs_it():
    setting = Setting(endpoints=ENDPOINTS[:1])
    setting.handler = replace(
        setting.handler, secrets=replace(setting.handler.secrets, providers=default_providers({}, NOWHERE, NOWHERE))
    )
    assert isinstance(await setting.handle(), Completion)


async def test_a_key_goes_to_no_endpoint_but_its_own():
    keyless = Endpoint("local", Account("http://local/v1", ""))
    setting = Setting(endpoints=(keyless,))
    await setting.handle()
    assert setting.groq.asked[0][:2] == ("http://local/v1", "")


@pytest.mark.parametrize(("retries", "kept"), [(None, 3), (1, 1)])
async def test_an_engine_that_is_away_burns_no_retry(retries, kept):
    outcome = await Setting(engine=EngineUnreachable("away")).handle(retries=retries)
    assert (outcome.message, outcome.retries, outcome.retry_timeout) == ("away", kept, timedelta())


async def test_an_engine_that_hides_the_process_is_a_failed_try_that_says_so():
    outcome = await Setting(engine=EngineRefused(403, "AuthorizationException", "no READ")).handle()
    assert outcome.message == "The engine does not let the worker read the process: 403 AuthorizationException: no READ"
    assert (outcome.retries, outcome.retry_timeout) == (2, timedelta(seconds=10))


@pytest.mark.parametrize("defect", [RuntimeError("boom"), KeyError(KEY), RecursionError()])
async def test_a_defect_is_a_failed_try_and_not_an_exception(defect, caplog):
    outcome = await Setting(defect).handle(retries=1)
    assert outcome.message.startswith(f"A defect of the worker, see its log: {type(defect).__name__}")
    assert KEY not in outcome.message
    assert outcome.retries == 0
    assert caplog.messages == ["Task task-1 met a defect of the worker"]


@pytest.mark.parametrize("depth", [600, 900, 940, 960, 980, 1000, 2000])
async def test_an_answer_nested_deeply_is_reported_or_refused(depth):
    deep = make_answer(200, '{"choices":[' + '{"a":' * depth + "1" + "}" * depth + "]}")
    outcome = await Setting(deep).handle(None, {"catalyst_responseMapping": "all: '@'"})
    assert json.dumps(Encoder().encode_all(outcome.variables))


async def test_a_payload_with_a_number_for_a_name_fails_as_any_other():
    outcome = await Setting(make_answer(400, {"error": {"message": "no"}})).handle(
        None, {"catalyst_payload": "1: one\nmessages: [{role: user, content: Hi}]"}
    )
    assert outcome.message.startswith("Groq: 400 no")
    assert '"1": "one"' in outcome.details


async def test_a_question_that_cannot_be_answered_about_the_caller_is_a_failure():
    outcome = await Setting(DENIED, calling=EngineUnreachable("away")).handle()
    assert (outcome.message, outcome.retries) == ("away", 3)


VISION = {"catalyst_payload": "messages: [{role: user, content: ['What is this?', '${photo}']}]"}
PHOTO = {"type": "File", "value": None, "valueInfo": {"filename": "photo.txt"}}


async def test_a_file_is_read_only_where_it_is_used():
    setting = Setting()
    task = make_task(properties=VISION)
    task._fetched["variables"] = {"photo": PHOTO, "other": PHOTO}
    outcome = await setting.handler.handle(task)
    assert isinstance(outcome, Completion), outcome

    assert setting.groq.asked[0][2]["messages"][0]["content"] == [
        {"type": "text", "text": "What is this?"},
        {"type": "text", "text": "the content of photo"},
    ]
    assert setting.read == ["photo"]


async def test_a_conversation_goes_on():
    turns = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]
    setting = Setting()
    outcome = await setting.handle({"userMessage": "And now?", "talk": turns}, {"catalyst_conversation": "talk"})

    asked = setting.groq.asked[0][2]["messages"]
    assert asked[1:] == [*turns, {"role": "user", "content": "And now?"}]
    assert outcome.variables["talk"] == [*asked[1:], {"role": "assistant", "content": "Hello Ada"}]


async def test_a_dead_model_is_replaced_and_the_next_task_does_not_ask_for_it():
    gone = make_answer(404, {"error": {"message": "gone", "code": "model_not_found"}})
    setting = Setting(gone, make_answer())
    dead = {"catalyst_model": "llama-3.3-70b-versatile"}
    outcome = await setting.handle(None, dead)
    await setting.handle(None, dead)

    replacement = "openai/gpt-oss-120b"
    assert [asked[2]["model"] for asked in setting.groq.asked] == [dead["catalyst_model"], replacement, replacement]
    meta = outcome.variables["catalyst_meta"]
    assert (meta["modelAsked"], meta["modelsTried"]) == (dead["catalyst_model"], [dead["catalyst_model"], replacement])


@pytest.mark.parametrize("name", ["catalyst_meta", "${userMessage}"])
async def test_a_conversation_is_kept_in_a_variable_of_its_own(name):
    outcome = await Setting().handle({"userMessage": "catalyst_error"}, {"catalyst_conversation": name})
    assert outcome.message.startswith("catalyst_conversation: 'catalyst_")


async def test_a_wrong_field_is_told_with_what_stands_in_the_others():
    outcome = await Setting().handle(None, {"catalyst_timeout": "soon", "catalyst_retries": "R1/PT0S"})
    assert outcome.details.endswith("catalyst_timeout:\nsoon\n\ncatalyst_retries:\nR1/PT0S")


@pytest.mark.parametrize("answer", [DENIED, make_answer(403, "")])
async def test_a_failure_tells_what_was_asked_without_any_part_of_a_key(answer):
    outcome = await Setting(answer).handle({"userMessage": f"{'x' * 1990}{KEY}"})
    assert isinstance(outcome, Failure)
    assert f'"content": "{"x" * 1990}***"' in outcome.details
    assert "gsk_" not in outcome.details


TRANSCRIBE = {"catalyst_operation": "transcribe"}
VOICEMAIL = {"type": "File", "value": None, "valueInfo": {"filename": "voicemail.wav", "mimeType": "audio/wav"}}
HEARD = make_answer(200, {"text": "Hi", "model": "whisper-large-v3-turbo", "duration": 90, "segments": []})


def hearing():
    task = make_task(properties=TRANSCRIBE)
    task._fetched["variables"] = {"recording": VOICEMAIL}
    return task


COST = (18 * Decimal("0.15") + 5 * Decimal("0.60")) / 1_000_000
SPENT = "not asked, a budget is spent: 0.0000057 of 0.000001 USD for this process instance"


def a_millionth(**parts):
    return Budgets(per_instance=Decimal("1e-6"), **parts)


async def test_a_budget_that_is_spent_is_a_bpmn_error_and_groq_is_not_asked():
    setting = Setting(process=CATCHING, budgets=a_millionth())
    outcomes = [await setting.handle() for _ in range(2)]

    assert isinstance(outcomes[0], Completion)
    assert isinstance(outcomes[1], BpmnError)
    assert outcomes[1].code == "BUDGET_EXCEEDED"
    assert outcomes[1].variables["catalyst_error"].startswith(SPENT)
    meta = outcomes[1].variables["catalyst_meta"]
    assert (meta["attemptCount"], meta["modelsTried"]) == (0, [])
    assert [step["result"] for step in meta["attempts"]] == ["not asked, a budget is spent"]
    assert len(setting.groq.asked) == 1


async def test_a_budget_that_is_spent_is_an_incident_with_the_figures_where_nothing_catches_it():
    setting = Setting(budgets=a_millionth())
    _, outcome = [await setting.handle() for _ in range(2)]

    assert isinstance(outcome, Failure)
    assert outcome.message == (
        f"Groq: {SPENT} (CATALYST_BUDGET_PER_INSTANCE). {REMEDIES[ErrorKind.BUDGET]} "
        "Nothing catches the BPMN error BUDGET_EXCEEDED: attach an error boundary event to 'AskGroq'."
    )
    assert outcome.retries == 0
    assert len(setting.groq.asked) == 1


async def test_every_answer_that_was_paid_is_booked_also_one_that_could_not_be_used():
    kept = Budgets(per_instance=Decimal(1))
    wanting_json = {"messages": [{"role": "user", "content": "Hi"}], "response_format": {"type": "json_object"}}
    outcome = await Setting(budgets=kept).handle({}, {"catalyst_payload": json.dumps(wanting_json)})

    assert isinstance(outcome, Failure)
    assert outcome.variables["catalyst_meta"]["attemptCount"] == 2
    assert await kept.ledger.spent(["instance:instance-1"]) == [2 * COST]


async def test_what_was_paid_for_is_replayed_whatever_has_been_spent():
    kept = Remembering()
    setting = Setting(budgets=a_millionth(), journal=kept)
    outcomes = [await setting.handle() for _ in range(2)]

    assert [type(outcome) for outcome in outcomes] == [Completion, Completion]
    assert len(setting.groq.asked) == 1


async def test_without_a_ledger_that_is_required_groq_is_not_asked_and_no_retry_is_burned():
    class Away(MemoryLedger):
        async def spent(self, accounts):
            raise JournalError(f"No {len(accounts)} sums")

    setting = Setting(budgets=a_millionth(ledger=WriteBehindLedger(Away(), required=True)))
    outcome = await setting.handle(retries=2)

    assert outcome == Failure("No 1 sums. Groq is not asked without it", retries=2, retry_timeout=timedelta(seconds=30))
    assert not setting.groq.asked


async def test_a_recording_is_read_and_what_was_heard_becomes_variables():
    setting = Setting(HEARD)
    outcome = await setting.handler.handle(hearing())

    assert setting.read == ["recording"]
    assert setting.groq.asked[0][2]["file"].content == b"the content of recording"
    assert isinstance(outcome, Completion)
    assert (outcome.variables["transcript"], outcome.variables["duration"]) == ("Hi", 90.0)
    assert outcome.variables["catalyst_meta"]["costUsd"] == 0.001


async def test_a_recording_that_is_refused_is_told_without_its_content():
    outcome = await Setting(DENIED).handler.handle(hearing())

    assert '"file": "voicemail.wav (audio/wav, 24 bytes, SHA-256 ' in outcome.details


async def test_what_the_worker_cannot_do_is_named():
    outcome = await Setting().handle(None, {"catalyst_operation": "sing"})

    assert outcome.message == (
        "catalyst_operation: 'sing' is nothing that the worker can do. Write one of chat, transcribe"
    )
    assert outcome.details.endswith("catalyst_operation:\nsing")


ECHO = {"model": KEY, "choices": [{"message": {"content": f"your key is {KEY}"}}], KEY: [KEY]}


@pytest.mark.parametrize("source", ["env", "variable"])
@pytest.mark.parametrize(
    ("answers", "process", "kind"),
    [
        ([make_answer(200, ECHO, x_request_id=KEY)], PLAIN, Completion),
        ([DENIED], CATCHING, BpmnError),
        ([DENIED], PLAIN, Failure),
        ([NoResponse(NoResponseReason.INVALID_RESPONSE, KEY, sent=True, seconds=0)], PLAIN, Failure),
        ([ValueError(KEY)], PLAIN, Failure),
    ],
)
async def test_the_key_is_masked_in_every_outcome(answers, process, kind, source):
    properties = {"catalyst_responseMapping": "{'all': '@', 'text': 'choices[0].message.content'}".replace("'", '"')}
    if source == "variable":
        properties |= {"catalyst_secretSource": "variable", "catalyst_apiKey": KEY}
    outcome = await Setting(*answers, process=process).handle(None, properties)
    assert isinstance(outcome, kind)
    assert KEY not in repr(outcome)
    assert "***" in repr(outcome)


async def test_a_cancelled_task_is_cancelled_and_no_outcome():
    async def never(*_):
        await asyncio.Event().wait()

    setting = Setting()
    setting.handler = replace(setting.handler, ask=never)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(setting.handle(), 0.02)


any_text = st.text(st.characters(), max_size=40)
names = st.sampled_from(
    ["payload", "model", "secretSource", "apiKey", "responseMapping", "errorMapping", "url", "timeout", "retries"]
).map("catalyst_{}".format)
pieces = st.sampled_from(
    ["${userMessage}", "${", '{"a": ', "}", "messages: ", "- ", "R3/", "PT1S", "https://", "${@}", "&a [*a]"]
)
written = st.one_of(any_text, st.lists(pieces | any_text, max_size=6).map("".join))
said = [*REPLY, *REPLY["choices"][0], *REPLY["choices"][0]["message"], *REPLY["usage"], "error", "code"]
asked = ["messages", "role", "content", "type", "text", "image_url", "url", "model", "stream", "tools", "max_tokens"]
asked += ["response_format", "json_schema", "schema", "reasoning_effort", "reasoning_format", "n", "stop"]


def structures(keys):
    """Anything that JSON can say, with names that mean something."""
    plain = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(keys) | st.text(max_size=5)
    names = st.sampled_from(keys)
    return st.recursive(
        plain, lambda inside: st.lists(inside, max_size=3) | st.dictionaries(names, inside, max_size=4), max_leaves=15
    )


async def without_a_defect(setting, task):
    """Handle a task and look on, as metrics do; no part may fail over what it meets."""
    outcome = await setting.handler.handle(task)
    assert isinstance(outcome, Outcome)
    assert not getattr(outcome, "message", "").startswith("A defect"), outcome
    Metrics(CollectorRegistry(), known_models())(task, outcome, 0.1)


def test_whatever_stands_in_the_fields_there_is_an_outcome():
    @given(st.dictionaries(names, written, max_size=3), any_text)
    def law(properties, message):
        task = make_task({"userMessage": message}, properties)
        asyncio.run(without_a_defect(Setting(process=CATCHING), task))

    law()


def test_whatever_is_asked_there_is_an_outcome():
    anything = structures(asked)
    messages = st.lists(st.fixed_dictionaries({"role": anything, "content": anything}), min_size=1, max_size=3)
    payloads = st.dictionaries(st.sampled_from(asked), anything, max_size=6)

    @settings(max_examples=50)
    @given(payloads, messages, any_text)
    def law(payload, messages, message):
        properties = {"catalyst_payload": json.dumps({**payload, "messages": messages})}
        asyncio.run(without_a_defect(Setting(), make_task({"userMessage": message}, properties)))

    law()


def test_whatever_groq_answers_there_is_an_outcome():
    bodies = structures(said).map(json.dumps) | st.fixed_dictionaries(
        {}, optional=dict.fromkeys(said, structures(said))
    )
    headers = st.dictionaries(st.sampled_from(["retry-after", "x-request-id"]), any_text)
    wanted = st.sampled_from([{}, {"response_format": {"type": "json_object"}}])

    @example(200, {"choices": [None]}, {}, {})
    @example(200, {"choices": [{}], "usage": {"prompt_tokens": -1, "completion_tokens": "1"}, "model": [1]}, {}, {})
    @example(
        200, {"choices": [{}], "usage": {"prompt_tokens": 1, "prompt_tokens_details": {"cached_tokens": 9}}}, {}, {}
    )
    @given(st.sampled_from([200, 204, 302, 400, 401, 404, 413, 429, 498, 500]), bodies | any_text, headers, wanted)
    def law(status, body, headers, wanted):
        answer = make_answer(status, body, **headers)
        properties = {"catalyst_payload": json.dumps({"messages": [{"role": "user", "content": "Hi"}], **wanted})}
        properties |= {"catalyst_giveUpAfter": "PT0S", "catalyst_conversation": "talk"}
        asyncio.run(without_a_defect(Setting(answer, process=CATCHING), make_task({}, properties)))

    law()


def test_whatever_the_engine_sends_of_a_task_there_is_an_outcome():
    anything = structures(["type", "value", "valueInfo", "String", "Json", "File", "Object", "encoding"])
    typed = st.dictionaries(st.sampled_from(["userMessage", "catalyst_payload", "x"]), anything)
    parts = {
        "variables": anything | typed,
        "extensionProperties": anything,
        "retries": anything,
        "createTime": anything,
        "lockExpirationTime": anything,
    }

    @given(st.fixed_dictionaries({}, optional=parts))
    def law(context):
        try:
            task = make_task(**context)
        except (AttributeError, TypeError):
            return  # which a fetch takes for the answer of something that is no engine
        assert isinstance(asyncio.run(Setting(DENIED).handler.handle(task)), Outcome)

    law()


async def test_a_request_that_is_too_large_is_asked_once_more_shorter_and_the_process_is_told():
    figures = "on tokens per minute (TPM): Limit 2000, Requested 3000, please reduce your message size"
    setting = Setting(make_answer(413, {"error": {"message": f"Request too large {figures}"}}), make_answer())
    text = "It was a dark and stormy night. " * 300

    outcome = await setting.handle({"userMessage": text}, {"catalyst_whenTooLong": "cutVariable"})

    first, second = (json.dumps(payload) for _, _, payload, _ in setting.groq.asked)
    assert text in first
    assert len(second) < len(first) / 1.5
    assert outcome.variables["catalyst_meta"]["truncated"].endswith("characters of the variable 'userMessage'")


async def test_a_shortened_request_that_must_wait_is_asked_again_as_it_is():
    figures = "on tokens per minute (TPM): Limit 2000, Requested 3000, please reduce your message size"
    busy = make_answer(429, {"error": {"message": "Rate limit reached. Please try again in 0.001s."}})
    setting = Setting(make_answer(413, {"error": {"message": f"Request too large {figures}"}}), busy, make_answer())

    await setting.handle({"userMessage": "A dark night. " * 600}, {"catalyst_whenTooLong": "cutVariable"})

    whole, *shortened = (payload for _, _, payload, _ in setting.groq.asked)
    assert len(shortened) == 2
    assert shortened[0] == shortened[1] != whole


async def test_a_way_to_shorten_that_is_none_is_named():
    outcome = await Setting().handle({"userMessage": "Hi"}, {"catalyst_whenTooLong": "shrink"})

    assert outcome.message.startswith(
        "catalyst_whenTooLong: 'shrink' is not a valid value. It must be one of fail, dropTurns"
    )
