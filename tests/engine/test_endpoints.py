"""The example process gets its answer when a model or an endpoint fails, and reports its attempts."""

import itertools
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from catalyst_groq.sandbox.emulator import EmulatorConfig, running_emulator
from catalyst_groq.sandbox.process_client import wait_for
from support.process_instance import Instance
from support.worker_process import ENDPOINT_KEY, ENV_KEY, ORGANIZATIONS, WorkerProcess

pytestmark = pytest.mark.engine
EXAMPLE = Path(__file__).parents[2] / "bpmn" / "groq-example.bpmn"
DEFAULT, SMALLER = "openai/gpt-oss-120b", "openai/gpt-oss-20b"
BACKUP_KEY = "key-of-the-backup-endpoint"
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "a retired default model": ({"error_code": "model_not_found"}, "404 model_not_found"),
    "an endpoint that hangs": ({"fault": "hang"}, "timed out"),
    "a cut stream": ({"fault": "cut"}, "response cut off"),
    "a key that is refused": ({"error_code": "invalid_api_key"}, "401 invalid_api_key"),
    "a limit that is waited for elsewhere": (
        {"status": 429, "headers": {"retry-after": "20"}},
        "429 rate_limit_exceeded",
    ),
}
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def backup():
    """The emulator of a second provider, which calls the models otherwise."""
    with running_emulator(EmulatorConfig(keys={BACKUP_KEY: "org_backup"})) as emulator:
        yield emulator


class Example:
    """The example process, with a topic of its own."""

    def __init__(self, process_client, worker, topic):
        self.process_client, self.worker, self.topic = process_client, worker, topic

    def run_to_review(self):
        """Start an instance and return it once it waits at its review task."""
        text = EXAMPLE.read_text(encoding="utf-8").replace('"catalyst-groq"', f'"{self.topic}"')
        text = text.replace('"60"', '"1"').replace("R3/PT10S", "R3/PT0S").replace("Groq example", self.topic)
        self.process_client.deploy_texts({"example.bpmn": text.replace('id="groq-example"', f'id="{self.topic}"')})
        instance = Instance(self.process_client, self.process_client.start(self.topic))
        self.process_client.complete_user_task(instance.id, {"userMessage": "hello"})
        assert instance.task() == "Review"
        return instance

    def metric(self, name):
        """Look at the first sample of a metric."""
        metrics = httpx.get(f"http://127.0.0.1:{self.worker.http_port()}/metrics").raise_for_status().text
        return next((line for line in metrics.splitlines() if line.startswith(name)), None)


@pytest.fixture
def example(process_client, engine, emulator, backup, tmp_path):
    """Start a worker between two endpoints, with further settings in `worker.yaml`."""
    backup.reset()
    running = []

    def begin(**further_settings):
        topic = f"endpoints-{next(numbers)}"
        main = {"name": "main", "url": emulator.base_url, "key": "endpoint_key"}
        other = {"name": "backup", "url": backup.base_url, "key": "backup_key", "priority": 1}
        settings = {"endpoints": [other, main], "topic": topic, "http_port": 0, "stream": True, "log_level": "DEBUG"}
        (tmp_path / "worker.yaml").write_text(yaml.safe_dump(settings | further_settings))
        worker = WorkerProcess(tmp_path, engine.rest_url, emulator.base_url)
        (tmp_path / "secrets" / "backup_key").write_text(f"{BACKUP_KEY}\n")
        running.append(worker.__enter__())
        return Example(process_client, worker, topic)

    yield begin
    for worker in running:
        worker.__exit__()
        assert not [key for key in (ENDPOINT_KEY, BACKUP_KEY) if key in worker.log]


@pytest.mark.parametrize("fault", FAULTS)
def test_failover_to_another_endpoint_is_immediate(example, emulator, backup, fault):
    rule, expected_result = FAULTS[fault]
    emulator.next(None, **rule)
    variables = example().run_to_review().variables()

    assert variables["catalyst_success"] is True, variables["catalyst_error"]
    assert variables["modelUsed"] == DEFAULT
    assert variables["catalyst_meta"]["attempts"] == [
        {"endpoint": "main", "model": DEFAULT, "result": expected_result},
        {"endpoint": "backup", "model": DEFAULT, "result": "answered"},
    ]
    assert [call.organization for call in backup.calls] == ["org_backup"]


def test_circuit_breaker_opens_on_failures_and_closes_after(example, emulator, backup):
    emulator.next(None, status=503)
    backup.next(None, answer=f"You sent {BACKUP_KEY}")
    stormy = example(circuit_threshold=3, circuit_reset_timeout="PT3S")
    answers = [stormy.run_to_review().variables() for _ in range(5)]

    assert [variables["aiReply"] for variables in answers] == ["You sent ***"] * 5
    results = [variables["catalyst_meta"]["attempts"][0]["result"] for variables in answers]
    assert results == ["503"] * 3 + ["not sent: circuit breaker open"] * 2
    assert stormy.metric("catalyst_circuits_open") == f'catalyst_circuits_open{{endpoint="main",model="{DEFAULT}"}} 1.0'
    assert BACKUP_KEY not in str(answers)
    emulator.reset()
    wait_for("the end of the pause", lambda: not stormy.metric("catalyst_circuits_open"), timeout=10)
    assert stormy.run_to_review().variables()["catalyst_meta"]["attempts"][0] == {
        "endpoint": "main",
        "model": DEFAULT,
        "result": "answered",
    }
    assert len(re.findall(r"opened for about 3 s after 3 failures in a row: 503", stormy.worker.log)) == 1
    assert stormy.worker.log.count(f"Circuit breaker of {DEFAULT} at main closed") == 1


def test_retired_default_model_uses_operators_replacement(example, emulator, tmp_path):
    emulator.next(None, error_code="model_not_found", when={"model": DEFAULT})
    (tmp_path / "models.yaml").write_text(f"models: [{{id: {DEFAULT}, replacement: {SMALLER}}}]")
    variables = example(endpoints=[], models="models.yaml").run_to_review().variables()

    assert variables["modelUsed"] == SMALLER
    attempts = variables["catalyst_meta"]["attempts"]
    assert [(attempt["model"], attempt["result"]) for attempt in attempts] == [
        (DEFAULT, "404 model_not_found"),
        (SMALLER, "answered"),
    ]


def test_endpoint_without_key_uses_the_tasks_key(example, emulator):
    own_names = {"name": "groq", "models": {DEFAULT: SMALLER}}
    variables = example(endpoints=[own_names]).run_to_review().variables()

    assert variables["modelUsed"] == SMALLER
    assert [call.organization for call in emulator.calls] == [ORGANIZATIONS[ENV_KEY]]
    assert variables["catalyst_meta"]["attempts"] == [{"endpoint": "groq", "model": DEFAULT, "result": "answered"}]


def test_circuit_breaker_open_costs_no_retry_and_no_request(example, emulator):
    emulator.next(2, status=503)
    alone = example(endpoints=[], circuit_threshold=2, circuit_reset_timeout="PT2S")
    variables = alone.run_to_review().variables()

    assert variables["catalyst_success"] is True
    assert [call.status for call in emulator.calls] == [503, 503, 200]
