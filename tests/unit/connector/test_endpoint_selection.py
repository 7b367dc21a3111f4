"""Where the handler sends a task's request, and with which key."""

from dataclasses import replace

import pytest

from catalyst_groq.connector.access.urls import GROQ_URL, AllowedUrls
from catalyst_groq.domain.outcomes import Completion
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.routing.endpoints import Endpoint
from support.factories import make_response
from support.handler_harness import KEY, HandlerHarness, make_secrets

pytestmark = pytest.mark.anyio

ENDPOINTS = (Endpoint("main", Account("https://main/v1", "main-key")), Endpoint("groq", Account(GROQ_URL, "")))
MAIN = ("https://main/v1", "main-key")


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
