"""Where the handler sends a task's request, and with which key."""

from dataclasses import replace

import pytest

from catalyst_groq.connector.access.urls import GROQ_URL, AllowedUrls
from catalyst_groq.connector.requests.chat import ChatRequest
from catalyst_groq.domain.incident_messages import DEPLOY_AND_MIGRATE
from catalyst_groq.domain.outcomes import Completion
from catalyst_groq.groq.api.operations import CHAT_COMPLETION
from catalyst_groq.groq.api.request_validation import find_unsupported
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.api.server_kinds import ServerKind, ServerKinds
from catalyst_groq.groq.routing.endpoints import Endpoint
from support.factories import make_response
from support.handler_harness import KEY, HandlerHarness, make_secrets

pytestmark = pytest.mark.anyio

ENDPOINTS = (Endpoint("main", Account("https://main/v1", "main-key")), Endpoint("groq", Account(GROQ_URL, "")))
MAIN = ("https://main/v1", "main-key")
GROQ = Endpoint("groq", Account(GROQ_URL, "gsk_key", ServerKind.GROQ))


async def test_groqs_url_in_a_diagram_means_the_operators_groq_url():
    harness = HandlerHarness(urls=AllowedUrls("http://127.0.0.1:9/openai/v1"))
    await harness.handle()
    assert harness.accounts == [("http://127.0.0.1:9/openai/v1", KEY)]


@pytest.mark.parametrize(
    ("properties", "account"),
    [
        ({}, MAIN),
        ({"catalyst_secretSource": "env", "catalyst_apiKey": "GROQ_API_KEY"}, MAIN),
        ({"catalyst_url": "https://api.groq.com/openai/v1/chat/completions"}, MAIN),
        ({"catalyst_apiKey": "groq_billing_key"}, (GROQ_URL, "key-of-billing")),
        (
            {"catalyst_secretSource": "variable", "catalyst_apiKey": "key-1-of-a-process"},
            (GROQ_URL, "key-1-of-a-process"),
        ),
        ({"catalyst_url": "https://own/v1"}, ("https://own/v1", KEY)),
    ],
)
async def test_operators_endpoints_serve_tasks_without_url_and_key(properties, account):
    harness = HandlerHarness(
        make_response(503, ""), endpoints=ENDPOINTS, urls=AllowedUrls(GROQ_URL, ("https://own/v1",))
    )
    await harness.handle(None, properties)
    assert harness.accounts == ([account, (GROQ_URL, KEY)] if account == MAIN else [account])


async def test_key_of_a_process_goes_to_no_endpoint_of_the_operator():
    """Even if the process variable has the name of the operator's secret."""
    harness = HandlerHarness(endpoints=ENDPOINTS)
    variables = {"userMessage": "Hi", "groq_api_key": "key-1-of-a-process"}
    await harness.handle(variables, {"catalyst_secretSource": "variable", "catalyst_apiKey": "groq_api_key"})
    assert harness.accounts == [(GROQ_URL, "key-1-of-a-process")]


async def test_key_of_a_task_is_not_looked_up_when_none_needs_it():
    harness = HandlerHarness(endpoints=ENDPOINTS[:1])
    harness.handler = replace(harness.handler, secrets=make_secrets({}))
    assert isinstance(await harness.handle(), Completion)


async def test_key_goes_to_no_endpoint_but_its_own():
    harness = HandlerHarness(endpoints=(Endpoint("local", Account("http://local/v1", "")),))
    await harness.handle()
    assert harness.accounts == [("http://local/v1", "")]


LOCAL = Endpoint("local", Account("http://local/v1", "local-key"))
UNSUPPORTED = {"catalyst_payload": '{"messages": [{"role": "user", "content": "Hi", "name": "ada"}], "n": 2}'}


async def test_parameter_that_groq_refuses_is_not_sent_to_groq():
    harness = HandlerHarness()
    outcome = await harness.handle(None, UNSUPPORTED)
    problem = "catalyst_payload: requests more than one choice ('n'), which Groq refuses. Remove it."
    assert outcome.message == f"{problem} {DEPLOY_AND_MIGRATE}"
    assert harness.payloads == []


async def test_parameter_that_groq_refuses_names_the_server_that_may_be_another():
    emulator = "http://127.0.0.1:9/openai/v1"
    harness = HandlerHarness(urls=AllowedUrls(emulator), servers=ServerKinds(emulator))
    outcome = await harness.handle(None, UNSUPPORTED)
    assert outcome.message.endswith(
        f"Remove it. If {emulator} is not Groq, ask the operator to set 'server: other' for it. {DEPLOY_AND_MIGRATE}"
    )


@pytest.mark.parametrize(
    ("parts", "properties"),
    [
        ({"endpoints": (GROQ, LOCAL)}, {}),
        ({"urls": AllowedUrls(GROQ_URL, ("http://local/v1",))}, {"catalyst_url": "http://local/v1"}),
        ({"servers": ServerKinds(GROQ_URL, {GROQ_URL: ServerKind.OTHER})}, {}),
    ],
)
async def test_parameter_that_groq_refuses_passes_to_other_servers(parts, properties):
    harness = HandlerHarness(**parts)
    assert isinstance(await harness.handle(None, UNSUPPORTED | properties), Completion)
    [payload] = harness.payloads
    assert (payload["n"], payload["messages"][0]["name"]) == (2, "ada")


async def test_parameter_is_refused_if_only_groq_serves_the_model():
    harness = HandlerHarness(endpoints=(GROQ, replace(LOCAL, models={"theirs": "theirs"})))
    assert "which Groq refuses" in (await harness.handle(None, UNSUPPORTED)).message
    assert isinstance(await harness.handle(None, UNSUPPORTED | {"catalyst_model": "theirs"}), Completion)


@pytest.mark.parametrize("endpoints", [(), (GROQ,), (GROQ, ENDPOINTS[0])])
async def test_parameter_that_groq_refuses_is_looked_for_once(monkeypatch, endpoints):
    looked_for = []

    def find(payload):
        looked_for.append(payload)
        return find_unsupported(payload)

    operation = replace(CHAT_COMPLETION, find_unsupported=find)
    monkeypatch.setattr(ChatRequest, "operation", operation)
    outcome = await HandlerHarness(endpoints=endpoints).handle()

    assert isinstance(outcome, Completion)
    assert len(looked_for) == 1


async def test_key_of_a_task_keeps_what_its_endpoint_needs_besides():
    account = Account(GROQ_URL, "", headers=(("x-title", "Invoices"),), query=(("a", "b"),), key_header="api-key")
    harness = HandlerHarness(endpoints=(Endpoint("groq", account),))
    await harness.handle()
    assert harness.groq.requests[0].account == replace(account, key=KEY)


async def test_headers_of_an_endpoint_go_with_no_key_of_a_task():
    account = Account(GROQ_URL, "", headers=(("x-token", "secret-of-the-operator"),))
    harness = HandlerHarness(endpoints=(Endpoint("groq", account),))
    await harness.handle(None, {"catalyst_apiKey": "groq_billing_key"})
    assert harness.groq.requests[0].account.headers == ()
