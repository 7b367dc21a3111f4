"""Requests about process instances."""

import asyncio
from contextlib import nullcontext
from typing import Any

import pytest

from catalyst_groq.camunda.instances import Instances, UnlockedTask
from catalyst_groq.camunda.queries import MAX_IDS_PER_QUERY
from catalyst_groq.common.pace import Pace

pytestmark = pytest.mark.anyio
INCIDENT = {
    "id": "1",
    "rootCauseIncidentId": "1",
    "incidentType": "failedExternalTask",
    "configuration": "t1",
    "activityId": "Ask",
    "incidentMessage": "Down.",
}
UNLOCKED = {"processInstanceId": "i2", "activityId": "Ask", "topicName": "catalyst-groq"}


class FakeRest:
    """An engine with one incident; counts what it is asked."""

    url = "http://engine/engine-rest"

    def __init__(self):
        self.asked = []
        self.bodies = []

    async def get(self, url, shape):
        self.asked.append(url)
        return [INCIDENT] if "/incident" in url else shape()

    async def post(self, url, body, shape):
        self.asked.append(url)
        self.bodies.append(body)
        return [UNLOCKED] if "notLocked" in body else shape()

    async def read(self, url):
        self.asked.append(url)
        return b"Attempts"

    def parsing(self):
        return nullcontext()


class CountingPace:
    def __init__(self):
        self.places = 0

    def reserve(self):
        self.places += 1
        return 0


async def test_each_request_takes_a_place_of_the_pace():
    rest: Any = FakeRest()
    pace: Any = CountingPace()
    instances = Instances(rest, pace)
    await instances.variables("i1")
    await instances.has_retries(["t1"])
    [incident] = await instances.incidents("i1")

    assert (incident.task_id, incident.details) == ("t1", "Attempts")
    assert pace.places == len(rest.asked) == 4


async def test_tasks_with_retries_are_looked_for_by_their_ids():
    rest: Any = FakeRest()
    ids = [f"t{number}" for number in range(MAX_IDS_PER_QUERY + 1)]

    assert not await Instances(rest).has_retries(ids)
    assert rest.asked == ["http://engine/engine-rest/external-task?maxResults=1"] * 2
    assert rest.bodies[1] == {"externalTaskIdIn": ids[-1:], "withRetriesLeft": True}


async def test_unlocked_tasks_of_instances_are_one_request():
    rest: Any = FakeRest()
    found = await Instances(rest).unlocked_tasks(["i1", "i2"])

    assert found == {"i2": [UnlockedTask("Ask", "catalyst-groq")]}
    assert rest.bodies == [
        {"processInstanceIdIn": ["i1", "i2"], "notLocked": True, "withRetriesLeft": True, "active": True}
    ]


async def test_request_that_is_cancelled_takes_no_place_of_the_pace():
    rest: Any = FakeRest()
    pace = Pace(1)
    instances = Instances(rest, pace)
    await instances.user_tasks("i1")
    waiting = [asyncio.create_task(instances.user_tasks("i1")) for _ in range(10)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)

    assert pace.reserve() < 3
