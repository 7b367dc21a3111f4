"""The examples of docs/moving-over.md: workers of camunda-external-task-client-python3 on a real engine."""

import json
import time
from pathlib import Path

import pytest

from support.diagrams import diagram, process_with
from support.files import file
from support.multi_instance import REVIEW, collecting_task, loop
from support.process_instance import start
from support.worker_process import WorkerProcess

pytestmark = pytest.mark.engine
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
WRONG_KEY = {"catalyst_secretSource": "variable", "catalyst_apiKey": "gsk_unknown_to_the_emulator"}
NEEDS_REVIEWER = """<bpmn:extensionElements><camunda:inputOutput>
    <camunda:inputParameter name="assigned">${reviewer}</camunda:inputParameter>
    </camunda:inputOutput></bpmn:extensionElements>"""
ITEMS = 6


class LibraryProcess(WorkerProcess):
    """An example as users run it."""

    first_line = "Created new External Task Worker"

    def __init__(self, kind, *args, **settings):
        super().__init__(*args, **settings)
        self.arguments = (str(EXAMPLES / f"camunda_client_{kind}.py"),)
        self.topic = settings["topic"]


@pytest.fixture(scope="module", params=["sync", "async"])
def library(request, engine, shared_emulator, tmp_path_factory):
    folder, topic = tmp_path_factory.mktemp("library"), f"library-{request.param}"
    with LibraryProcess(request.param, folder, engine.rest_url, shared_emulator.base_url, topic=topic) as process:
        yield process


@pytest.fixture
def run(process_client, library, emulator):
    """Start an instance of a process whose task is for the example."""

    def start_one(typed=None, **parts):
        return start(process_client, diagram(topic=library.topic, **parts), typed, userMessage="hello")

    return start_one


def test_library_worker_completes_task(run, emulator):
    instance = run()

    assert instance.task() == "Review"
    variables = instance.typed_variables()
    assert variables["catalyst_success"]["value"] is True
    assert variables["catalyst_meta"]["type"] == "Json"
    assert [call.messages[-1]["content"] for call in emulator.calls] == ["hello"]


def test_library_worker_throws_bpmn_error(run):
    instance = run(boundary=True, properties=WRONG_KEY)

    assert instance.task() == "Caught"
    assert instance.variables()["errorCode"] == "AUTH_FAILED"
    assert instance.variables()["catalyst_statusCode"] == 401


def test_library_worker_makes_uncaught_error_an_incident(run, process_client):
    instance = run(properties=WRONG_KEY)

    assert "attach an error boundary event to 'Ask'" in instance.incident()
    [task] = process_client.external_tasks(instance.id)
    assert task["retries"] == 0
    assert WRONG_KEY["catalyst_apiKey"] not in instance.error_details()


def test_library_worker_replays_answer_after_refused_completion(run, process_client, emulator):
    instance = run(review=NEEDS_REVIEWER, properties={"catalyst_retries": "R2/PT0S"})
    assert "reviewer" in instance.incident()
    assert len(emulator.calls) == 1

    variable = {"type": "String", "value": "Ada"}
    process_client.http.put(f"/process-instance/{instance.id}/variables/reviewer", json=variable).raise_for_status()
    [task] = process_client.external_tasks(instance.id)
    process_client.http.put(f"/external-task/{task['id']}/retries", json={"retries": 1}).raise_for_status()

    assert instance.task() == "Review"
    assert instance.variables()["catalyst_meta"]["replayed"] is True
    assert len(emulator.calls) == 1


def test_library_worker_hands_long_wait_back(run, emulator):
    emulator.next(status=429, headers={"retry-after": "300"})
    instance = run(properties={"catalyst_model": "openai/gpt-oss-safeguard-20b"})
    task = instance.failed_task()

    assert task["retries"] == 3
    assert "300" in task["errorMessage"] or "5 min" in task["errorMessage"]
    assert time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(time.time() + 200)) < task["lockExpirationTime"]


def test_library_worker_reads_file_and_json_variables(run, emulator):
    content = ["Summarize for order ${order.item}", "${doc}"]
    payload = {"model": "openai/gpt-oss-120b", "messages": [{"role": "user", "content": content}]}
    typed = {
        "doc": file(b"the text of the file", "doc.txt", "text/plain"),
        "order": {"type": "Json", "value": '{"item": 17}'},
    }
    instance = run(typed, fields={"catalyst_payload": json.dumps(payload)})

    assert instance.task() == "Review"
    sent = json.dumps(emulator.calls[0].messages)
    assert "the text of the file" in sent
    assert "for order 17" in sent


def test_library_worker_collects_multi_instance(process_client, library, emulator):
    inside = collecting_task(inside=loop(ITEMS), topic=library.topic)
    instance = start(process_client, process_with(inside + REVIEW))

    assert instance.task() == "Review"
    assert set(instance.variables()["results"]) == {str(number) for number in range(ITEMS)}
    assert len(emulator.calls) == ITEMS
    query = {"processInstanceId": instance.id, "failureLog": "true"}
    assert process_client.get("/history/external-task-log/count", **query)["count"] == 0
    assert "Traceback" not in library.log
