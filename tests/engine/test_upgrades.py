"""Two versions side by side, as in a rolling upgrade: the commit before the versioned journal, and this one."""

import subprocess
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest
from redis import Redis

from catalyst_groq.sandbox.process_client import wait_for
from support.diagrams import diagram
from support.process_instance import start
from support.worker_process import WorkerProcess

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[2]
OLD_COMMIT = "36b882e"
INSTANCES = 40
RPM = 60_000
NEEDS_REVIEWER = """<bpmn:extensionElements><camunda:inputOutput>
    <camunda:inputParameter name="assigned">${reviewer}</camunda:inputParameter>
    </camunda:inputOutput></bpmn:extensionElements>"""
"""A user task that cannot begin without the variable `reviewer`: the engine refuses the completion before it."""


@pytest.fixture(scope="module")
def old_version(tmp_path_factory):
    """The folder with the package of the earlier version."""
    folder = tmp_path_factory.mktemp("old")
    archive = folder / "old.tar"
    command = ["git", "-C", str(ROOT), "archive", "--output", str(archive), OLD_COMMIT, "worker", "bpmn", "templates"]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip(f"this checkout has no commit {OLD_COMMIT}")
    subprocess.run(["tar", "-xf", str(archive), "-C", str(folder)], check=True)
    return folder / "worker"


@pytest.fixture
def make_worker(engine, emulator, old_version, redis, tmp_path):
    """Make a worker of the old version or of this one; all share a journal."""
    journals = {"sqlite": str(tmp_path / "journal.sqlite"), "redis": redis}

    def make(version, topic, journal, **settings):
        shared = {"journal": journals[journal], "topic": topic, "worker_id": f"{topic}-{version}"}
        worker = WorkerProcess(tmp_path / version, engine.rest_url, emulator.base_url, **shared, **settings)
        if version == "old":
            worker.environ["PYTHONPATH"] = str(old_version)
            worker.environ.pop("COVERAGE_PROCESS_CONFIG", None)  # its code is not what is measured
        return worker

    return make


def continue_task(instance):
    http = instance.process_client.http
    variable = {"type": "String", "value": "Ada"}
    http.put(f"/process-instance/{instance.id}/variables/reviewer", json=variable).raise_for_status()
    [task] = instance.process_client.external_tasks(instance.id)
    http.put(f"/external-task/{task['id']}/retries", json={"retries": 1}).raise_for_status()


@pytest.mark.parametrize("versions", ["old new", "new old"])
@pytest.mark.parametrize("journal", ["sqlite", "redis"])
def test_upgrade_replays_the_responses_of_the_other_version(make_worker, process_client, emulator, versions, journal):
    first, second = versions.split()
    topic = f"upgrade-{journal}-to-{second}"
    properties = {"catalyst_retries": "R1/PT0S"}
    instance = start(
        process_client, diagram(topic=topic, review=NEEDS_REVIEWER, properties=properties), userMessage="hello"
    )
    with make_worker(first, topic, journal):
        assert "reviewer" in instance.incident()
    continue_task(instance)
    with make_worker(second, topic, journal):
        assert instance.task() == "Review"

    assert len(emulator.calls) == 1
    assert instance.variables()["catalyst_meta"]["replayed"] is True


def test_upgrade_shares_tasks_journal_and_limits(make_worker, process_client, emulator, redis):
    with Redis.from_url(redis) as server:
        server.flushall()
    topic, shared = "upgrade-shared", {"concurrency": "5", "async_response_timeout": "PT0.5S"}
    shared |= {"limits": "free", "model_limits": f"* rpm={RPM} tpm={10**9}", "limits_redis_url": redis}
    emulator.set(latency=0.05)
    key, xml = diagram(topic=topic)
    process_client.deploy_texts({f"{key}.bpmn": xml})
    with ExitStack() as running:
        workers = [running.enter_context(make_worker(version, topic, "sqlite", **shared)) for version in ("old", "new")]
        for _ in range(INSTANCES):
            process_client.start(key, {"userMessage": "hello"})
        wait_for(
            "all tasks", lambda: not process_client.get("/external-task/count", topicName=topic)["count"], timeout=60
        )

    completed = Counter({worker.environ["CATALYST_WORKER_ID"]: worker.log.count("Completed ") for worker in workers})
    assert completed.total() == len(emulator.calls) == INSTANCES
    assert min(completed.values()) > 0
    assert not [worker.log for worker in workers if "cannot be used" in worker.log or "unavailable" in worker.log]
    with Redis.from_url(redis, decode_responses=True) as server:
        [queue] = server.keys("catalyst:limits:*:*")
        assert queue
