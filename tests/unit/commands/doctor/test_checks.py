"""The checks of the doctor that need a special engine, server or moment."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from catalyst_groq.camunda.product import EngineProduct
from catalyst_groq.commands.doctor.engine_checks import check_clock, check_database, check_version
from catalyst_groq.commands.doctor.findings import Area, Status, has_faults, split_message
from catalyst_groq.commands.doctor.groq_checks import Server, check_server, describe_limits
from catalyst_groq.commands.doctor.process_checks import DeployedTask, check_incidents, check_tasks
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.models.catalog import shipped_catalog
from support.factories import make_response
from support.groq_clients import FakeGroqClient

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
AREA = Area("Area")
RESTRICTED = {"error": {"message": "restricted", "code": "organization_restricted"}}


@pytest.mark.parametrize(
    ("message", "problem", "remedy"),
    [
        ("catalyst_url: is wrong. Write another one.", "catalyst_url: is wrong", "Write another one"),
        ("404 Not Found. Is /engine-rest missing in URL?", "404 Not Found", "Is /engine-rest missing in URL?"),
        ("Nothing responds at 127.0.0.1:1", "Nothing responds at 127.0.0.1:1", ""),
        ("Limit 1. Do this. Then that.", "Limit 1", "Do this. Then that"),
        ("v1.2. is at a.b. c", "v1.2. is at a.b. c", ""),
    ],
)
def test_message_is_split_into_problem_and_remedy(message, problem, remedy):
    assert split_message(message) == (problem, remedy)


@pytest.mark.parametrize(
    ("version", "statuses"),
    [("7.24.0", []), ("7.21.0", []), ("7.20.3", [Status.HINT]), ("7.9.0-ee", [Status.HINT]), ("1.0.0", []), ("", [])],
)
def test_version_without_creation_time_is_a_hint(version, statuses):
    assert [finding.status for finding in check_version(EngineProduct("Camunda", version, "H2"))] == statuses


@pytest.mark.parametrize(
    ("database", "limit", "status"),
    [("Oracle", 4000, Status.FAULT), ("Oracle", 2000, Status.OK), ("H2", 4000, Status.OK), ("", 4000, Status.HINT)],
)
def test_string_limit_is_checked_against_the_database(database, limit, status):
    [finding] = check_database(EngineProduct("Camunda", "7.24.0", database), limit)

    assert finding.status is status
    assert (finding.fix == "") is (status is Status.OK)
    assert "CATALYST_STRING_LIMIT=2000" in finding.fix or status is Status.OK


@pytest.mark.parametrize(
    ("difference", "text"),
    [
        (timedelta(seconds=-29), "the clocks of the engine and of this machine agree"),
        (timedelta(minutes=5), "the clock of this machine is 5 min ahead of that of the engine"),
        (timedelta(minutes=-5), "the clock of this machine is 5 min behind that of the engine"),
    ],
)
def test_clocks_are_compared(difference, text):
    [finding] = check_clock(NOW, NOW + difference)

    assert finding.text == text
    assert finding.status is (Status.OK if "agree" in text else Status.HINT)


def test_clock_of_a_silent_server_is_not_judged():
    assert check_clock(None, NOW) == []


@pytest.mark.parametrize(
    ("response", "status", "text"),
    [
        (make_response(200, {"data": [{"id": "a"}, {"id": "b", "active": False}, "x", {}]}), Status.OK, "1 models"),
        (make_response(404, "<html>no</html>"), Status.HINT, "does not list its models: 404"),
        (make_response(200, "hello"), Status.HINT, "does not list its models"),
        (
            make_response(403, {"error": {"message": "restricted", "code": "organization_restricted"}}),
            Status.FAULT,
            "rest",
        ),
    ],
)
async def test_server_is_judged_by_its_list_of_models(response, status, text):
    client = FakeGroqClient(response)
    [finding] = await check_server(client, Server("own", Account("http://user:secret@own/v1", "key")))

    assert finding.status is status
    assert text in finding.text
    assert "secret" not in finding.text


@pytest.mark.parametrize(
    ("plan", "status", "text"),
    [
        ("auto", Status.OK, "rate limits are those that the answers of the servers report (CATALYST_LIMITS=auto)"),
        ("free", Status.OK, "rate limits are those of the plan free: openai/gpt-oss-120b has rpm 30, "),
        ("off", Status.HINT, "rate limits are off"),
    ],
)
def test_limits_of_the_plan_are_shown(plan, status, text):
    finding = describe_limits(plan, shipped_catalog())

    assert finding.status is status
    assert finding.text.startswith(text)


class Queries:
    """The queries of an engine with these entities."""

    def __init__(self, **entities: Any) -> None:
        self.entities = entities

    async def list(self, path, **criteria):
        if path == "incident":
            return self.entities["incidents"]
        return self.entities["locked" if "locked" in criteria else "waiting"]


@pytest.mark.parametrize(
    ("locked", "seconds", "status"),
    [(["w"], 900, Status.OK), ([], 10, Status.OK), ([], 31, Status.FAULT)],
    ids=["a worker is busy", "just created", "nobody fetches"],
)
async def test_waiting_tasks_are_a_fault_if_nobody_fetches(locked, seconds, status):
    created = (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    queries: Any = Queries(locked=[{"workerId": worker} for worker in locked], waiting=[{"createTime": created}])
    *_, finding = await check_tasks(queries, ["topic"], NOW)

    assert finding.status is status
    assert finding.text.startswith("topic: 1 task waiting, the oldest for ")


async def test_retry_timeout_is_no_worker():
    """The engine shows a task that waits for its next attempt as locked."""
    failed = {"workerId": "w", "errorMessage": "no"}
    queries: Any = Queries(locked=[failed], waiting=[])
    [finding] = await check_tasks(queries, ["topic"], NOW)

    assert "w" not in finding.text.split()


async def test_incidents_of_other_tasks_are_left_out():
    task = DeployedTask("a:1:x", "a", "Ask", {})
    own = {"processDefinitionId": "a:1:x", "activityId": "Ask", "incidentMessage": None}
    other = {"processDefinitionId": "a:1:x", "activityId": "Other", "incidentMessage": "other"}
    queries: Any = Queries(incidents=[own, other])
    [finding] = await check_incidents(queries, [task])

    assert finding.text.startswith("1 incident at a/Ask")


def test_hints_are_no_faults():
    assert not has_faults([AREA.ok("x"), AREA.hint("x", "y"), AREA.unknown("z")])
    assert has_faults([AREA.ok("x"), AREA.fault("x", "y")])
