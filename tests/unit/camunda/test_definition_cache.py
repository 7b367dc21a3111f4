"""The cache of process definitions."""

import asyncio

import pytest

from catalyst_groq.camunda.definition_cache import MAX_AGE_SECONDS, DefinitionCache
from catalyst_groq.errors import DefinitionError
from support.inline_executor import InlineExecutor

pytestmark = pytest.mark.anyio

BPMN = b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn">
  <process id="ask"><serviceTask id="Ask" camunda:type="external" camunda:topic="catalyst-groq"/></process>
</definitions>"""


class FakeDeployments:
    """Returns a diagram as soon as `may_respond` is set; records the fetches."""

    def __init__(self, *failures):
        self.fetched = []
        self.fetch_started = asyncio.Event()
        self.may_respond = asyncio.Event()
        self.failures = list(failures)

    async def fetch_xml(self, process_definition_id):
        self.fetched.append(process_definition_id)
        self.fetch_started.set()
        await self.may_respond.wait()
        if self.failures:
            raise self.failures.pop()
        return BPMN


async def test_definition_cache_shares_one_fetch_among_callers():
    deployments = FakeDeployments()
    definitions = DefinitionCache(deployments.fetch_xml, InlineExecutor())
    getting = [asyncio.create_task(definitions.get(name)) for name in ("a", "a", "b", "a")]
    deployments.may_respond.set()

    parsed = await asyncio.gather(*getting)
    await definitions.get("a")

    assert deployments.fetched == ["a", "b"]
    assert parsed[0] is parsed[1] is parsed[3] is not parsed[2]


async def test_definition_cache_fetches_again_after_a_failure():
    deployments = FakeDeployments(OSError("away"))
    deployments.may_respond.set()
    definitions = DefinitionCache(deployments.fetch_xml, InlineExecutor())

    failures = await asyncio.gather(definitions.get("a"), definitions.get("a"), return_exceptions=True)
    assert [str(failure) for failure in failures] == ["away", "away"]

    assert (await definitions.get("a")).fields_of("Ask") == {}
    assert deployments.fetched == ["a", "a"]


async def test_definition_cache_fetch_survives_a_cancelled_caller():
    deployments = FakeDeployments()
    definitions = DefinitionCache(deployments.fetch_xml, InlineExecutor())
    cancelled, waiting = (asyncio.create_task(definitions.get("a")) for _ in range(2))
    await deployments.fetch_started.wait()

    cancelled.cancel()
    await asyncio.gather(cancelled, return_exceptions=True)
    deployments.may_respond.set()

    assert (await waiting).fields_of("Ask") == {}
    assert deployments.fetched == ["a"]


class OneDeployment:
    """A process definition whose diagram may change, as after a restart of an engine that has a new database."""

    def __init__(self, model):
        self.model = model
        self.fetches = 0

    async def fetch_xml(self, _):
        self.fetches += 1
        field = f'<camunda:field name="catalyst_model" stringValue="{self.model}"/>'
        inside = f"<extensionElements>{field}</extensionElements></serviceTask>"
        return BPMN.replace(b"/></process>", f">{inside}</process>".encode())


class Clock:
    """A clock that the test turns."""

    seconds = 0.0

    def __call__(self):
        return self.seconds


async def model_of(definitions):
    return (await definitions.get("ask:1:3")).fields_of("Ask")["catalyst_model"]


async def test_definition_of_another_engine_replaces_the_one_with_its_id():
    deployment = OneDeployment("old")
    definitions = DefinitionCache(deployment.fetch_xml, InlineExecutor())
    assert await model_of(definitions) == "old"

    deployment.model = "new"
    assert await model_of(definitions) == "old"
    definitions.expire()
    assert await model_of(definitions) == "new"
    assert deployment.fetches == 2


async def test_definition_that_is_the_same_is_not_parsed_again():
    deployment = OneDeployment("old")
    definitions = DefinitionCache(deployment.fetch_xml, InlineExecutor())
    before = await definitions.get("ask:1:3")
    definitions.expire()

    assert await definitions.get("ask:1:3") is await definitions.get("ask:1:3") is before
    assert deployment.fetches == 2


async def test_definition_is_compared_with_the_engines_after_a_while():
    deployment, clock = OneDeployment("old"), Clock()
    definitions = DefinitionCache(deployment.fetch_xml, InlineExecutor(), clock)
    await model_of(definitions)
    deployment.model = "new"

    clock.seconds = MAX_AGE_SECONDS - 1
    assert await model_of(definitions) == "old"
    clock.seconds = MAX_AGE_SECONDS
    assert await model_of(definitions) == "new"


async def test_definition_that_is_fetched_while_the_engine_changes_is_not_kept():
    deployments = FakeDeployments()
    definitions = DefinitionCache(deployments.fetch_xml, InlineExecutor())
    first = asyncio.create_task(definitions.get("a"))
    await deployments.fetch_started.wait()
    definitions.expire()
    second = asyncio.create_task(definitions.get("a"))
    deployments.may_respond.set()
    await asyncio.gather(first, second)
    await definitions.get("a")

    assert deployments.fetched == ["a", "a"]


@pytest.mark.parametrize(
    ("xml", "reason"),
    [
        ("<definitions>", "is not well-formed XML: no element found"),
        (
            '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><a>&b;</a>',
            "is not well-formed XML: undefined entity",
        ),
        (f'<!DOCTYPE a [<!ENTITY b "{"x" * 9999}">]><a>{"&b;" * 9999}</a>', "is not well-formed XML: limit on input"),
    ],
)
async def test_definition_that_cannot_be_read_says_why(xml, reason):
    async def fetch(_):
        return xml.encode()

    executor = InlineExecutor()
    with pytest.raises(DefinitionError, match=f"^The BPMN of the process definition a {reason}"):
        await DefinitionCache(fetch, executor).get("a")
    assert executor.functions == ["parse_or_explain"] * ("ENTITY" in xml)
