"""Outcomes that the engine does not take: shown as incidents, never lost in silence, never asked for ever."""

import pytest

from catalyst_groq.camunda import reporter
from catalyst_groq.domain.outcomes import BpmnError, Completion, Failure, Retry
from support.engine_backends import typed
from support.engine_rules import Task
from support.worker_harness import done, messages, until, until_seen

pytestmark = pytest.mark.anyio

CONFLICT = (500, "OptimisticLockingException", "ENGINE-03005 Entity was updated by another transaction concurrently.")
TOO_LONG = {"n" * 256: "No other way of writing it helps a name that is too long."}
JOIN = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
    targetNamespace="contract">
  <process id="{topic}" isExecutable="true" camunda:historyTimeToLive="1">
    <startEvent id="Start"/> <parallelGateway id="Fork"/> <parallelGateway id="Join"/> <endEvent id="End"/>
    <sequenceFlow id="start" sourceRef="Start" targetRef="Fork"/>
    <sequenceFlow id="end" sourceRef="Join" targetRef="End"/>
    {branches}
  </process>
</definitions>"""
BRANCH = """
    <sequenceFlow id="in{0}" sourceRef="Fork" targetRef="Ask{0}"/>
    <serviceTask id="Ask{0}" camunda:type="external" camunda:topic="{1}"/>
    <sequenceFlow id="out{0}" sourceRef="Ask{0}" targetRef="Join"/>"""


def always(outcome):
    async def handle(_):
        return outcome

    return handle


async def test_when_the_next_step_fails_the_incident_says_why(stage, work, topic):
    created = await stage.create(topic, next_step_fails=True)
    worker = work(stage.rest_url)
    seen = await until_seen(lambda: stage.look(created), lambda seen: seen.incident)

    assert seen.incident.startswith(
        "The engine refused to complete the task: Unknown property used in expression: ${obstacle}"
    )
    assert seen.retries == 0
    assert "Fix the step after this task" in seen.error_details
    assert isinstance(worker.taken[created.task_id], Failure)


async def test_a_refused_completion_that_costs_nothing_is_tried_again(stage, work, topic):
    tries = []

    async def replay(task):
        tries.append(task.retries)
        return Completion({}, if_refused=Retry(1 if task.retries is None else task.retries - 1))

    created = await stage.create(topic, next_step_fails=True)
    work(stage.rest_url, replay, lock=stage.short_lock)
    seen = await until_seen(lambda: stage.look(created), lambda seen: seen.incident)

    assert tries == [None, 1]
    assert seen.retries == 0


@pytest.mark.parametrize("outcome", [Completion(TOO_LONG), BpmnError("CODE", "why", TOO_LONG)])
async def test_variables_that_the_database_refuses_are_an_incident(stage, work, topic, outcome):
    created = await stage.create(topic)
    work(stage.rest_url, always(outcome))
    seen = await until_seen(lambda: stage.look(created), lambda seen: seen.incident)

    assert seen.waits_at == "Ask"
    assert seen.incident.startswith("The engine refused")
    assert "persistence layer" in seen.incident
    assert dict(seen.variables) == {}


async def test_a_failure_whose_variables_are_refused_is_reported_without_them(stage, work, topic):
    created = await stage.create(topic, variables=typed(before=1))
    failure = Failure("Groq: 503", "details", retries=0, variables=TOO_LONG)
    work(stage.rest_url, always(failure))
    seen = await until_seen(lambda: stage.look(created), lambda seen: seen.incident)

    assert (seen.incident, seen.error_details, list(seen.variables)) == ("Groq: 503", "details", ["before"])


async def test_a_refused_failure_becomes_an_incident_that_points_to_the_log(fake, work, topic):
    fake.refuse(1, 500, "ProcessEngineException", "no such figures")
    held = fake.create(Task(topic=topic))
    work(fake.rest_url, always(Failure("Groq: 503", retries=2)))
    await until(lambda: held.error_message)

    assert held.error_message == "The engine refused the outcome of this task. See the worker's log."
    assert held.retries == 0


async def test_a_failure_that_is_refused_for_good_leaves_the_task_to_its_lock(fake, work, topic, caplog):
    fake.refuse(2, 500, "ProcessEngineException", "no failures today")
    held = fake.create(Task(topic=topic))
    work(fake.rest_url, always(Failure("Groq: 503", retries=0)))
    await until(lambda: len(messages(caplog)) == 2)

    refused = f"The engine refused the outcome of task {held.id}: 500 ProcessEngineException: no failures today"
    assert messages(caplog) == [refused, refused]
    assert held.error_message is None


async def test_a_conflict_is_met_by_reporting_again(fake, work, topic, caplog):
    fake.refuse(3, *CONFLICT)
    task = fake.create(Task(topic=topic))
    worker = work(fake.rest_url)
    await until(lambda: worker.taken, 1)

    assert (task.waits_at, task.error_message) == ("Review", None)
    assert messages(caplog) == []


async def test_a_conflict_without_end_is_an_incident(fake, work, topic, monkeypatch):
    monkeypatch.setattr(reporter, "MAX_CONFLICTS", 3)
    fake.refuse(3, *CONFLICT)
    task = fake.create(Task(topic=topic))
    worker = work(fake.rest_url)
    await until(lambda: worker.taken)

    assert task.incident == f"The engine refused to complete the task: {CONFLICT[2]}"


async def test_a_refused_bpmn_error_is_an_incident_that_names_it_and_what_it_was_thrown_for(fake, work, topic):
    fake.refuse(1, 500, "ProcessEngineException", "no such figures")
    task = fake.create(Task(topic=topic))
    work(fake.rest_url, always(BpmnError("AUTH_FAILED", "Groq: 401 Invalid API Key.")))
    await until(lambda: task.incident)

    assert task.incident == "The engine refused the BPMN error AUTH_FAILED: no such figures"
    assert task.error_details.startswith("Groq: 401 Invalid API Key.\n")


@pytest.mark.engine
@pytest.mark.parametrize("real_url", ["real"], indirect=True)
@pytest.mark.parametrize(("instances", "branches"), [(10, 2), (1, 50)])
async def test_branches_that_join_at_the_same_moment_all_complete(stage, work, topic, instances, branches):
    written = "".join(BRANCH.format(number, topic) for number in range(branches))
    await stage.deploy(topic, JOIN.format(topic=topic, branches=written))
    started = [await stage.start(topic, {}) for _ in range(instances)]
    worker = work(stage.rest_url, done, concurrency=50)
    await until(lambda: len(worker.taken) == instances * branches)

    assert set(map(type, worker.taken.values())) == {Completion}
    assert all([await stage.has_ended(instance) for instance in started])
