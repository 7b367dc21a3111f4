"""Requests about process instances."""

from contextlib import nullcontext
from typing import Any

import pytest

from catalyst_groq.camunda.instances import Instances

pytestmark = pytest.mark.anyio
INCIDENT = {
    "id": "1",
    "rootCauseIncidentId": "1",
    "incidentType": "failedExternalTask",
    "configuration": "t1",
    "activityId": "Ask",
    "incidentMessage": "Down.",
}


class FakeRest:
    """An engine with one incident; counts what it is asked."""

    url = "http://engine/engine-rest"

    def __init__(self):
        self.asked = []

    async def get(self, url, shape):
        self.asked.append(url)
        return [INCIDENT] if "/incident" in url else shape()

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
    await instances.tasks_with_retries("i1")
    [incident] = await instances.incidents("i1")

    assert (incident.task_id, incident.details) == ("t1", "Attempts")
    assert pace.places == len(rest.asked) == 4
