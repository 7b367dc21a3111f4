"""Error mappings of the engine (`camunda:errorEventDefinition`), which see the worker's failures."""

import pytest

from support.diagrams import diagram

pytestmark = [pytest.mark.engine, pytest.mark.every_engine]

SEARCHES = [
    "externalTask.errorMessage.contains('RATE_LIMITED')",
    "externalTask.errorMessage.matches('.*RATE_LIMITED.*')",
    'externalTask.errorDetails.contains("RATE_LIMITED")',
]


@pytest.mark.parametrize("search", SEARCHES)
def test_error_expression_that_fails_does_not_match_itself(start_instance, search):
    expression = search.replace('"', "&quot;")
    key, xml = diagram(boundary=True)
    mapping = f'<camunda:errorEventDefinition errorRef="Limited" expression="${{{expression}}}"/>'
    xml = xml.replace("<bpmn:extensionElements>", f"<bpmn:extensionElements>{mapping}", 1)
    xml = xml.replace("<bpmn:process", '<bpmn:error id="Limited" errorCode="RATE_LIMITED"/><bpmn:process', 1)
    instance = start_instance((key, xml), userMessage="hello")

    failed = instance.failed_task()
    assert failed["errorMessage"].startswith("The engine refused to complete the task: ")
    assert "RATE_LIMITED" not in failed["errorMessage"] + instance.error_details()
    assert instance.process_client.user_task(instance.id) != "Caught"
    instance.process_client.http.delete(f"/process-instance/{instance.id}").raise_for_status()
