"""The check that no Groq key gets into git, run as pre-commit and `make check` run it."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "scripts" / "no_keys.py"
# Built here, so that this file does not contain a key.
KEY = "gsk_" + "aB3" * 17 + "x"


def check(folder, *names):
    return subprocess.run(
        [sys.executable, SCRIPT, *names], cwd=folder, capture_output=True, text=True, check=False, timeout=30
    )


def write(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return name


def git(folder, *arguments):
    command = ["git", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=30).stdout


def test_key_is_reported_with_line_but_not_shown(tmp_path):
    result = check(tmp_path, write(tmp_path, "notes.txt", f"one\nkey = {KEY}\n"))

    assert result.returncode == 1
    assert "notes.txt:2: a Groq key" in result.stderr
    assert KEY not in result.stdout + result.stderr


def test_key_is_found_in_binary_file(tmp_path):
    (tmp_path / "dump.bin").write_bytes(b"\xff\x00" + KEY.encode() + b"\x00\xfe")

    assert check(tmp_path, "dump.bin").returncode == 1


@pytest.mark.slow
@pytest.mark.parametrize("text", ["gsk_key_from_the_environment", "gsk_…", KEY[:-1], KEY + "y", "gsk_" + "a_" * 26])
def test_made_up_key_is_accepted(tmp_path, text):
    assert check(tmp_path, write(tmp_path, "sample.py", text)).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["secrets/groq_api_key", "secrets/team/key", ".env", "catalyst-secrets.properties"])
def test_key_file_is_refused_whatever_it_contains(tmp_path, name):
    result = check(tmp_path, write(tmp_path, name, "nothing"))

    assert result.returncode == 1
    assert f"git rm --cached {name}" in result.stderr


@pytest.mark.parametrize("name", ["secrets/README.md", "secrets/groq_api_key.example"])
def test_readme_of_secrets_folder_is_accepted_without_key(tmp_path, name):
    assert check(tmp_path, write(tmp_path, name, "gsk_example")).returncode == 0
    assert check(tmp_path, write(tmp_path, name, KEY)).returncode == 1


def test_no_arguments_check_all_tracked_files_only(tmp_path):
    git(tmp_path, "init")
    git(tmp_path, "add", write(tmp_path, "näme with blank.txt", "fine"))
    write(tmp_path, "untracked.txt", KEY)
    assert check(tmp_path).returncode == 0

    git(tmp_path, "add", "untracked.txt")
    assert check(tmp_path).returncode == 1


@given(st.text("abcXYZ012", min_size=52, max_size=52), st.sampled_from(["", " ", '"', "\n", "-", ","]))
def test_key_is_found_whatever_surrounds_it(letters, around):
    sys.path.insert(0, str(SCRIPT.parent))
    try:
        from no_keys import KEY as PATTERN  # noqa: PLC0415 -- a script beside the package
    finally:
        sys.path.pop(0)
    assert PATTERN.search(f"{around}gsk_{letters}{around}".encode())


@pytest.mark.parametrize("name", ["secrets/groq_api_key", "secrets/other.txt", ".env", "catalyst-secrets.properties"])
def test_git_ignores_key_files(name):
    assert git(ROOT, "check-ignore", "--no-index", name).strip() == name
