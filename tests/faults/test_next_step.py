"""The engine rejects the completion because the next step fails: the journal has the answer, one request is sent."""

import pytest

pytestmark = pytest.mark.engine
ASSIGNED = """<bpmn:extensionElements><camunda:inputOutput>
    <camunda:inputParameter name="assigned">${reviewer}</camunda:inputParameter>
    </camunda:inputOutput></bpmn:extensionElements>"""
"""A user task that cannot begin without the variable `reviewer`."""


def set_variables(instance, **variables):
    for name, value in variables.items():
        path = f"/process-instance/{instance.id}/variables/{name}"
        instance.process_client.http.put(path, json={"type": "String", "value": value}).raise_for_status()


def set_retries(instance, retries=1):
    [task] = instance.process_client.external_tasks(instance.id)
    body = {"retries": retries}
    instance.process_client.http.put(f"/external-task/{task['id']}/retries", json=body).raise_for_status()


@pytest.mark.every_engine
def test_completion_failure_is_retried_and_paid_once(fault_environment):
    instance = fault_environment.instance(review=ASSIGNED)
    with fault_environment.worker(log_level="DEBUG") as worker:  # otherwise repeated lines are summed up
        message = instance.incident()
        assert message.startswith("The engine refused to complete the task: ")
        assert "reviewer" in message
        assert worker.log.count("The engine refused the outcome") == 3

        set_variables(instance, reviewer="Ada")
        set_retries(instance)
        assert instance.task() == "Review"
    assert len(fault_environment.emulator.calls) == 1
    assert instance.variables()["catalyst_meta"]["replayed"] is True
    assert fault_environment.journal.answers() == 0


def test_changed_payload_sends_new_request(fault_environment):
    instance = fault_environment.instance(review=ASSIGNED, properties={"catalyst_retries": "R1/PT0S"})
    with fault_environment.worker():
        instance.incident()
        set_variables(instance, reviewer="Ada", userMessage="another question")
        set_retries(instance)
        assert instance.task() == "Review"
    assert [call.messages[-1]["content"] for call in fault_environment.emulator.calls] == ["hello", "another question"]


def test_completion_failure_without_journal_is_not_retried(fault_environment):
    instance = fault_environment.instance(review=ASSIGNED)
    with fault_environment.worker(journal="off"):
        assert "reviewer" in instance.incident()
    assert len(fault_environment.emulator.calls) == 1
