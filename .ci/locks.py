"""Are the lock files what pyproject.toml asks for? Ends with 1 and says which is not.

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
    "--custom-compile-command", "make lock", "--extra", "sandbox",
]  # fmt: skip
LOCKS = {"requirements.lock": "build", "requirements-dev.lock": "dev"}


def is_current(lock: str, group: str, folder: Path) -> bool:
    """Compile `lock` again on top of a copy of itself and compare."""
    again = folder / lock
    shutil.copy(lock, again)
    subprocess.run([*COMPILE, "--group", group, "pyproject.toml", "-o", again], check=True)  # noqa: S603 -- own arguments
    return again.read_bytes() == Path(lock).read_bytes()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        stale = [lock for lock, group in LOCKS.items() if not is_current(lock, group, Path(scratch))]
    if stale:
        sys.exit(f"Not what pyproject.toml asks for: {', '.join(stale)}. Run `make lock` and commit the result.")
    sys.stdout.write("Lock files are up to date.\n")
