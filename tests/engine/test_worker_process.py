"""Many tasks at once, stops, restarts and outages: no task is lost, failed or sent to Groq twice."""

import itertools
import json
import signal
from http import HTTPStatus

import httpx
import psutil
import pytest

from catalyst_groq.sandbox.emulator import EmulatorConfig, running_emulator
from catalyst_groq.sandbox.engine import EngineProcess
from catalyst_groq.sandbox.process_client import ProcessClient, wait_for
from catalyst_groq.supervisor import find_free_ports
from support.diagrams import diagram
from support.process_instance import Instance, start
from support.worker_process import ENV_KEY, ORGANIZATIONS, WorkerProcess

pytestmark = pytest.mark.engine
MANY = 50
ANY_HOST = "0.0.0.0"  # noqa: S104 -- for the length of a test
numbers = itertools.count(1)


@pytest.fixture
def topic():
    """A topic of the test's own, which no other worker fetches."""
    return f"working-{next(numbers)}"


def start_many(process_client, count, made):
    first = start(process_client, made, userMessage="question 0")
    key = made[0]
    return [
        first,
        *(
            Instance(process_client, process_client.start(key, {"userMessage": f"question {n}"}))
            for n in range(1, count)
        ),
    ]


def at_once(calls):
    """How many of the calls were in flight at the same moment, at most."""
    moments = sorted(
        moment for call in calls for moment in ((call.at.timestamp(), 1), (call.at.timestamp() + call.seconds, -1))
    )
    most = now = 0
    for _, step in moments:
        now += step
        most = max(most, now)
    return most


def test_concurrency_of_fifty_tasks_at_once(process_client, emulator, engine, tmp_path, topic):
    instances = start_many(process_client, MANY, diagram(topic=topic))
    emulator.set(latency=3)
    with WorkerProcess(tmp_path, engine.rest_url, emulator.base_url, worker_id="fifty", topic=topic):
        assert [instance.task() for instance in instances] == ["Review"] * MANY

    assert at_once(emulator.calls) == len(emulator.calls) == MANY


def test_sigterm_finishes_active_tasks_and_leaves_the_others(process_client, emulator, engine, tmp_path, topic):
    instances = start_many(process_client, 70, diagram(topic=topic))
    emulator.set(latency=2)
    with WorkerProcess(
        tmp_path, engine.rest_url, emulator.base_url, worker_id="stopped", concurrency="50", topic=topic
    ) as worker:
        wait_for("50 calls in flight", lambda: len(emulator.calls) >= 50, timeout=20)
        worker.signal(signal.SIGTERM)
        assert worker.wait() == 0

    done = [instance for instance in instances if process_client.user_task(instance.id) == "Review"]
    waiting = [task for instance in instances for task in process_client.external_tasks(instance.id)]
    assert len(done) == len(emulator.calls) >= 50
    assert len(done) + len(waiting) == 70
    assert {(task["retries"], task["errorMessage"], task["workerId"]) for task in waiting} <= {(None, None, None)}
    with WorkerProcess(tmp_path, engine.rest_url, emulator.base_url, worker_id="stopped", topic=topic):
        assert [instance.task() for instance in instances] == ["Review"] * 70
    assert len(emulator.calls) == 70


def test_second_signal_stops_at_once_and_restart_continues(process_client, emulator, engine, tmp_path, topic):
    instances = start_many(process_client, 3, diagram(topic=topic))
    emulator.next(3, fault="hang")
    with WorkerProcess(
        tmp_path, engine.rest_url, emulator.base_url, worker_id="hurried", async_response_timeout="PT0.2S", topic=topic
    ) as worker:
        wait_for("three calls in flight", lambda: len(emulator.calls) == 3, timeout=20)
        worker.signal(signal.SIGTERM)
        wait_for("the first signal taken", lambda: "a second signal stops at once" in worker.log, timeout=10)
        worker.signal(signal.SIGTERM)
        worker.wait(5)
    with WorkerProcess(tmp_path, engine.rest_url, emulator.base_url, worker_id="hurried", topic=topic):
        assert [instance.task() for instance in instances] == ["Review"] * 3


@pytest.mark.every_engine
def test_orphaned_tasks_of_killed_worker_resume_at_restart(process_client, emulator, engine, tmp_path, topic):
    instances = start_many(process_client, 3, diagram(topic=topic))
    emulator.next(3, fault="hang")
    with WorkerProcess(tmp_path, engine.rest_url, emulator.base_url, worker_id="killed", topic=topic) as worker:
        wait_for("three calls in flight", lambda: len(emulator.calls) == 3, timeout=20)
        worker.signal(signal.SIGKILL)
        worker.wait()
    with WorkerProcess(tmp_path, engine.rest_url, emulator.base_url, worker_id="killed", topic=topic):
        assert [instance.task() for instance in instances] == ["Review"] * 3


