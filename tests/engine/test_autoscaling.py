"""What the chart's autoscalers read of an engine and of Prometheus is the number of tasks."""

import itertools

import httpx
import pytest

from catalyst_groq.sandbox.process_client import wait_for
from support.diagrams import diagram
from support.helm_chart import HelmChart, program_or_skip
from support.prometheus_server import needs_prometheus, running_prometheus
from support.worker_process import WorkerProcess

pytestmark = pytest.mark.engine
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def chart():
    return HelmChart(program_or_skip("helm"))


@pytest.fixture
def start_tasks(process_client):
    """Start tasks of a topic; returns the ids of their instances."""

    def start(topic, count):
        key, xml = diagram(topic=topic)
        process_client.deploy_texts({f"{key}.bpmn": xml})
        return [process_client.start(key, {"userMessage": "hello"}) for _ in range(count)]

    return start


@pytest.fixture
def read_counts(chart, engine):
    """Read what KEDA's scaler `metrics-api` reads: the value in the response of each trigger's URL."""

    def read(*topics):
        values = {"autoscaling": {"type": "keda"}, "topics": list(topics), "engine": {"url": engine.rest_url}}
        triggers = [trigger["metadata"] for trigger in chart.render(values)["ScaledObject"]["spec"]["triggers"]]
        return [
            httpx.get(trigger["url"], trust_env=False).raise_for_status().json()[trigger["valueLocation"]]
            for trigger in triggers
        ]

    return read


def lock(process_client, topic, count, duration=600_000):
    """Lock tasks as a worker does; returns their ids."""
    topics = [{"topicName": topic, "lockDuration": duration}]
    body = {"workerId": "w", "maxTasks": count, "topics": topics}
    return [task["id"] for task in process_client.http.post("/external-task/fetchAndLock", json=body).json()]


def post(process_client, path, **body):
    process_client.http.post(path, json=body).raise_for_status()


@pytest.mark.every_engine
def test_keda_reads_waiting_and_locked_tasks_of_each_topic(process_client, start_tasks, read_counts):
    topic, other = f"scaled-{next(numbers)}", f"größer+50%-{next(numbers)}"
    instances = start_tasks(topic, 7)
    start_tasks(other, 2)
    assert read_counts(topic, other) == [7, 0, 2, 0]

    failed, waiting, *_ = lock(process_client, topic, 4)
    assert read_counts(topic) == [3, 4]
    post(process_client, f"/external-task/{failed}/failure", workerId="w", retries=0)
    post(process_client, f"/external-task/{waiting}/failure", workerId="w", retries=2, retryTimeout=600_000)
    assert read_counts(topic) == [3, 3], "an incident needs no pod, and a task between two attempts is locked"

    [suspended] = [one for one in instances if process_client.external_tasks(one)[0]["workerId"] is None][:1]
    process_client.http.put(f"/process-instance/{suspended}/suspended", json={"suspended": True}).raise_for_status()
    assert read_counts(topic) == [2, 3]


@needs_prometheus
def test_hpa_reads_the_active_tasks_of_a_pod(chart, engine, emulator, start_tasks, tmp_path):
    topic = f"scaled-{next(numbers)}"
    emulator.next(None, fault="hang")
    autoscaler = chart.render({"autoscaling": {"type": "hpa", "targetPercent": 60}, "concurrency": 5})
    [metric] = autoscaler["HorizontalPodAutoscaler"]["spec"]["metrics"]
    settings = {"topic": topic, "concurrency": "5", "http_port": "0", "shutdown_timeout": "PT0S"}
    with (
        running_prometheus(tmp_path) as prometheus,
        WorkerProcess(tmp_path, engine.rest_url, emulator.base_url, worker_id=topic, **settings) as worker,
    ):
        prometheus.add_target(worker.http_port())
        start_tasks(topic, 3)

        def figures(query):
            return [figure for _, figure in prometheus.query(query)]

        name = metric["pods"]["metric"]["name"]
        wait_for("the active tasks", lambda: figures(name) == [3.0], timeout=20)
        assert metric["pods"]["target"] == {"type": "AverageValue", "averageValue": "3"}, (
            "this pod is as full as wanted"
        )
        assert figures(f"{name} / catalyst_capacity") == [0.6]
