"""The messages of `make` when packages cannot be installed."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PIP = """#!/bin/sh
echo "ERROR: cannot reach the package index" >&2
exit 1
"""


@pytest.mark.parametrize("target", ["demo", "test"])
def test_make_shows_pip_error_and_remedy(target, tmp_path):
    for name in ("Makefile", "pyproject.toml", "requirements.lock", "requirements-dev.lock"):
        shutil.copy(ROOT / name, tmp_path)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(PIP)
    python.chmod(0o755)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    result = subprocess.run(["make", target], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)

    assert result.returncode
    assert "ERROR: cannot reach the package index" in result.stderr
    assert "needs HTTPS_PROXY or PIP_INDEX_URL" in result.stderr
