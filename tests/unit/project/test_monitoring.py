"""`docs/monitoring.md` agrees with what the worker really shows."""

import re
from pathlib import Path

from catalyst_groq.domain.outcomes import Completion
from catalyst_groq.observability.log_context import record_fields
from support.factories import make_call_record, make_record, make_task

ROOT = Path(__file__).parents[3]
MONITORING = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
FACTS = {"businessKey": "order-7", "tenantId": "acme", "topicName": "catalyst-groq"}
TIMES = {"createTime": "2026-11-28T10:00:00.000+0000", "lockExpirationTime": "2026-11-28T10:01:07.000+0000"}


def documented(name):
    """The first column of a table, between two comments with its name."""
    return set(re.findall(r"^\| `([^`]+)` \|", MONITORING.split(f"<!-- {name} -->")[1], re.MULTILINE))


def test_monitoring_lists_every_field_of_the_log():
    record = make_record(Completion({}, call=make_call_record()), make_task(**FACTS, **TIMES))
    assert documented("log fields") == {*record_fields(record), "trace_id"}
