"""`catalyst-groq render` beside a real engine: it sends what a task sends, and reads the data of instances."""

import json
import re
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from support.diagrams import diagram
from support.factories import REPLY
from support.process_instance import start
from support.raw_server import running_raw_server
from support.worker_process import WorkerProcess

pytestmark = pytest.mark.engine
TOPIC, IDLE_TOPIC = "rendered", "rendered-by-nobody"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(50)
RECORDING = b"ID3\x04\x00\x00\x00\x00\x00\x00" + bytes(200)
BODY = json.dumps(REPLY | {"text": "Hello"}).encode()
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(BODY), BODY)
CHAT = {
    "catalyst_payload": '{"max_tokens": 50, "seed": "${seed}", "messages": [{"role": "user", "content": "${text}"}]}'
}
VISION = {
    "catalyst_payload": '{"model": "qwen/qwen3.8-27b", "messages": '
    '[{"role": "user", "content": ["${order.items[0].name || \'?\'}", "${photo}"]}]}'
}
TEXT = 'She said "hi"\n\\ Grüße 🌍 ${x} ' + "long " * 2000


@pytest.fixture(scope="module")
def groq():
    """A server that keeps the bytes that it gets."""
    with running_raw_server(lambda _name, _request: ANSWER) as server:
        yield server


@pytest.fixture(scope="module")
def own_worker(engine, groq, tmp_path_factory):
    with WorkerProcess(tmp_path_factory.mktemp("render"), engine.rest_url, groq.url, topic=TOPIC) as worker:
        yield worker


@pytest.fixture
def render(own_worker, tmp_path):
    """Runs the command with the worker's settings, on the diagram; returns what it prints as JSON."""

    def run(made, *arguments):
        file = tmp_path / f"{made[0]}.bpmn"
        file.write_text(made[1], encoding="utf-8")
        command = [sys.executable, "-P", "-m", "catalyst_groq", "render", str(file), "--json", *arguments]
        environ = own_worker.environ | {"CATALYST_TOPIC": f"{TOPIC},{IDLE_TOPIC}"}
        folder = Path(own_worker.environ["CATALYST_SECRETS_DIR"]).parent
        result = subprocess.run(
            command, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=120
        )
        assert result.stderr == ""
        return json.loads(result.stdout)

    return run


def sent_by(groq, action):
    """Return the requests that arrive while something is done, without the boundaries of forms."""
    before = len(groq.exchanges)
    action()
    return [
        re.sub(rb"(boundary=|--)[0-9a-f]{32}", rb"\1", exchange.head.encode() + exchange.content)
        for exchange in groq.exchanges[before:]
    ]


def file_variable(name, mimetype, content):
    info = {"filename": name, "mimeType": mimetype}
    return {"type": "File", "value": b64encode(content).decode(), "valueInfo": info}


CASES: dict[str, Any] = {
    "chat": ({"fields": CHAT}, {"text": TEXT, "seed": 7}, {}, ["--var", f"text={TEXT}", "--var", "seed:=7"]),
    "image": (
        {"fields": VISION},
        {"order": {"items": [{"name": "Überweisung"}]}},
        {"photo": file_variable("a.png", "image/png", PNG)},
        ["--var", 'order:={"items": [{"name": "Überweisung"}]}', "--var", "photo@a.png"],
    ),
    "recording": (
        {"properties": {"catalyst_operation": "transcribe", "catalyst_language": "${language}"}},
        {"language": "de"},
        {"recording": file_variable("a.mp3", "audio/mpeg", RECORDING)},
        ["--var", "language=de", "--var", "recording@a.mp3"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_render_sends_the_same_bytes_as_a_task(groq, own_worker, process_client, render, case):
    parts, variables, files, arguments = CASES[case]
    folder = Path(own_worker.environ["CATALYST_SECRETS_DIR"]).parent
    (folder / "a.png").write_bytes(PNG)
    (folder / "a.mp3").write_bytes(RECORDING)
    waiting = diagram(**parts, topic=IDLE_TOPIC)
    idle = start(process_client, waiting, files, **variables)
    of_task = sent_by(groq, lambda: start(process_client, diagram(**parts, topic=TOPIC), files, **variables).task())
    of_render = sent_by(groq, lambda: render(diagram(**parts, topic=TOPIC), "--send", *arguments))
    of_instance = sent_by(groq, lambda: render(waiting, "--send", "--instance", idle.id))

    assert len(of_task) == 1
    assert of_render == of_task
    assert of_instance == of_task


def test_render_of_instance_uses_its_data_and_facts(process_client, render):
    fields = {
        "catalyst_payload": '{"messages": [{"role": "user", "content": "${task.id} ${greeting} ${userMessage}"}]}'
    }
    made = diagram(fields=fields, inputs={"greeting": "${userMessage.toUpperCase()}"}, topic=IDLE_TOPIC)
    instance = start(process_client, made, userMessage="hi")
    [task] = process_client.external_tasks(instance.id)
    shown = render(made, "--instance", instance.id, "--var", "userMessage=changed")
    of_task = render(made, "--instance", task["id"])

    assert shown["requests"][0]["body"]["messages"][0]["content"] == f"{task['id']} HI changed"
    assert of_task["requests"][0]["body"]["messages"][0]["content"] == f"{task['id']} HI hi"
    assert {entry["name"]: entry["source"] for entry in shown["variables"]} == {
        "greeting": "instance",
        "userMessage": "--var",
    }
    assert process_client.external_tasks(instance.id) == [task]  # neither locked nor changed
