"""What `catalyst-groq models` finds out."""

from contextlib import aclosing

import pytest

from catalyst_groq.camunda.deployments import ProcessDefinition
from catalyst_groq.commands.model_references import ModelReference
from catalyst_groq.commands.models import (
    ModelReport,
    collect_model_report,
    fetch_offered_models,
    find_used_models,
    select_usable_models,
)
from catalyst_groq.errors import EngineUnreachable
from catalyst_groq.groq.api.client import HttpGroqClient
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.models.catalog import shipped_catalog
from catalyst_groq.groq.routing.endpoints import Endpoint
from support.diagrams import diagram
from support.inline_executor import InlineExecutor

pytestmark = pytest.mark.anyio
MODEL = "openai/gpt-oss-20b"
REFERENCES = [ModelReference("order", "Ask", MODEL)]
NO_KEY = "There is no GROQ_API_KEY"


@pytest.fixture
async def groq():
    async with aclosing(HttpGroqClient()) as client:
        yield client


async def test_offered_models_are_those_of_the_key(groq, groq_emulator):
    offered = await fetch_offered_models(groq, Account(groq_emulator.base_url, "gsk_x"))

    assert isinstance(offered, frozenset)
    assert MODEL in offered


async def test_offered_models_of_refused_key_are_unknown(groq, groq_emulator):
    offered = await fetch_offered_models(groq, Account(groq_emulator.base_url, "gsk_invalid"))

    assert offered == "The models that the key may use are unknown: 401 Invalid API Key"


async def test_report_queries_groq_and_endpoints(groq, groq_emulator):
    account = Account(groq_emulator.base_url, "gsk_x")
    # The endpoint has no key, is at the account's URL, and so uses its key.
    endpoints = [Endpoint("own", Account(account.url, "")), Endpoint("refused", Account(account.url, "gsk_invalid"))]
    report = await collect_model_report(shipped_catalog(), groq, account, endpoints, REFERENCES)

    assert MODEL in report.offered
    assert [endpoint for endpoint, _ in report.endpoints] == endpoints
    assert [type(offered) for _, offered in report.endpoints] == [frozenset, str]
    assert report.references == REFERENCES


async def test_report_without_key_does_not_query_groq(groq):
    report = await collect_model_report(shipped_catalog(), groq, Account("http://127.0.0.1:1", ""), [], REFERENCES)

    assert report.offered == report.usable_by_tasks == NO_KEY


def make_endpoint(models=None):
    return Endpoint("local", Account("http://local/v1", "the-key"), models)


@pytest.mark.parametrize(
    ("models", "offered", "usable"),
    [
        (None, frozenset({"a", "b"}), {"a", "b"}),
        (None, "connection refused", set()),
        ({MODEL: "a", "small": "absent"}, frozenset({"a", "b"}), {MODEL}),
        ({MODEL: "a", "small": "absent"}, "connection refused", {MODEL, "small"}),
    ],
)
def test_usable_models_of_endpoint(models, offered, usable):
    endpoint = make_endpoint(models)
    report = ModelReport(shipped_catalog(), frozenset({"others"}), [], [(endpoint, offered)])

    assert select_usable_models(endpoint, offered) == usable
    assert report.usable_by_tasks == usable


class FakeEngine:
    """An engine with one process, or an unreachable one."""

    def __init__(self, xml=None):
        self.xml = xml

    async def latest_definitions(self):
        if self.xml is None:
            raise EngineUnreachable("The engine cannot be reached")
        return [ProcessDefinition("ask:1:d1", "ask", 1, "", "d1", "ask.bpmn")]

    async def definition_xml(self, process_definition_id):
        assert process_definition_id == "ask:1:d1"
        return self.xml.encode()


async def test_used_models_of_deployed_processes():
    key, xml = diagram(properties={"catalyst_model": MODEL})

    assert await find_used_models(FakeEngine(xml), ["catalyst-groq"], InlineExecutor()) == [
        ModelReference(key, "Ask", MODEL)
    ]


async def test_used_models_with_unreachable_engine_are_unknown():
    message = "Deployed processes were not checked: The engine cannot be reached"

    assert await find_used_models(FakeEngine(), ["catalyst-groq"], InlineExecutor()) == message


@pytest.mark.parametrize(
    ("xml", "problem"),
    [
        ("<a>", "is not well-formed XML: no element found: line 1, column 3."),
        (
            diagram(fields={"catalyst_payload": "{}"})[1].replace("camunda:field", "bpmn:field"),
            "has 'catalyst_payload' in the namespace http://www.omg.org/spec/BPMN/20100524/MODEL. Write it in one of",
        ),
    ],
)
async def test_used_models_name_a_diagram_that_cannot_be_read(xml, problem):
    used = await find_used_models(FakeEngine(xml), ["catalyst-groq"], InlineExecutor())

    assert len(used) == 1
    assert str(used[0]).startswith(f"The BPMN of the process definition ask:1:d1 {problem}")
