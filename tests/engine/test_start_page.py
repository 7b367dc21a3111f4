"""The commands of docs/start.md work in the order of the page. Its first ones are those of the demo (test_demo.py)."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from catalyst_groq.sandbox.process_client import wait_for
from support.element_templates import ROOT

pytestmark = [pytest.mark.engine, pytest.mark.slow]
PAGE = (ROOT / "docs" / "start.md").read_text(encoding="utf-8")
PROCESSES = ("groq-classify-example", "groq-extract-example", "my-process")
COMMANDS = re.compile(
    r"<!-- run(?:: exit code (?P<code>\d))? -->\n```sh\n(?P<commands>.+?)```\n"
    r"(?:\n<!-- shows -->\n```\n(?P<output>.+?)```\n)?",
    re.DOTALL,
)


def output_pattern(shown):
    """Return the pattern of an output on the page, in which `…` stands for any text."""
    return re.compile(".*?".join(map(re.escape, shown.strip().split("…"))), re.DOTALL)


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
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environ = {**os.environ, "PATH": path, "CATALYST_ENGINE_URL": new_engine.rest_url}

    def run(block):
        command = ["bash", "-e", "-c", block["commands"]]
        ran = subprocess.run(
            command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=60
        )
        assert ran.returncode == int(block["code"] or 0), ran.stdout + ran.stderr
        assert block["output"] is None or output_pattern(block["output"]).search(ran.stdout), ran.stdout
        return ran.stdout

    copy_and_check, classify, extract, write_and_check, run_own, make_mistake, correct_it = COMMANDS.finditer(PAGE)
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
