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
BLOCKS = re.findall(r"<!-- run -->\n```sh\n(.+?)```", PAGE, re.DOTALL)
ENGINE_OF_THE_PAGE = "http://localhost:8080/engine-rest"


@pytest.mark.usefixtures("worker")
def test_start_page_leads_to_an_answer(engine, emulator, process_client, tmp_path):
    emulator.next(answer={"department": "billing", "urgent": False})
    environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    def run(block):
        script = block.replace(ENGINE_OF_THE_PAGE, engine.rest_url)
        ran = subprocess.run(
            ["bash", "-e", "-c", script],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    deploy, start, read = BLOCKS
    assert "nothing found" in run(deploy)
    instance = re.search(r'"id":"([\w-]+)"', run(start))[1]
    wait_for("the user task", lambda: process_client.user_task(instance), timeout=20)
    assert '"value":"billing"' in run(read)
