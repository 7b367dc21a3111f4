"""The lock files: write them anew (`make lock`), or say which are not what pyproject.toml asks for (`make check`).

A lock that satisfies pyproject.toml compiles to itself, because uv keeps the pins it finds in its output file.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

UV = Path(sys.executable).parent / "uv"
COMPILE = [
    UV, "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--python-version", "3.11",
    "--custom-compile-command", "make lock",
]  # fmt: skip
AS_TESTED = ["--constraint", "requirements-dev.lock"]
LOCKS = {
    "requirements.lock": ["pyproject.toml", "--extra", "sandbox", "--group", "build"],
    "requirements-dev.lock": ["pyproject.toml", "--all-extras", "--group", "dev"],
    # The container's two stages: what builds the worker, and what runs it.
    "requirements-build.lock": ["--group", "build", *AS_TESTED],
    "requirements-worker.lock": ["pyproject.toml", "--extra", "redis", "--extra", "encryption", *AS_TESTED],
}


def compile_lock(lock: str, output: Path) -> None:
    """Compile one lock; the pins that `output` holds already are kept."""
    subprocess.run([*COMPILE, *LOCKS[lock], "-o", output], check=True)  # noqa: S603 -- own arguments


def is_current(lock: str, folder: Path) -> bool:
    """Compile `lock` again on top of a copy of itself and compare."""
    again = folder / lock
    shutil.copy(lock, again)
    compile_lock(lock, again)
    return again.read_bytes() == Path(lock).read_bytes()


def check() -> None:
    """End with 1 when a lock is stale."""
    with tempfile.TemporaryDirectory() as scratch:
        stale = [lock for lock in LOCKS if not is_current(lock, Path(scratch))]
    if stale:
        sys.exit(f"Not what pyproject.toml asks for: {', '.join(stale)}. Run `make lock` and commit the result.")
    sys.stdout.write("Lock files are up to date.\n")


def write() -> None:
    """Write all locks, in order: the later ones keep to the first."""
    for lock in LOCKS:
        compile_lock(lock, Path(lock))


if __name__ == "__main__":
    {"check": check, "write": write}[sys.argv[1]]()
