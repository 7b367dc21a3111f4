"""What one task chose, a rate limit of one model, or a refused key: the other tasks end in their usual time."""

from typing import Any

import httpx
import pytest

from catalyst_groq.sandbox.process_client import wait_for
from support.diagrams import diagram
from support.fault_environment import PATIENCE
from support.process_instance import Instance
from support.worker_process import ENDPOINT_KEY, ENV_KEY, FILE_KEY, ORGANIZATIONS, PROPERTIES_KEY

pytestmark = pytest.mark.engine
DEFAULT, SMALLER = "openai/gpt-oss-120b", "openai/gpt-oss-20b"
NO_FIGURES = {"error": {"message": "Too many requests"}}
PLACES = 50
"""The worker's concurrency. So many requests may be under way before the first of them is refused."""

REFUSED = {"error": {"message": "Invalid API Key", "code": "invalid_api_key"}}


def start_many(environment, count, **parts):
    """Start instances of one process."""
    key, xml = diagram(topic=environment.topic, **parts)
    client = environment.process_client
    client.deploy_texts({f"{key}.bpmn": xml})
    return [Instance(client, client.start(key, {"userMessage": "hello"}), PATIENCE) for _ in range(count)]


def sent(environment, **parts):
    """The requests whose parts are these."""
    return [
        call
        for call in environment.emulator.calls
        if all(getattr(call, name) == value for name, value in parts.items())
    ]


def incidents(instances):
    return [message for instance in instances for message in instance.process_client.incidents(instance.id)]


def tasks_of(environment, instances):
    ids = {instance.id for instance in instances}
    tasks = environment.process_client.get("/external-task", topicName=environment.topic)
    return [task for task in tasks if task["processInstanceId"] in ids]


def wait_until_handed_back(environment, instances, count):
    """Wait until that many tasks have failed, and none is left without."""

    def messages():
        return [task["errorMessage"] for task in tasks_of(environment, instances)]

    wait_for("the tasks that are handed back", lambda: len(messages()) == count and all(messages()), timeout=30)


def http_get(worker, path):
    return httpx.get(f"http://127.0.0.1:{worker.http_port()}{path}", trust_env=False)


def paused_metric(worker):
    return [line for line in http_get(worker, "/metrics").text.splitlines() if line.startswith("catalyst_accounts_pa")]


THROTTLED: dict[str, dict[str, Any]] = {
    "without figures": {"status": 429, "body": NO_FIGURES},
    "with retry-after": {"status": 429, "body": NO_FIGURES, "headers": {"retry-after": "1"}},
    "with figures": {"status": 429, "headers": {"retry-after": "20"}},
}


@pytest.mark.parametrize(
    ("throttled", "limits"), [*((throttled, "auto") for throttled in THROTTLED), ("without figures", "off")]
)
def test_throttled_model_leaves_places_to_others(fault_environment, throttled, limits):
    fault_environment.emulator.next(None, when={"model": DEFAULT}, **THROTTLED[throttled])
    waiting = start_many(fault_environment, 60)
    others = start_many(fault_environment, 10, properties={"catalyst_model": SMALLER})
    with fault_environment.worker(limits=limits, shutdown_timeout="PT0S"):
        assert [instance.task() for instance in others] == ["Review"] * 10
        wait_for(
            "a task that is handed back",
            lambda: any(task["errorMessage"] for task in tasks_of(fault_environment, waiting)),
            timeout=20,
        )
    assert incidents(waiting) == []
    assert {task["retries"] for task in tasks_of(fault_environment, waiting)} <= {None, 3}
    assert len(sent(fault_environment, model=DEFAULT)) < PLACES + 30


def test_throttled_model_is_used_again_after_the_pause(fault_environment):
    """A moment after the limit ends, one request finds it out, and all tasks are done."""
    fault_environment.emulator.next(5, when={"model": DEFAULT}, **THROTTLED["with retry-after"])
    instances = start_many(fault_environment, 15)
    with fault_environment.worker(limits="auto", concurrency="5"):
        assert [instance.task() for instance in instances] == ["Review"] * 15
    statuses = [call.status for call in sent(fault_environment, model=DEFAULT)]
    assert (statuses.count(200), len(statuses)) == (15, 20)


def test_short_timeouts_of_tasks_open_no_circuit(fault_environment):
    fault_environment.emulator.next(None, fault="hang", when={"contains": "hang"})
    key, xml = diagram(
        topic=fault_environment.topic, properties={"catalyst_timeout": "0.2", "catalyst_retries": "R1/PT0S"}
    )
    client = fault_environment.process_client
    client.deploy_texts({f"{key}.bpmn": xml})
    hasty = [Instance(client, client.start(key, {"userMessage": "hang"}), PATIENCE) for _ in range(8)]
    with fault_environment.worker(circuit_reset_timeout="PT1H") as worker:
        assert all("timed out" in instance.incident() for instance in hasty)
        assert fault_environment.instance().task() == "Review"
        assert "opened" not in worker.log


def test_outage_opens_the_circuit_in_spite_of_short_timeouts(fault_environment):
    """The neighbour: tasks with short timeouts neither open the circuit nor keep a real outage from opening it."""
    fault_environment.emulator.next(None, status=503, when={"contains": "hello"})
    fault_environment.emulator.next(None, fault="hang", when={"contains": "hang"})
    hasty = {"catalyst_timeout": "0.2", "catalyst_retries": "R1/PT0S"}
    with fault_environment.worker(circuit_threshold="2", circuit_reset_timeout="PT1S") as worker:
        patient = fault_environment.instance(properties={"catalyst_retries": "R9/PT0S"})
        fault_environment.instance({"userMessage": "hang"}, properties=hasty)
        wait_for("the open circuit", lambda: "opened for about 1 s" in worker.log, timeout=20)
        fault_environment.emulator.reset()
        assert patient.task() == "Review"
    assert "closed" in worker.log


