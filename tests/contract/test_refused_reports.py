"""Outcomes that the engine refuses become incidents; no report is repeated for ever."""

import pytest

from catalyst_groq.camunda import reporter
from catalyst_groq.domain.incident_messages import IF_IN_DIAGRAM, HelpLinks
from catalyst_groq.domain.outcomes import BpmnError, Completion, Failure, Retry
from support.engine_backends import typed
from support.engine_rules import Task
from support.worker_harness import complete_task, log_messages, wait_for_state, wait_until

pytestmark = [pytest.mark.anyio, pytest.mark.every_engine]

CONFLICT = (500, "OptimisticLockingException", "ENGINE-03005 Entity was updated by another transaction concurrently.")
DEADLOCK = (500, "ProcessEngineException", "ENGINE-03004 Exception while executing Database Operation", 10_000)
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


async def test_refused_completion_is_an_incident_with_its_cause(backend, start_worker, topic):
    created = await backend.create_task(topic, next_step_fails=True)
    worker = start_worker(backend.rest_url)
    await wait_until(lambda: worker.accepted)
    state = await backend.get_state(created)

    assert state.incident.startswith(
        "The engine refused to complete the task: Unknown property used in expression: ${obstacle}"
    )
    assert state.incident.endswith(f" Correct the step after this task, or the variables that it uses. {IF_IN_DIAGRAM}")
    assert state.retries == 0
    assert isinstance(worker.accepted[created.task_id], Failure)


async def test_refused_completion_suggests_the_variable_that_is_meant(fake_engine, start_worker, topic):
    fake_engine.refuse(1, 500, "RestException", "Cannot resolve identifier 'urgancy'")
    task = fake_engine.create(Task(topic=topic))
    start_worker(fake_engine.rest_url, always(Completion({"summary": "Hi", "urgency": "high"})))
    await wait_until(lambda: task.incident)

    assert task.incident == (
        "The engine refused to complete the task: Cannot resolve identifier 'urgancy'. Did you mean urgency? "
        f"Correct the step after this task, or the variables that it uses. {IF_IN_DIAGRAM}"
    )


async def test_incident_ends_with_a_link_to_its_page(backend, start_worker, topic):
    created = await backend.create_task(topic)
    failure = Failure("Groq: no.", page="errors.html#bad_request")
    start_worker(backend.rest_url, always(failure), help_links=HelpLinks("https://docs.example.com"))
    state = await wait_for_state(lambda: backend.get_state(created), lambda state: state.incident)

    assert state.incident == "Groq: no. See https://docs.example.com/errors.html#bad_request"


async def test_refused_completion_without_costs_is_retried(backend, start_worker, topic):
    retries_seen = []

    async def replay(task):
        retries_seen.append(task.retries)
        return Completion({}, if_refused=Retry(1 if task.retries is None else task.retries - 1))

    created = await backend.create_task(topic, next_step_fails=True)
    start_worker(backend.rest_url, replay, lock_seconds=backend.short_lock_seconds)
    state = await wait_for_state(lambda: backend.get_state(created), lambda state: state.incident)

    assert retries_seen == [None, 1]
    assert state.retries == 0


@pytest.mark.parametrize("outcome", [Completion(TOO_LONG), BpmnError("CODE", "why", TOO_LONG)])
async def test_refused_variables_are_an_incident(backend, start_worker, topic, outcome):
    created = await backend.create_task(topic)
    start_worker(backend.rest_url, always(outcome))
    state = await wait_for_state(lambda: backend.get_state(created), lambda state: state.incident)

    assert state.waits_at == "Ask"
    assert state.incident.startswith("The engine refused")
    assert "persistence layer" in state.incident
    assert dict(state.variables) == {}


async def test_refused_variables_of_a_failure_are_left_out(backend, start_worker, topic):
    created = await backend.create_task(topic, variables=typed(before=1))
    failure = Failure("Groq: 503", "details", retries=0, variables=TOO_LONG)
    start_worker(backend.rest_url, always(failure))
    state = await wait_for_state(lambda: backend.get_state(created), lambda state: state.incident)

    assert (state.incident, state.error_details, list(state.variables)) == ("Groq: 503", "details", ["before"])


async def test_refused_failure_is_an_incident_that_cites_the_log(fake_engine, start_worker, topic):
    fake_engine.refuse(1, 500, "ProcessEngineException", "no such figures")
    task = fake_engine.create(Task(topic=topic))
    start_worker(fake_engine.rest_url, always(Failure("Groq: 503", retries=2)))
    await wait_until(lambda: task.error_message)

    assert task.error_message == "The engine refused the outcome of this task. See the worker's log."
    assert task.retries == 0


