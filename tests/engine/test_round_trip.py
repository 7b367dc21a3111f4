"""Process variables go to a real engine and come back from it as they were."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalyst_groq.domain.variables import decode

pytestmark = [pytest.mark.engine, pytest.mark.every_engine]
BPMN = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
    targetNamespace="round-trip">
  <process id="round-trip" isExecutable="true" camunda:historyTimeToLive="1">
    <startEvent id="Start"/><sequenceFlow id="f1" sourceRef="Start" targetRef="Wait"/><userTask id="Wait"/>
  </process>
</definitions>"""

texts = st.text() | st.text(min_size=14, max_size=40).map(lambda text: text * 300)
plain = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False), texts
)
values = st.recursive(plain, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)


@pytest.fixture(scope="module")
def deployed(process_client):
    deployment = process_client.deploy_texts({"round-trip.bpmn": BPMN})
    yield process_client
    process_client.http.delete(f"/deployment/{deployment}", params={"cascade": "true"}).raise_for_status()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(values, min_size=10, max_size=40))
def test_variables_round_trip_unchanged(deployed, written):
    named = {f"v{number}": value for number, value in enumerate(written)}
    instance = deployed.start("round-trip", named)
    read = deployed.get(f"/process-instance/{instance}/variables", deserializeValues="false")

    came_back = {name: decode(typed) for name, typed in read.items()}
    assert came_back == named
    assert [type(came_back[name]) for name in named] == [type(value) for value in written]