def test_lock_renewal_lets_a_long_request_run_once(process_client, emulator, engine, tmp_path, topic):
    instance = start(process_client, diagram(topic=topic), userMessage="hello")
    emulator.next(1, delay=8)
    settings = {"worker_id": "slow", "lock_duration": "PT3S", "topic": topic}
    with (
        WorkerProcess(tmp_path / "one", engine.rest_url, emulator.base_url, **settings),
        WorkerProcess(tmp_path / "two", engine.rest_url, emulator.base_url, **settings | {"worker_id": "other"}),
    ):
        assert instance.task() == "Review"

    assert len(emulator.calls) == 1


@pytest.mark.every_engine
def test_cancelled_instance_cancels_its_request(process_client, emulator, engine, tmp_path, topic):
    instance = start(process_client, diagram(topic=topic), userMessage="hello")
    emulator.next(1, fault="hang")
    with WorkerProcess(
        tmp_path,
        engine.rest_url,
        emulator.base_url,
        worker_id="cancelled",
        lock_duration="PT3S",
        concurrency="1",
        topic=topic,
    ) as worker:
        wait_for("the call", lambda: emulator.calls, timeout=20)
        process_client.http.delete(f"/process-instance/{instance.id}").raise_for_status()
        wait_for("the call's end", lambda: "Lock lost on task" in worker.log, timeout=10)
        assert start(process_client, diagram(topic=topic), userMessage="next").task() == "Review"

    assert "Traceback" not in worker.log


@pytest.mark.every_engine
def test_suspended_instance_gets_its_stored_answer_when_it_is_activated(
    process_client, emulator, start_instance, worker
):
    emulator.next(1, delay=2)
    instance = start_instance(diagram(), userMessage="hello")
    suspended = f"/process-instance/{instance.id}/suspended"
    wait_for("the call", lambda: emulator.calls, timeout=20)
    process_client.http.put(suspended, json={"suspended": True}).raise_for_status()
    line = f"because the process instance {instance.id} is suspended"
    wait_for("the warning", lambda: line in worker.log, timeout=20)
    process_client.http.put(suspended, json={"suspended": False}).raise_for_status()

    assert instance.task() == "Review"
    assert worker.log.count(line) == len(emulator.calls) == 1
    assert instance.variables()["catalyst_meta"]["replayed"] is True


def test_engine_outage_loses_no_task(tmp_path, topic):
    database = f"jdbc:h2:file:{tmp_path}/engine;DB_CLOSE_ON_EXIT=FALSE;WRITE_DELAY=0"  # kill -9 loses no commit
    with (
        running_emulator(EmulatorConfig(keys=ORGANIZATIONS)) as emulator,
        EngineProcess(database=database) as engine,
        WorkerProcess(tmp_path, engine.rest_url, emulator.base_url, topic=topic) as worker,
        ProcessClient(engine.rest_url) as process_client,
    ):
        emulator.set(latency=4)
        instances = start_many(process_client, MANY, diagram(topic=topic))
        wait_for("all calls in flight", lambda: len(emulator.calls) == MANY, timeout=20)
        engine.kill()
        wait_for("the outage", lambda: "Engine unreachable" in worker.log, timeout=20)
        engine.start()
        assert [instance.task() for instance in instances] == ["Review"] * MANY

        assert len(emulator.calls) == MANY
        lines = worker.log.splitlines()
        assert sum("Engine unreachable" in line for line in lines) == 1
        assert sum("responds again" in line for line in lines) == 1


def test_worker_started_before_engine_waits_for_it(tmp_path, topic):
    with running_emulator(EmulatorConfig(keys=ORGANIZATIONS)) as emulator, EngineProcess() as engine:
        engine.stop()
        with WorkerProcess(tmp_path, engine.rest_url, emulator.base_url, topic=topic) as worker:
            wait_for("the outage", lambda: "Engine unreachable" in worker.log, timeout=20)
            engine.start()
            with ProcessClient(engine.rest_url) as process_client:
                assert start(process_client, diagram(topic=topic), userMessage="hello").task() == "Review"
        assert sum("Engine unreachable" in line for line in worker.log.splitlines()) == 1


def test_keys_are_in_no_log_variable_or_incident(process_client, start_instance, emulator, worker):
    emulator.next(2, status=401)
    caught = start_instance(diagram(boundary=True), userMessage="hello")
    assert caught.task() == "Caught"
    uncaught = start_instance(diagram(properties={"catalyst_giveUpAfter": "PT0S"}), userMessage="hello")
    texts = [worker.log, uncaught.incident(), json.dumps(caught.variables()), json.dumps(uncaught.variables())]

    assert not [key for key in ORGANIZATIONS if any(key in text for text in texts)]


