"""The official JavaScript client, installed once from its lock file into the user's cache folder."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import platformdirs

SOURCE_FOLDER = Path(__file__).parent / "clients" / "javascript"
INSTALLED_FILE = Path("node_modules", "camunda-external-task-client-js", "package.json")


def javascript_command() -> Sequence[str] | None:
    """Return the command; None without Node or npm. Raises `subprocess.CalledProcessError` if npm fails."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    folder = platformdirs.user_cache_path("catalyst-groq") / "bench-javascript"
    shutil.copytree(SOURCE_FOLDER, folder, dirs_exist_ok=True)
    if not (folder / INSTALLED_FILE).exists():
        # No package may run its own code on installation.
        subprocess.run([npm, "ci", "--ignore-scripts", "--silent"], cwd=folder, check=True)  # noqa: S603 -- found by which
    return node, str(folder / "worker.mjs")
