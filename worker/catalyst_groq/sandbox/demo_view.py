"""What the demo says: at its start, at its end, and what to do next."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from catalyst_groq.commands.process_variables import order_names, value_text
from catalyst_groq.commands.tables import print_rows
from catalyst_groq.domain.extension_elements import FIELD_PREFIX
from catalyst_groq.domain.variables import TypedValueDto
from catalyst_groq.sandbox.demo_examples import Example, list_examples

COMMAND = "catalyst-groq"
OWN_QUESTION = "Why do cats purr?"
MAX_SHOWN_CHARS, MAX_STANDARD_CHARS = 500, 200
"""Characters shown of one variable: of the process's own, and of those that the worker always sets."""

ACTIVE = "ACTIVE"


def describe_start(example: Example, *, is_emulated: bool) -> str:
    """Return what is started, and who answers."""
    answers = "an emulator of Groq answers, because GROQ_API_KEY is not set" if is_emulated else "Groq answers"
    return f"The example {example.key} runs on a real engine, and {answers}."


def describe_end(state: str, waiting: str) -> str:
    """Return what became of the instance. `waiting`: the name of the user task at which it waits."""
    if state == ACTIVE and waiting:
        return f"The instance waits at the user task '{waiting}': complete it in Tasklist. Its process variables:"
    return f"The instance has ended: {state}. Its process variables:"


def describe_next_steps(command: str, example: Example) -> list[str]:
    """Return lines with the commands that a newcomer may run next. `command`: how this program is called here."""
    chosen = "" if example is next(iter(list_examples().values())) else f" --example {example.key}"
    asks = [(f'demo{chosen} --ask "{OWN_QUESTION}"', "your own question")] if example.question else []
    steps = [
        (f"demo{chosen} --keep", "look around in Cockpit and Tasklist"),
        *asks,
        ("demo --example NAME", "another one: see demo --help"),
        ("examples --to recipes", "their diagrams, for the Modeler"),
    ]
    width = max(len(step) for step, _ in steps)
    lines = [f"  {command} {step:{width}}  # {purpose}" for step, purpose in steps]
    return ["What to do next:", *lines]


def find_command(search_path: str, python: str) -> str:
    """Return how the user calls this program: by its name if the shell finds this one, otherwise by its path.

    `search_path` are the folders of the shell, `python` the interpreter that runs.
    """
    own = Path(python).with_name(COMMAND)
    if not own.exists():
        return f"{Path(python).name} -m catalyst_groq"
    found = shutil.which(COMMAND, path=search_path)
    if found and Path(found).samefile(own):
        return COMMAND
    return str(own.relative_to(Path.cwd()) if own.is_relative_to(Path.cwd()) else own)


def show_variables(console: Console, variables: Mapping[str, TypedValueDto]) -> None:
    """Print process variables: first those of the process, then those that the worker always sets."""
    ordered = [(name, variables[name]) for name in order_names(variables)]
    rows = [(name, str(typed["type"]), _shorten(name, value_text(typed))) for name, typed in ordered]
    print_rows(console, ("variable", "type", "value"), rows, folds_last=True)


def _shorten(name: str, text: str) -> str:
    maximum = MAX_STANDARD_CHARS if name.startswith(FIELD_PREFIX) else MAX_SHOWN_CHARS
    return text if len(text) <= maximum else f"{text[:maximum]}… ({len(text):,} characters)"