def test_processes_share_tasks_and_stop_together(process_client, emulator, engine, tmp_path, topic):
    emulator.set(latency=0.5)
    instances = start_many(process_client, 20, diagram(topic=topic))
    settings = {"topic": topic, "worker_id": "many", "concurrency": "5"}
    with WorkerProcess(tmp_path, engine.rest_url, emulator.base_url, "--processes", "3", **settings) as workers:
        assert [instance.task() for instance in instances] == ["Review"] * 20
        workers.signal(signal.SIGTERM)
        assert workers.wait() == 0

    assert [f"Worker many-{number} " in workers.log for number in (1, 2, 3)] == [True] * 3
    assert 5 < at_once(emulator.calls) <= 15
    assert len(emulator.calls) == 20


def test_processes_stop_when_one_dies(engine, emulator, tmp_path, topic):
    with WorkerProcess(tmp_path, engine.rest_url, emulator.base_url, "--processes", "2", topic=topic) as workers:
        wait_for("both workers", lambda: workers.log.count("fetches") == 2, timeout=20)
        [victim, *_] = workers.children()
        victim.kill()
        assert workers.wait() == signal.SIGKILL


def test_processes_share_one_port(engine, emulator, tmp_path, topic):
    [port] = find_free_ports(1)
    settings = {"topic": topic, "http_port": str(port), "concurrency": "5", "worker_id": "shared"}
    with (
        WorkerProcess(tmp_path, engine.rest_url, emulator.base_url, "--processes", "2", **settings),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        wait_for("readiness", lambda: client.get("/readyz").status_code == HTTPStatus.OK, timeout=20)
        metrics = client.get("/metrics").text
        assert [process["status"] for process in client.get("/readyz").json()["processes"]] == ["ready"] * 2

    assert "catalyst_capacity 10.0" in metrics
    assert "catalyst_ready 1.0" in metrics


@pytest.mark.every_engine
def test_variables_to_fetch_follow_each_task(process_client, emulator, engine, tmp_path, topic):
    payload = '{"messages": [{"role": "user", "content": "${%s}"}]}'
    with WorkerProcess(tmp_path, engine.rest_url, emulator.base_url, topic=topic, log_level="DEBUG") as worker:
        for name in ("first", "second", "third"):
            made = diagram(topic=topic, fields={"catalyst_payload": payload % name})
            instance = start(process_client, made, first="one", second="two", third="three", unused="x" * 3000)
            assert instance.task() == "Review"

    assert [call.messages[0]["content"] for call in emulator.calls] == ["one", "two", "three"]
    # At least the third: the poll that fetches the second may have begun before anything was known of the first.
    assert "Unlocked" in worker.log
    assert "retries left" not in worker.log


def test_engine_url_without_rest_path_is_explained_in_log(engine, emulator, tmp_path):
    with WorkerProcess(tmp_path, engine.rest_url.removesuffix("/engine-rest"), emulator.base_url) as worker:
        wait_for("the outage", lambda: "Retrying until it responds" in worker.log, timeout=20)

    assert "Is /engine-rest missing in CATALYST_ENGINE_URL?" in worker.log


def listening_addresses(processes):
    """The addresses that processes listen at, each once."""
    sockets = [entry for process in processes for entry in process.net_connections("inet")]
    return {entry.laddr.ip for entry in sockets if entry.status == psutil.CONN_LISTEN}


@pytest.mark.parametrize(("host", "expected"), [("", "127.0.0.1"), (ANY_HOST, ANY_HOST)], ids=["default", "all"])
def test_health_listens_on_loopback_by_default(engine, emulator, tmp_path, host, expected):
    settings = {"http_port": "0", "http_host": host}
    with WorkerProcess(tmp_path, engine.rest_url, emulator.base_url, "--processes", "2", **settings) as worker:
        wait_for("both workers", lambda: worker.log.count("Health and metrics at ") == 2, timeout=20)
        assert listening_addresses(worker.children()) == {expected}


def test_sandbox_listens_on_loopback_only(engine, emulator):
    if not isinstance(engine, EngineProcess):
        pytest.skip("the engine was not started here")
    children = [child for child in psutil.Process().children(recursive=True) if "java" in child.name()]

    assert children
    assert listening_addresses([psutil.Process(), *children]) <= {"127.0.0.1", "::ffff:127.0.0.1", "::1"}


def test_secrets_from_files_are_used(process_client, emulator, engine, tmp_path, topic):
    key_file = tmp_path / "key"
    key_file.write_text(f"{ENV_KEY}\n")
    instance = start(process_client, diagram(topic=topic), userMessage="hello")
    worker = WorkerProcess(tmp_path, engine.rest_url, emulator.base_url, topic=topic)
    del worker.environ["GROQ_API_KEY"]
    worker.environ["GROQ_API_KEY_FILE"] = str(key_file)
    with worker:
        assert instance.task() == "Review"

    [call] = emulator.calls
    assert call.organization == ORGANIZATIONS[ENV_KEY]
