"""A fetched external task."""

from datetime import timedelta

import pytest

from support.factories import make_task

LOCK = timedelta(minutes=1)


def test_external_task_shows_what_the_engine_sent():
    task = make_task({"order": {"id": 7}, "name": "Ada"}, {"catalyst_timeout": "5"}, retries=2)

    assert (task.id, task.activity_id, task.process_instance_id) == ("task-1", "AskGroq", "instance-1")
    assert (task.process_definition_id, task.process_definition_key) == ("ask:1:d1", "ask")
    assert task.retries == 2
    assert task.extension_properties == {"catalyst_timeout": "5"}
    assert task.variables == {"order": {"id": 7}, "name": "Ada"}


def test_external_task_has_empty_defaults():
    task = make_task({}, None, processDefinitionKey=None)
    assert (task.process_definition_key, task.extension_properties, task.variables) == ("", {}, {})


def test_facts_of_a_task_are_those_that_the_engine_sent():
    task = make_task({}, businessKey="K-1", tenantId=None, priority=0, topicName="catalyst-groq", retries=2)
    assert task.facts == {
        "id": "task-1",
        "activityId": "AskGroq",
        "processInstanceId": "instance-1",
        "executionId": "execution-1",
        "processDefinitionId": "ask:1:d1",
        "processDefinitionKey": "ask",
        "businessKey": "K-1",
        "priority": 0,
        "topicName": "catalyst-groq",
    }


def test_variables_of_a_task_are_decoded_once():
    task = make_task({"order": {"id": 7}})
    assert task.variables is task.variables


def test_age_is_measured_by_the_engines_clock_alone():
    task = make_task(createTime="2026-11-21T10:00:00.500+0100", lockExpirationTime="2026-11-21T09:03:00.000+0000")
    assert task.age(LOCK) == timedelta(seconds=119.5)


@pytest.mark.parametrize("missing", ["createTime", "lockExpirationTime"])
def test_age_is_zero_if_the_engine_sends_no_times(missing):
    times = {"createTime": "2026-11-21T09:00:00.000+0000", "lockExpirationTime": "2026-11-21T09:03:00.000+0000"}
    assert make_task(**{**times, missing: None}).age(LOCK) == timedelta()
