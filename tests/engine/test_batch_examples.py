"""The recipes for many items, as they are shipped: a multi-instance task, and a review of each item."""

import pytest

from catalyst_groq.sandbox.process_client import wait_for
from support.element_templates import BATCH_EXAMPLE, BATCH_REVIEW_EXAMPLE
from support.process_instance import Instance

pytestmark = [pytest.mark.engine, pytest.mark.every_engine]
DOCUMENTS = ["first", "second", "third"]


def run_example(process_client, example, documents=DOCUMENTS):
    process_client.deploy(*sorted(example.parent.glob(f"{example.stem}*")))
    return Instance(process_client, process_client.start(example.stem, {"documents": documents}))


@pytest.mark.usefixtures("worker")
def test_batch_example_collects_summaries_and_errors(process_client, emulator):
    emulator.next(status=400, when={"equals": "second"})
    instance = run_example(process_client, BATCH_EXAMPLE)

    assert instance.task() == "Review"
    summaries = instance.variables()["summaries"]
    assert list(summaries) == ["0", "1", "2"]
    assert "first" in summaries["0"]["summary"]
    assert summaries["1"]["error"]["status"] == 400
    assert "third" in summaries["2"]["summary"]


@pytest.mark.usefixtures("worker")
def test_batch_review_shows_each_item_its_own_result(process_client, emulator):
    emulator.next(status=400, when={"equals": "second"})
    instance = run_example(process_client, BATCH_REVIEW_EXAMPLE)
    tasks = wait_for(
        "a review of each item",
        lambda: (found := process_client.get("/task", processInstanceId=instance.id))[2:] and found,
        timeout=20,
    )

    seen = {}
    for task in tasks:
        typed = process_client.get(f"/task/{task['id']}/variables", deserializeValues="false")
        values = {name: entry["value"] for name, entry in typed.items()}
        seen[values["document"].strip('"')] = values
    assert "first" in seen["first"]["summary"]
    assert "third" in seen["third"]["summary"]
    assert (seen["first"]["catalyst_error"], seen["third"]["catalyst_error"]) == ("", "")
    assert seen["second"]["summary"] is None
    assert seen["second"]["catalyst_error"].startswith("400")
    assert seen["second"]["errorCode"] == "INVALID_REQUEST"
    for task in tasks:
        process_client.http.post(f"/task/{task['id']}/complete", json={}).raise_for_status()
    assert instance.state() == "COMPLETED"
    assert list(instance.variables()["summaries"]) == ["0", "1", "2"]
