"""What `make` says when it cannot do what was asked."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PIP = """#!/bin/sh
echo "ERROR: no way to the package index" >&2
exit 1
"""


@pytest.mark.parametrize("target", ["demo", "test"])
def test_where_packages_cannot_be_had_pips_words_and_the_mend_are_shown(target, tmp_path):
    for name in ("Makefile", "pyproject.toml", "requirements.lock", "requirements-dev.lock"):
        shutil.copy(ROOT / name, tmp_path)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(PIP)
    python.chmod(0o755)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    made = subprocess.run(["make", target], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)

    assert made.returncode
    assert "ERROR: no way to the package index" in made.stderr
    assert "needs HTTPS_PROXY or PIP_INDEX_URL" in made.stderr
