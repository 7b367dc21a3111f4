"""An engine that starts again with an empty database: its ids begin anew, its definitions and tasks are other ones."""

import json
from unittest.mock import patch

import pytest

from catalyst_groq.sandbox.engine import EngineProcess
from catalyst_groq.sandbox.engine.java import JVM_FLAGS
from catalyst_groq.sandbox.process_client import ProcessClient
from support.diagrams import diagram
from support.process_instance import Instance
from support.worker_process import WorkerProcess

pytestmark = [pytest.mark.engine, pytest.mark.slow]

ID_GENERATOR = "-D{}.bpm.id-generator=simple"
"""Counts ids from 1 in each database."""


def make_diagram(question):
    key, xml = diagram(fields={"catalyst_payload": json.dumps({"messages": [{"role": "user", "content": question}]})})
    return "replaced", xml.replace(f'"{key}"', '"replaced"')


def ask(engine, question, next_step=""):
    """Deploy the process with a question, let one instance ask it, and return the ids of definition and task.

    A `next_step` that fails makes the engine refuse the answer: it stays in the journal.
    """
    with ProcessClient(engine.rest_url) as client:
        key, xml = make_diagram(question)
        client.deploy_texts({"replaced.bpmn": xml.replace('id="Review"', f'id="Review" {next_step}')})
        [definition] = client.get("/process-definition", key=key)
        instance = Instance(client, client.start(key), timeout_seconds=60)
        if next_step:
            instance.failed_task()
        else:
            assert instance.task() == "Review"
        [created] = client.get("/history/external-task-log", processInstanceId=instance.id, creationLog="true")
        return definition["id"], created["externalTaskId"]


def test_engine_with_an_empty_database_gets_no_answer_to_an_old_question(flavour, emulator, tmp_path):
    flags = (*JVM_FLAGS, ID_GENERATOR.format(flavour))
    with (
        patch("catalyst_groq.sandbox.engine.process.JVM_FLAGS", flags),
        EngineProcess(flavour) as engine,
        WorkerProcess(tmp_path, engine.rest_url, emulator.base_url),
    ):
        before = ask(engine, "Old question")
        engine.kill()
        engine.start()
        after = ask(engine, "New question")

    assert after == before
    assert [call.messages[0]["content"] for call in emulator.calls] == ["Old question", "New question"]


def test_engine_with_an_empty_database_gets_no_stored_answer(flavour, emulator, tmp_path):
    flags = (*JVM_FLAGS, ID_GENERATOR.format(flavour))
    with (
        patch("catalyst_groq.sandbox.engine.process.JVM_FLAGS", flags),
        EngineProcess(flavour) as engine,
        WorkerProcess(tmp_path, engine.rest_url, emulator.base_url),
    ):
        refused = ask(engine, "Same question", next_step='name="${obstacle}"')
        engine.kill()
        engine.start()
        assert ask(engine, "Same question") == refused

    assert len(emulator.calls) == 2
