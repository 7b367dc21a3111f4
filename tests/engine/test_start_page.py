"""The commands of docs/start.md work in the order of the page. Its first ones are those of the demo (test_demo.py)."""

import re

import pytest

from catalyst_groq.sandbox.process_client import wait_for
from support.documented_commands import command_blocks

pytestmark = [pytest.mark.engine, pytest.mark.slow]
PROCESSES = ("groq-classify-example", "groq-extract-example", "my-process")


@pytest.fixture
def new_engine(engine, process_client):
    """The engine as a reader has it: without the processes that other tests have deployed."""
    for key in PROCESSES:
        definitions = process_client.http.get("/process-definition", params={"key": key}).json()
        for deployment in {definition["deploymentId"] for definition in definitions}:
            process_client.http.delete(f"/deployment/{deployment}", params={"cascade": "true"}).raise_for_status()
    return engine


@pytest.mark.usefixtures("worker")
def test_start_page_leads_to_an_answer(new_engine, emulator, tmp_path):
    emulator.next(answer={"department": "billing", "urgent": False})

    def run(block):
        return block.run(tmp_path, new_engine.rest_url)

    copy_and_check, classify, extract, write_and_check, run_own, make_mistake, correct_it = command_blocks("start.md")
    run(copy_and_check)
    shown = run(classify)
    assert "Answer in billing" in shown
    assert re.search(r"department\W+(String\W+)?billing", shown), shown
    assert "Check the data" in run(extract)
    run(write_and_check)
    run(run_own)
    run(make_mistake)
    run(correct_it)
    wait_for("the request of the corrected task", lambda: len(emulator.calls) == 4, timeout=30)
    assert "Translate into English: Guten Morgen" in str(emulator.calls[3].body["messages"])
    assert "Invoice 4711" in str(emulator.calls[1].body["messages"])
