"""The examples of the emulator's README."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
from typer.main import get_command

import catalyst_groq.sandbox.emulator
from catalyst_groq.cli import app
from catalyst_groq.sandbox.emulator import EmulatorConfig, running_emulator
from catalyst_groq.sandbox.emulator.error_catalog import BY_CODE
from catalyst_groq.sandbox.emulator.named_answers.catalog import NAMED_ANSWERS
from catalyst_groq.sandbox.emulator.rules import Fault
from catalyst_groq.sandbox.emulator.scripts import load_script
from catalyst_groq.sandbox.emulator.service import GroqService
from support.emulator_requests import chat_body, completion_of, error_of, reply_to

PAGE = (Path(catalyst_groq.sandbox.emulator.__file__).parent / "README.md").read_text("utf-8")


def examples(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_readme_script_answers_as_documented(tmp_path):
    path = tmp_path / "answers.yaml"
    path.write_text(examples("yaml")[0], "utf-8")
    groq = GroqService(EmulatorConfig(), load_script(path))
    tool = {"type": "function", "function": {"name": "find_order"}}

    assert completion_of(groq, chat_body("A REFUND, please")).content == "Your refund is on its way."
    assert completion_of(groq, chat_body("Is invoice 4711 paid?", model="openai/gpt-oss-20b")).content == (
        '{"paid": true, "total": 12.5}'
    )
    assert completion_of(groq, chat_body("Where is order 7?", tools=[tool])).tool_calls[0].arguments == {"number": "7"}
    assert "emulator" in str(completion_of(groq, chat_body("patience")).content)
    assert len(str(completion_of(groq, chat_body("everything")).content)) == 20_000
    assert [error_of(groq, chat_body("storm")).status for _ in range(2)] == [503, 503]
    assert completion_of(groq, chat_body("storm")).content


def test_readme_scripts_answer_by_name(tmp_path):
    path = tmp_path / "answers.yaml"
    path.write_text(examples("yaml")[1], "utf-8")
    groq = GroqService(EmulatorConfig(), load_script(path))
    small = chat_body("Hello", model="openai/gpt-oss-20b")

    assert b'"amount\\": 125"' in reply_to(groq, chat_body("Sum up the INVOICE")).answer.pieces[0]
    assert b"maximum context length" in reply_to(groq, small).answer.pieces[0]
    assert "emulator" in str(completion_of(groq, small).content)
    patient = reply_to(groq, chat_body("patience", stream=True))
    assert (patient.answer.stays_open, patient.answer.headers, patient.delay) == (True, {"x-gateway": "mine"}, 1.5)
    assert "emulator" in str(completion_of(groq, chat_body("patience")).content)


def test_readme_control_requests_are_accepted():
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed (package curl)")
    commands = [line for block in examples("sh") for line in block.splitlines() if line.startswith("curl")]

    with running_emulator() as groq:
        for line in commands:
            command = line.replace("http://127.0.0.1:8090", groq.url).replace("curl", f"{curl} -sS --fail", 1)
            subprocess.run(["/bin/sh", "-c", command], check=True, timeout=20)

    assert len(commands) == 8


PLUGIN = 'pytest_plugins = ["catalyst_groq.sandbox.emulator.pytest_plugin"]'
CUSTOM_CONFIG = f"""
import pytest

from catalyst_groq.sandbox.emulator import EmulatorConfig

{PLUGIN}


@pytest.fixture
def groq_emulator_config():
    return EmulatorConfig(plan="free", time_scale=60)
"""


@pytest.mark.slow
@pytest.mark.parametrize("conftest", [PLUGIN, CUSTOM_CONFIG], ids=["default", "custom configuration"])
def test_readme_pytest_example_passes(tmp_path, conftest):
    (tmp_path / "conftest.py").write_text(conftest, "utf-8")
    (tmp_path / "test_page.py").write_text(examples("python")[0], "utf-8")
    assert PLUGIN in PAGE

    completed = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)],
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert "1 passed" in completed.stdout, completed.stdout + completed.stderr


@pytest.mark.slow
def test_readme_programs_run():
    for program in examples("python")[1:]:
        subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_readme_options_match_the_command():
    names = set(re.findall(r"^\| `(--[a-z-]+)", PAGE, re.MULTILINE))

    commands: Any = get_command(app)
    command = commands.commands["emulator"]

    assert names == {name for option in command.params for name in option.opts if name != "--help"}


def test_readme_lists_every_error_code_and_fault():
    names = set(re.findall(r"`([a-z_]+)`", PAGE)) | set(re.findall(r"`fault: ([a-z_]+)`", PAGE))

    assert set(BY_CODE) | set(get_args(Fault)) <= names


def test_readme_lists_every_script():
    rows = [f"| `{answer.name}` | {answer.description} |" for answer in NAMED_ANSWERS.values()]

    assert PAGE.split("<!-- scripts -->")[1].strip().splitlines()[2:] == rows, "\n" + "\n".join(rows)