def test_refused_key_pauses_its_account_and_burns_no_retries(fault_environment):
    """A key is revoked after 20 of 60 tasks, and valid again later."""
    fault_environment.emulator.next(20, answer="Hello")
    fault_environment.emulator.next(None, status=401, body=REFUSED)
    instances = start_many(fault_environment, 60)
    with fault_environment.worker(http_port="0", circuit_reset_timeout="PT1S") as worker:
        wait_until_handed_back(fault_environment, instances, 40)
        assert {task["retries"] for task in tasks_of(fault_environment, instances)} == {3}
        assert http_get(worker, "/health/ready").status_code == 503
        assert "the account is refused by 127.0.0.1" in http_get(worker, "/health/ready").text
        assert len(paused_metric(worker)) == 1
        [caught] = start_many(fault_environment, 1, boundary=True)
        assert caught.task() == "Caught", "the process handles a refused key itself, also while the account is paused"
        assert len(sent(fault_environment, status=401)) < PLACES + 10
        fault_environment.emulator.reset()
        assert [instance.task() for instance in instances] == ["Review"] * 60
        assert http_get(worker, "/health/ready").status_code == 200
        assert paused_metric(worker) == []
    assert len(sent(fault_environment, status=200)) == 40
    assert worker.log.count("is refused: the account is paused. Its tasks throw a BPMN error") == 1
    assert worker.log.count("has ended: its key is accepted") == 1
    assert ENV_KEY not in worker.log


def test_refused_key_that_is_changed_is_used_at_once(fault_environment):
    fault_environment.emulator.next(None, status=401, body=REFUSED)
    secret = {"catalyst_secretSource": "file"}
    waiting = start_many(fault_environment, 3, properties=secret)
    with fault_environment.worker(circuit_reset_timeout="PT6S", http_port="0") as worker:
        wait_until_handed_back(fault_environment, waiting, 3)
        fault_environment.emulator.reset()
        (fault_environment.folder / "secrets" / "groq_api_key").write_text(f"{PROPERTIES_KEY}\n")
        [next_one] = start_many(fault_environment, 1, properties=secret)
        assert next_one.task() == "Review"
        assert http_get(worker, "/health/ready").status_code == 200
        assert [instance.task() for instance in waiting] == ["Review"] * 3
    assert {call.organization for call in fault_environment.emulator.calls} == {ORGANIZATIONS[PROPERTIES_KEY]}


def test_refused_key_ends_in_an_incident_after_give_up_time(fault_environment):
    fault_environment.emulator.next(None, status=401, body=REFUSED)
    [instance] = start_many(fault_environment, 1, properties={"catalyst_giveUpAfter": "PT7S"})
    with fault_environment.worker(circuit_reset_timeout="PT1S"):
        assert instance.incident().startswith("Groq: ")
        assert "Nothing catches the BPMN error AUTH_FAILED" in incidents([instance])[0]


def test_refused_key_of_a_task_pauses_nothing(fault_environment):
    own = {"catalyst_secretSource": "variable", "catalyst_apiKey": "gsk_invalid_key_of_a_stranger"}
    strangers = start_many(fault_environment, 6, properties=own)
    with fault_environment.worker(http_port="0") as worker:
        assert all("401" in instance.incident() for instance in strangers)
        [instance] = start_many(fault_environment, 1)
        assert instance.task() == "Review"
        assert (http_get(worker, "/health/ready").status_code, paused_metric(worker)) == (200, [])


def test_forbidden_model_pauses_no_account(fault_environment):
    """The neighbour: a gateway that allows only some models answers 403."""
    fault_environment.emulator.next(None, status=403, body="Forbidden", when={"model": SMALLER})
    forbidden = start_many(fault_environment, 6, properties={"catalyst_model": SMALLER})
    with fault_environment.worker(http_port="0") as worker:
        assert all("403" in instance.incident() for instance in forbidden)
        [instance] = start_many(fault_environment, 1)
        assert instance.task() == "Review"
        assert paused_metric(worker) == []


def test_refused_key_of_one_endpoint_fails_over(fault_environment, tmp_path):
    """The neighbour: an own server that wants a key, and is configured without one."""
    main = {"name": "own", "url": fault_environment.emulator.base_url.replace("127.0.0.1", "localhost")}
    backup = {"name": "backup", "url": fault_environment.emulator.base_url, "key": "endpoint_key", "priority": 1}
    settings = {"endpoints": str([main, backup]), "http_port": "0", "circuit_reset_timeout": "PT1H"}
    instances = start_many(fault_environment, 20)
    with fault_environment.worker(**settings) as worker:
        assert [instance.task() for instance in instances] == ["Review"] * 20
        assert http_get(worker, "/health/ready").status_code == 200
        assert paused_metric(worker) == ['catalyst_accounts_paused{endpoint="own"} 1.0']
    assert len(sent(fault_environment, organization=None)) <= 20
    assert len(sent(fault_environment, organization=ORGANIZATIONS[ENDPOINT_KEY])) == 20
    assert FILE_KEY not in worker.log
