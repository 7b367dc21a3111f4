"""Records terminal sessions of lint, render, doctor and the demo as SVG, into docs/pictures (`make recordings`).

Each command really runs, on an engine and an emulator of its own.
"""

import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from catalyst_groq.sandbox.emulator import EmulatorConfig, running_emulator
from catalyst_groq.sandbox.engine import EngineProcess
from catalyst_groq.sandbox.process_client import ProcessClient

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
COLUMNS = 110
KEY = "gsk_key_of_a_recording"
TIMEOUT_SECONDS = 600
MOVING = ("demo",)
"""Commands that show progress where there are colours: each step of it would be a line of the recording."""

KEPT_VARIABLES = ("PATH", "HOME", "LANG", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "JAVA_HOME")
MISTAKES = (
    ('"${userMessage}"', '"#{userMessage} ${execution.getVariable(&quot;x&quot;)}"'),
    ("choices[0].message.content", "choices[0].message.contents"),
    ('name="catalyst_timeout" value="60"', 'name="catalyst_timeOut" value="soon"'),
)
"""Texts of the example, and what a modeller may write instead."""

ANSWER = """{"model": "openai/gpt-oss-120b", "usage": {"prompt_tokens": 84, "completion_tokens": 12},
 "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "Because of Rayleigh scattering."}}]}
"""


def record(name: str, folder: Path, *arguments: str, **environ: str) -> None:
    """Run a command in a folder, and draw what it prints."""
    variables = {variable: os.environ[variable] for variable in KEPT_VARIABLES if variable in os.environ}
    # As in an activated environment.
    variables["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), variables.get("PATH", "")])
    command = [sys.executable, "-P", "-m", "catalyst_groq", *arguments]
    colours = {} if arguments[0] in MOVING else {"FORCE_COLOR": "1"}
    result = subprocess.run(  # noqa: S603 -- our own command
        command,
        cwd=folder,
        env=variables | colours | {"COLUMNS": str(COLUMNS), "TERM": "xterm-256color"} | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
        timeout=TIMEOUT_SECONDS,
    )
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    shown = " ".join(f"'{argument}'" if " " in argument else argument for argument in arguments)
    console.print(Text(f"$ catalyst-groq {shown}", "bold"))
    console.print(Text.from_ansi(result.stdout))
    console.save_svg(str(PICTURES / f"{name}.svg"), title=f"catalyst-groq {arguments[0]}", unique_id=name)


def main() -> None:
    """Record all sessions."""
    with tempfile.TemporaryDirectory(prefix="catalyst-recordings-") as name:
        folder = Path(name)
        example = (ROOT / "bpmn" / "groq-example.bpmn").read_text(encoding="utf-8")
        (folder / "groq-example.bpmn").write_text(example, encoding="utf-8")
        for written, mistake in MISTAKES:
            example = example.replace(written, mistake).replace(written.replace('"', "&#34;"), mistake)
        (folder / "order.bpmn").write_text(example, encoding="utf-8")
        (folder / "answer.json").write_text(ANSWER, encoding="utf-8")
        record("terminal-lint", folder, "lint", "order.bpmn")
        question = ("--var", "userMessage=Why is the sky blue?")
        record(
            "terminal-render",
            folder,
            *("render", "groq-example.bpmn", *question, "--response", "answer.json"),
            GROQ_API_KEY=KEY,
        )
        record("terminal-demo", folder, "demo")
        _record_doctor(folder)


def _record_doctor(folder: Path) -> None:
    """Record the doctor of a set-up with two mistakes."""
    with (
        EngineProcess() as engine,
        running_emulator(EmulatorConfig()) as emulator,
        ProcessClient(engine.rest_url) as client,
    ):
        client.deploy(*sorted((ROOT / "bpmn").glob("groq-example*")))
        record(
            "terminal-doctor",
            folder,
            "doctor",
            GROQ_API_URL=emulator.base_url,
            CATALYST_ENGINE_URL=engine.rest_url,
            CATALYST_JOURNAL=str(folder / "journal.sqlite"),
            CATALYST_LIMTS="free",
        )


if __name__ == "__main__":
    main()
