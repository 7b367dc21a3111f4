"""What the demo says: at its start, of the variables, and of what to do next."""

import io

import pytest
from rich.console import Console

from catalyst_groq.sandbox.demo_examples import list_examples
from catalyst_groq.sandbox.demo_view import describe_next_steps, describe_start, find_command, show_variables

EXAMPLE = list_examples()["groq-example"]
BATCH = list_examples()["groq-batch-example"]


@pytest.mark.parametrize(
    ("is_emulated", "answers"),
    [(True, "an emulator of Groq answers, because GROQ_API_KEY is not set"), (False, "Groq answers")],
)
def test_demo_says_first_what_it_starts(is_emulated, answers):
    text = describe_start(EXAMPLE, is_emulated=is_emulated)

    assert text == f"The example groq-example runs on a real engine, and {answers}."


def test_next_steps_are_commands_that_work_here():
    first, *steps = describe_next_steps("/opt/bin/catalyst-groq", EXAMPLE)
    text = "\n".join(steps)

    assert first == "What to do next:"
    assert "/opt/bin/catalyst-groq demo --keep" in text
    assert '/opt/bin/catalyst-groq demo --ask "Why do cats purr?"' in text
    assert "/opt/bin/catalyst-groq examples --to recipes" in text
    assert "make" not in text


def test_next_steps_keep_the_example_and_ask_only_where_it_asks():
    text = "\n".join(describe_next_steps("catalyst-groq", BATCH))

    assert "catalyst-groq demo --example groq-batch-example --keep" in text
    assert "--ask" not in text


def test_command_is_its_name_where_the_shell_finds_it(tmp_path):
    (tmp_path / "catalyst-groq").touch(mode=0o755)

    assert find_command(str(tmp_path), str(tmp_path / "python")) == "catalyst-groq"


def test_command_is_its_path_where_the_shell_does_not_find_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / ".venv" / "bin"
    folder.mkdir(parents=True)
    (folder / "catalyst-groq").touch(mode=0o755)

    assert find_command("/nowhere", str(folder / "python")) == ".venv/bin/catalyst-groq"
    assert find_command("/nowhere", str(tmp_path / "python")) == "python -m catalyst_groq"


def test_command_of_another_environment_is_not_this_one(tmp_path):
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "catalyst-groq").touch(mode=0o755)

    found = find_command(str(tmp_path / "there"), str(tmp_path / "here" / "python"))
    assert found == str(tmp_path / "here" / "catalyst-groq")


def test_variables_of_the_process_come_before_the_workers():
    out = io.StringIO()
    variables = {
        "catalyst_meta": {"type": "Json", "value": "x" * 600},
        "userMessage": {"type": "String", "value": "Hi"},
        "aiReply": {"type": "String", "value": None},
    }
    show_variables(Console(file=out, width=120), variables)
    lines = out.getvalue().splitlines()

    assert [line.split()[0] for line in lines[:4]] == ["variable", "aiReply", "userMessage", "catalyst_meta"]
    assert max(map(len, lines)) <= 120
    assert "… (600 characters)" in out.getvalue()
