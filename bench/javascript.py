"""The official JavaScript client, installed once into the user's cache folder, as its lock file says."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import platformdirs

HERE = Path(__file__).parent / "clients" / "javascript"
INSTALLED = Path("node_modules", "camunda-external-task-client-js", "package.json")


def javascript_worker() -> Sequence[str] | None:
    """Return the command, or nothing where there is no Node. Raises `subprocess.CalledProcessError`."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    folder = platformdirs.user_cache_path("catalyst-groq") / "bench-javascript"
    shutil.copytree(HERE, folder, dirs_exist_ok=True)
    if not (folder / INSTALLED).exists():
        # No package runs code of its own on installation.
        subprocess.run([npm, "ci", "--ignore-scripts", "--silent"], cwd=folder, check=True)  # noqa: S603 -- found by which
    return node, str(folder / "worker.mjs")
