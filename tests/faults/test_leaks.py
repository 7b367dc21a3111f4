"""Keys stand in every secret source, and Groq echoes them: they appear in no log, variable, incident or metric."""

import json
import re
import subprocess
import sys
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

import httpx
import pytest

from support.worker_process import ENDPOINT_KEY, ENV_KEY, FILE_KEY, PROPERTIES_KEY, TASK_KEY, VARIABLE_KEY

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
    "an answer": {"answer": "You sent {}, {reversed}, {base64}, {url} and {json}"},
    "escapes": {
        "status": 200,
        "body": '{"choices":[{"index":0,"message":{"content":"You sent {json}"}}],"x":"{json}"}',
    },
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


def escape_as_json(key):
    return "".join(f"\\u{ord(character):04x}" for character in key)


def forms_of(key):
    """Return how a text may show a key; of base64, what stays the same inside of a longer text."""
    return {
        "": key,
        "reversed": key[::-1],
        "base64": b64encode(key.encode()).decode()[: len(key) * 8 // 6],
        "url": "".join(f"%{byte:02x}" for byte in key.encode()),
        "json": escape_as_json(key),
    }


def with_key(rule, key):
    def fill(text):
        for name, form in forms_of(key).items():
            text = text.replace(f"{{{name}}}", form)
        return text

    if isinstance(rule, dict):
        return {name: with_key(part, key) for name, part in rule.items()}
    return fill(rule) if isinstance(rule, str) else rule


def find_forms(text, key):
    """Return the names of the forms in which a text shows a key, also where its backslashes are escaped once more."""
    return [name for name, form in forms_of(key).items() if form in text or form in text.replace("\\\\", "\\")]


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
    assert not [found for text in texts for secret in (key, ENGINE_PASSWORD) if (found := find_forms(text, secret))]


@pytest.mark.parametrize("source", ["env", "variable", "escapes"])
def test_planted_key_is_not_in_the_journal(fault_environment, source):
    rule = ECHOES["escapes" if source == "escapes" else "an answer"]
    key = ENV_KEY if source == "env" else TASK_KEY
    fault_environment.emulator.next(1, **with_key(rule, key))
    fault_environment.proxy.block_request("/complete")
    properties = {} if source == "env" else {"catalyst_secretSource": "variable", "catalyst_apiKey": "myKey"}
    fault_environment.instance({"userMessage": "hello", "myKey": key}, properties=properties)
    with fault_environment.worker():
        assert fault_environment.proxy.blocked.wait(20)
        files = [path.read_bytes() for path in fault_environment.folder.glob("journal.sqlite*")]
        fault_environment.proxy.cut()
        fault_environment.proxy.restore()

    assert any(b"You sent" in content for content in files)
    assert not [found for content in files if (found := find_forms(content.decode(errors="replace"), key))]


def test_key_of_a_task_changes_no_other_tasks_answer(fault_environment):
    """One that is a word of the answers is refused before Groq is asked; one that may be a key is masked in its own."""
    fault_environment.emulator.next(None, answer=f"The choices: {TASK_KEY} or password")
    fields = {"catalyst_responseMapping": '{"answer": "choices[0].message.content"}'}
    own = {"catalyst_secretSource": "variable", "catalyst_apiKey": "myKey"}
    with fault_environment.worker():
        for word in ('"choices"', "choices", "password", "choices\x1b[2J"):
            refused = fault_environment.instance({"userMessage": "a", "myKey": word}, properties=own, fields=fields)
            assert refused.incident().startswith("catalyst_apiKey: the ")
        assert fault_environment.emulator.calls == ()
        instances = [
            fault_environment.instance({"userMessage": "b", "myKey": TASK_KEY}, properties=own, fields=fields),
            fault_environment.instance({"userMessage": "c"}, fields=fields),
        ]
        answers = []
        for instance in instances:
            assert instance.task() == "Review"
            answers.append(instance.variables()["answer"])

    assert answers == ["The choices: *** or password", f"The choices: {TASK_KEY} or password"]
    assert len(fault_environment.emulator.calls) == 2


class RefusingProxy(BaseHTTPRequestHandler):
    """Asks for other credentials at each tunnel, and records those that it gets."""

    authorizations: ClassVar[list[str | None]] = []

    def do_CONNECT(self):
        self.authorizations.append(self.headers["Proxy-Authorization"])
        self.send_error(407)

    def log_message(self, *_):
        """Nothing: the server's log would be the test's output."""


@pytest.fixture
def refusing_proxy():
    with ThreadingHTTPServer(("127.0.0.1", 0), RefusingProxy) as server:
        RefusingProxy.authorizations.clear()
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("source", ["setting", "environment"])
def test_password_of_a_proxy_leaks_nowhere(fault_environment, refusing_proxy, source):
    """The proxy's URL is in the error message of a refused tunnel."""
    password = "pass%2Fword-of-the-proxy"
    url = f"http://somebody:{password}@LocalHost:{refusing_proxy.server_port}"
    settings = {"log_level": "DEBUG", **({"groq_proxy": url} if source == "setting" else {})}
    worker = fault_environment.worker(**settings)
    worker.environ["GROQ_API_URL"] = "https://groq.test/openai/v1"
    if source == "environment":
        worker.environ |= {"https_proxy": url, "no_proxy": "127.0.0.1"}
    with worker:
        instance = fault_environment.instance(properties={"catalyst_retries": "R1/PT0S"})
        message = instance.incident()
    models = subprocess.run(
        [sys.executable, "-P", "-m", "catalyst_groq", "models"],
        env={**worker.environ, "CATALYST_TOPIC": fault_environment.topic},
        cwd=fault_environment.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    records = [json.dumps(part) for part in engine_records(instance.process_client, instance)]
    texts = [message, worker.log, models.stdout, models.stderr, *records]

    assert "407" in message
    assert "407" in models.stdout
    assert set(RefusingProxy.authorizations) == {"Basic " + b64encode(b"somebody:pass/word-of-the-proxy").decode()}
    assert not [text for text in texts for secret in (password, "pass/word", "somebody:") if secret in text]


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