async def test_refused_fallback_leaves_the_task_locked(fake_engine, start_worker, topic, caplog):
    fake_engine.refuse(2, 500, "ProcessEngineException", "no failures today")
    task = fake_engine.create(Task(topic=topic))
    start_worker(fake_engine.rest_url, always(Failure("Groq: 503", retries=0)))
    await wait_until(lambda: len(log_messages(caplog)) == 2)

    refused = f"The engine refused the outcome of task {task.id}: 500 ProcessEngineException: no failures today"
    assert log_messages(caplog) == [refused, refused]
    assert task.error_message is None


@pytest.mark.slow
@pytest.mark.parametrize("conflict", [CONFLICT, DEADLOCK])
async def test_conflict_is_reported_again(fake_engine, start_worker, topic, caplog, conflict):
    fake_engine.refuse(12, *conflict)
    task = fake_engine.create(Task(topic=topic))
    worker = start_worker(fake_engine.rest_url)
    await wait_until(lambda: worker.accepted)

    assert (task.waits_at, task.error_message) == ("Review", None)
    assert log_messages(caplog) == []


async def test_conflict_without_end_is_an_incident(fake_engine, start_worker, topic, monkeypatch):
    monkeypatch.setattr(reporter, "CONFLICT_TIMEOUT_SECONDS", 0)
    fake_engine.refuse(1, *CONFLICT)
    task = fake_engine.create(Task(topic=topic))
    worker = start_worker(fake_engine.rest_url)
    await wait_until(lambda: worker.accepted)

    assert task.incident.startswith(f"The engine refused to complete the task: {CONFLICT[2]}")


async def test_refused_bpmn_error_is_an_incident_with_its_cause(fake_engine, start_worker, topic):
    fake_engine.refuse(1, 500, "ProcessEngineException", "no such figures")
    task = fake_engine.create(Task(topic=topic))
    start_worker(fake_engine.rest_url, always(BpmnError("AUTH_FAILED", "Groq: 401 Invalid API Key.")))
    await wait_until(lambda: task.incident)

    assert task.incident == (
        "The engine refused the BPMN error AUTH_FAILED: no such figures. "
        f"Correct the step after the event that catches it. {IF_IN_DIAGRAM}"
    )
    assert task.error_details.startswith("Groq: 401 Invalid API Key.\n")


@pytest.mark.engine
@pytest.mark.parametrize("real_url", ["real"], indirect=True)
@pytest.mark.parametrize(("instances", "branches"), [(10, 2), (1, 50)])
async def test_conflict_of_joining_branches_completes_all(backend, start_worker, topic, instances, branches):
    written = "".join(BRANCH.format(number, topic) for number in range(branches))
    await backend.deploy(topic, JOIN.format(topic=topic, branches=written))
    started = [await backend.start(topic, {}) for _ in range(instances)]
    worker = start_worker(backend.rest_url, complete_task, concurrency=50)
    await wait_until(lambda: len(worker.accepted) == instances * branches)

    assert set(map(type, worker.accepted.values())) == {Completion}
    assert all([await backend.has_ended(instance) for instance in started])


@pytest.mark.slow
@pytest.mark.parametrize(
    "outcome", [Completion({"a": 1}, if_refused=Retry(2)), Completion({}), BpmnError("E", "why"), Failure("no")]
)
async def test_report_for_a_suspended_instance_is_logged_once(fake_engine, start_worker, topic, caplog, outcome):
    started = []

    async def handle(task):
        started.append(task.id)
        fake_engine.tasks.get(task.id).suspended = len(started) == 1
        return outcome

    task = fake_engine.create(Task(topic=topic))
    worker = start_worker(fake_engine.rest_url, handle)
    await wait_until(lambda: log_messages(caplog) and task.worker_id is None)
    [message] = log_messages(caplog)
    assert message.startswith(f"Task {task.id}: its ")
    assert f"cannot be reported, because the process instance {task.process_instance_id} is suspended" in message
    assert ("stored answer" in message) is (outcome == Completion({"a": 1}, if_refused=Retry(2)))
    assert not worker.accepted
    assert (task.retries, task.incident) == (None, None)

    task.suspended = False
    await wait_until(lambda: worker.accepted)
    assert started == [task.id] * 2
    assert len(log_messages(caplog)) == 1


async def test_refusal_does_not_quote_what_an_error_mapping_searches(fake_engine, start_worker, topic):
    expression = "${externalTask.errorMessage.contains('RATE_LIMITED')}"
    fake_engine.refuse(1, 500, "ProcessEngineException", f"Unknown property used in expression: {expression}. Cause: x")
    task = fake_engine.create(Task(topic=topic))
    worker = start_worker(fake_engine.rest_url)
    await wait_until(lambda: worker.accepted)

    assert "errorMessage.contains('…')}. Cause: x" in task.error_message
    assert "RATE_LIMITED" not in task.error_message + task.error_details
