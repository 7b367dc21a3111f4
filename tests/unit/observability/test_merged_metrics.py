"""The metrics of several processes as one page."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from catalyst_groq.observability.merged_metrics import MERGED_BY, merge_metrics
from catalyst_groq.observability.state_metrics import UNRESPONSIVE
from support.all_metrics import all_metrics


def page(count, ready, remaining=100, seconds=()):
    registry = CollectorRegistry()
    counter = Counter("catalyst_tasks", "Tasks", ["process"], registry=registry)
    counter.labels("ask").inc(count)
    counter.labels(f"only {count}").inc()
    Gauge("catalyst_ready", "Ready", registry=registry).set(ready)
    Gauge("catalyst_capacity", "Capacity", registry=registry).set(50)
    Gauge("catalyst_groq_limit_remaining", "Rest", ["model"], registry=registry).labels("m").set(remaining)
    histogram = Histogram("catalyst_task_seconds", "Seconds", registry=registry, buckets=(1, 5))
    for duration in seconds:
        histogram.observe(duration)
    return generate_latest(registry).decode()


def read(text):
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def test_merged_metrics_are_sums_except_where_a_sum_means_nothing():
    merged = read(merge_metrics([page(2, 1, 70, [0.5]), page(3, 0, 30, [0.7, 3])]).decode())

    assert merged == {
        ("catalyst_tasks_total", "ask"): 5,
        ("catalyst_tasks_total", "only 2"): 1,
        ("catalyst_tasks_total", "only 3"): 1,
        ("catalyst_ready",): 0,
        ("catalyst_capacity",): 100,
        ("catalyst_groq_limit_remaining", "m"): 30,
        ("catalyst_task_seconds_bucket", "1.0"): 2,
        ("catalyst_task_seconds_bucket", "5.0"): 3,
        ("catalyst_task_seconds_bucket", "+Inf"): 3,
        ("catalyst_task_seconds_count",): 3,
        ("catalyst_task_seconds_sum",): 4.2,
    }


def test_endpoint_that_responds_to_one_process_is_responsive():
    def page_of(**endpoints):
        registry = CollectorRegistry()
        gauge = Gauge(UNRESPONSIVE.name, "Seconds", ["endpoint"], registry=registry)
        for endpoint, seconds in endpoints.items():
            gauge.labels(endpoint).set(seconds)
        return generate_latest(registry).decode()

    merged = read(merge_metrics([page_of(groq=40, vllm=35), page_of(groq=0, vllm=50), page_of()]).decode())
    assert merged == {(UNRESPONSIVE.name, "groq"): 0, (UNRESPONSIVE.name, "vllm"): 35}


def test_merged_metrics_of_one_process_are_its_own():
    own = generate_latest(all_metrics()).decode()
    assert read(merge_metrics([own]).decode()) == read(own)
    assert merge_metrics([]) == b""


def test_rules_of_merging_name_metrics_that_exist():
    names = {metric.name for metric in all_metrics().collect()}
    assert not MERGED_BY.keys() - names
