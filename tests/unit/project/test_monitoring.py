"""`docs/monitoring.md` agrees with what the worker really shows."""

import re
from pathlib import Path

from catalyst_groq.domain.outcomes import Completion
from support.all_metrics import all_metrics
from support.factories import make_call_record, make_record, make_task

ROOT = Path(__file__).parents[3]
MONITORING = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
FACTS = {"businessKey": "order-7", "tenantId": "acme", "topicName": "catalyst-groq"}
TIMES = {"createTime": "2026-11-28T10:00:00.000+0000", "lockExpirationTime": "2026-11-28T10:01:07.000+0000"}


def documented(name):
    """The first column of a table, between two comments with its name."""
    return set(re.findall(r"^\| `([^`]+)` \|", MONITORING.split(f"<!-- {name} -->")[1], re.MULTILINE))


def metric_rows():
    """A row for each metric: how it is written in a query, its labels and its meaning."""
    for metric in sorted(all_metrics().collect(), key=lambda metric: metric.name):
        if metric.name.endswith("_created"):
            continue
        name = f"{metric.name}_total" if metric.type == "counter" else metric.name
        labels = {label: None for sample in metric.samples for label in sample.labels if label != "le"}
        yield f"| `{name}` | {metric.type} | {', '.join(f'`{label}`' for label in labels)} | {metric.documentation} |"


def test_monitoring_lists_every_metric():
    rows, table = list(metric_rows()), MONITORING.split("<!-- metrics -->")[1].strip().splitlines()[2:]
    assert table == rows, "\n" + "\n".join(rows)


def test_monitoring_lists_every_field_of_the_log():
    record = make_record(Completion({}, call=make_call_record()), make_task(**FACTS, **TIMES))
    assert documented("log fields") == {*record.fields, "trace_id"}
