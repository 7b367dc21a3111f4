"""The shell commands in documents, with what they print.

`<!-- run -->` marks commands (`<!-- run: exit code 1 -->`: they fail), `<!-- shows -->` what they print, where `…`
stands for any text.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from support.documented_code import DOCS

BLOCK = re.compile(
    r"<!-- run(?:: exit code (?P<code>\d))? -->\n```sh\n(?P<commands>.+?)```\n"
    r"(?:\n<!-- shows -->\n```\n(?P<output>.+?)```\n)?",
    re.DOTALL,
)


class CommandBlock(NamedTuple):
    """Commands of a document; `output` is None where it does not show what they print."""

    commands: str
    exit_code: int
    output: str | None

    def run(self, folder: Path, engine_url: str) -> str:
        """Run the commands in a folder, compare what they print, and return it."""
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        environ = {**os.environ, "PATH": path, "CATALYST_ENGINE_URL": engine_url}
        command = ["bash", "-e", "-c", self.commands]
        ran = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=60)
        assert ran.returncode == self.exit_code, ran.stdout + ran.stderr
        assert self.output is None or output_pattern(self.output).search(ran.stdout), ran.stdout
        return ran.stdout


def command_blocks(document: str) -> list[CommandBlock]:
    """Return the marked commands of a document, in their order."""
    text = (DOCS / document).read_text(encoding="utf-8")
    return [CommandBlock(found["commands"], int(found["code"] or 0), found["output"]) for found in BLOCK.finditer(text)]


def output_pattern(shown: str) -> re.Pattern[str]:
    """Return the pattern of an output in a document, in which `…` stands for any text."""
    return re.compile(".*?".join(map(re.escape, shown.strip().split("…"))), re.DOTALL)
