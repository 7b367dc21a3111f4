"""Two engine nodes that share one PostgreSQL, and workers with nothing in common but the engine."""

import statistics

import pytest

from catalyst_groq.sandbox.emulator import EmulatorConfig, running_emulator
from catalyst_groq.sandbox.engine import EngineProcess
from catalyst_groq.sandbox.process_client import ProcessClient
from support.diagrams import diagram
from support.process_instance import Instance, start
from support.worker_process import ORGANIZATIONS, WorkerProcess

pytestmark = pytest.mark.engine
INSTANCES = 8


@pytest.fixture
def nodes(flavour, postgresql, request):
    """Two engines on one database; the second begins when the first has made the tables."""
    database = postgresql.create_database(f"cluster_{abs(hash(request.node.name))}")
    with EngineProcess(flavour, database=database) as one, EngineProcess(flavour, database=database) as other:
        yield one, other


@pytest.mark.parametrize("poll_seconds", [1, 5])
def test_cluster_poll_finds_tasks_of_other_node_soon(nodes, tmp_path, poll_seconds, record_property):
    """No poll is woken by a task that another node has created: it waits for the next poll at the longest."""
    one, other = nodes
    with (
        running_emulator(EmulatorConfig(keys=ORGANIZATIONS)) as emulator,
        ProcessClient(other.rest_url) as process_client,
        WorkerProcess(tmp_path, one.rest_url, emulator.base_url, async_response_timeout=f"PT{poll_seconds}S"),
    ):
        made = diagram()
        assert start(process_client, made, userMessage="warm").task() == "Review"
        waits = []
        for number in range(INSTANCES):
            instance = Instance(process_client, process_client.start(made[0], {"userMessage": f"question {number}"}))
            assert instance.task() == "Review"
            [task] = process_client.get("/history/activity-instance", processInstanceId=instance.id, activityId="Ask")
            waits.append(task["durationInMillis"] / 1000)

    figures = f"p50 {statistics.median(waits):.2f} s, longest {max(waits):.2f} s"
    record_property(f"task of another node, polls of {poll_seconds} s", figures)
    print(f"\nA task of another node, polls of {poll_seconds} s: {figures}")  # noqa: T201 -- what the README says
    assert max(waits) < poll_seconds + 3
    assert len(emulator.calls) == INSTANCES + 1


def test_cluster_workers_share_tasks_one_request_each(nodes, tmp_path):
    with (
        running_emulator(EmulatorConfig(keys=ORGANIZATIONS)) as emulator,
        ProcessClient(nodes[0].rest_url) as process_client,
    ):
        made = diagram()
        instances = [start(process_client, made, userMessage="0")]
        instances += [
            Instance(process_client, process_client.start(made[0], {"userMessage": str(n)})) for n in range(1, 40)
        ]
        emulator.set(latency=0.3)
        settings = {"concurrency": "5"}
        with (
            WorkerProcess(tmp_path / "a", nodes[0].rest_url, emulator.base_url, worker_id="a", **settings) as a,
            WorkerProcess(tmp_path / "b", nodes[1].rest_url, emulator.base_url, worker_id="b", **settings) as b,
        ):
            assert [instance.task() for instance in instances] == ["Review"] * 40

    assert len(emulator.calls) == 40
    assert min(worker.log.count("Completed") for worker in (a, b)) > 0
