"""The commands of docs/start.md work in the order of the page. Its first ones are those of the demo (test_demo.py)."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.element_templates import ROOT

pytestmark = [pytest.mark.engine, pytest.mark.slow]
PAGE = (ROOT / "docs" / "start.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"<!-- run -->\n```sh\n(.+?)```", PAGE, re.DOTALL)


@pytest.mark.usefixtures("worker")
def test_start_page_leads_to_an_answer(engine, emulator, tmp_path):
    emulator.next(answer={"department": "billing", "urgent": False})
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environ = {**os.environ, "PATH": path, "CATALYST_ENGINE_URL": engine.rest_url}

    def run(block):
        command = ["bash", "-e", "-c", block]
        ran = subprocess.run(
            command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=60
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    copy_and_check, classify, extract, write_and_check, run_own = BLOCKS
    assert "nothing found" in run(copy_and_check)
    shown = run(classify)
    assert "Answer in billing" in shown
    assert re.search(r"department\W+(String\W+)?billing", shown), shown
    assert "Check the data" in run(extract)
    checked = run(write_and_check)
    assert re.search(r": [1-9] hints?\.", checked), checked
    shown = run(run_own)
    assert "Ended at end: COMPLETED." in shown
    assert re.search(r"translation\W+(String\W+)?You asked: “Translate into English: Guten Morgen”", shown), shown
    assert "Invoice 4711" in str(emulator.calls[1].body["messages"])
