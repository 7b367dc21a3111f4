"""Keys stand in every secret source, and Groq echoes them: they appear in no log, variable, incident or metric."""

import json
import re

import httpx
import pytest

from support.worker_process import ENDPOINT_KEY, ENV_KEY, FILE_KEY, PROPERTIES_KEY, VARIABLE_KEY

pytestmark = pytest.mark.engine
ENGINE_PASSWORD = "the-password-of-the-engine"
JOURNAL_KEY = "Zm9yLXRoaXMtdGVzdC1vbmx5LWFuZC1ub2JvZHktZWw="
SOURCES = {
    "env": ENV_KEY,
    "file": FILE_KEY,
    "properties": PROPERTIES_KEY,
    "variable": VARIABLE_KEY,
    "endpoint": ENDPOINT_KEY,
}
ECHOES = {
    "an answer": {"answer": "You sent {}"},
    "a refusal of the key": {"status": 401, "body": {"error": {"message": "Invalid API Key {}", "code": "{}"}}},
    "a refusal of the request": {"status": 400, "body": {"error": {"message": "Unknown argument {}"}}},
    "no JSON": {"status": 502, "body": "<html>Bearer {}</html>"},
    "headers": {"status": 503, "headers": {"x-request-id": "{}"}},
}
PAYLOAD_WITH_KEY = """
messages:
  - {role: system, content: "The key is ${myKey}"}
  - {role: user, content: "${userMessage}"}"""
HISTORY = ("variable-instance", "detail", "incident", "external-task-log", "process-instance", "activity-instance")
PORT_LOG_PREFIX = "Health and metrics at port "


def with_key(rule, key):
    return json.loads(json.dumps(rule).replace("{}", key))


def engine_records(process_client, instance):
    """All that the engine stores of an instance, runtime and history."""
    one = {"processInstanceId": instance.id, "deserializeValues": "false"}
    yield process_client.get("/variable-instance", processInstanceIdIn=instance.id, deserializeValues="false")
    yield process_client.get("/incident", processInstanceId=instance.id)
    for kind in HISTORY:
        yield process_client.get(f"/history/{kind}", **one)
    for task in process_client.external_tasks(instance.id):
        yield task
        yield process_client.http.get(f"/external-task/{task['id']}/errorDetails").text
    for entry in process_client.get("/history/external-task-log", processInstanceId=instance.id, failureLog="true"):
        yield process_client.http.get(f"/history/external-task-log/{entry['id']}/error-details").text


def without_key_variable(shown):
    if isinstance(shown, list):
        return [entry for entry in shown if "myKey" not in {entry.get("name"), entry.get("variableName")}]
    return shown


@pytest.mark.parametrize("source", SOURCES)
def test_planted_key_leaks_nowhere(fault_environment, source):
    key = SOURCES[source]
    properties = {"catalyst_secretSource": source, "catalyst_retries": "R2/PT0S"}
    settings = {"engine_user": "worker", "engine_password": ENGINE_PASSWORD, "log_level": "DEBUG", "http_port": "0"}
    if source == "variable":
        properties["catalyst_apiKey"] = "myKey"
    elif source == "endpoint":
        del properties["catalyst_secretSource"]
        settings["endpoints"] = "[{name: main, key: endpoint_key}]"
    instances = []
    with fault_environment.worker(**settings) as worker:
        for kind, rule in ECHOES.items():
            fault_environment.emulator.next(2, when={"equals": kind}, **with_key(rule, key))
            variables = {"userMessage": kind, "myKey": key}
            fields = {"catalyst_payload": PAYLOAD_WITH_KEY}
            instances.append(fault_environment.instance(variables, properties=properties, fields=fields, boundary=True))
        for instance in instances:
            instance.rest()
        port = re.search(rf"{PORT_LOG_PREFIX}(\d+)", worker.log)[1]
        metrics = httpx.get(f"http://127.0.0.1:{port}/metrics").raise_for_status().text
    process_client = instances[0].process_client
    shown = [without_key_variable(part) for one in instances for part in engine_records(process_client, one)]
    texts = [worker.log, metrics, *(json.dumps(part) for part in shown)]

    assert any("The key is ***" in text for text in texts)
    assert sum(kind.strip("{}") in text for text in texts for kind in ("You sent", "Invalid API Key")) > 1
    assert not [text for text in texts for secret in (key, ENGINE_PASSWORD) if secret in text]


def test_planted_key_is_not_in_the_journal(fault_environment):
    fault_environment.emulator.next(1, answer=f"You sent {ENV_KEY}")
    fault_environment.proxy.block_request("/complete")
    fault_environment.instance()
    with fault_environment.worker():
        assert fault_environment.proxy.blocked.wait(20)
        files = [path.read_bytes() for path in fault_environment.folder.glob("journal.sqlite*")]
        fault_environment.proxy.cut()
        fault_environment.proxy.restore()

    assert any(b"You sent" in content for content in files)
    assert not any(ENV_KEY.encode() in content for content in files)


def test_error_details_can_omit_prompts_and_answers(fault_environment):
    fault_environment.emulator.next(1, answer="You owe 100 euros")
    instance = fault_environment.instance(
        fields={"catalyst_responseMapping": '{"words": "length(usage.total_tokens)"}'}
    )
    with fault_environment.worker(mask_contents="true"):
        assert instance.incident().startswith("catalyst_responseMapping: ")

    details = instance.error_details()
    assert '"content": "(17 characters)"' in details
    assert '"content": "(5 characters)"' in details
    assert "hello" not in details
    assert "You owe" not in details


def test_encrypted_journal_shows_no_answer(fault_environment):
    fault_environment.emulator.next(1, answer="You owe 100 euros")
    fault_environment.proxy.block_request("/complete")
    instance = fault_environment.instance()
    with fault_environment.worker(journal_key=JOURNAL_KEY) as worker:
        assert fault_environment.proxy.blocked.wait(20)
        files = [path.read_bytes() for path in fault_environment.folder.glob("journal.sqlite*")]
        fault_environment.proxy.cut()
        fault_environment.proxy.restore()
        assert instance.task() == "Review"

    assert files
    assert not any(b"You owe" in content for content in files)
    assert JOURNAL_KEY not in worker.log
