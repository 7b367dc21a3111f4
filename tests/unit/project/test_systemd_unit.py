"""The systemd unit: understood by systemd, hardened, and in agreement with the worker's settings."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from catalyst_groq.config.settings import Settings

UNIT = Path(__file__).parents[3] / "deploy" / "systemd" / "catalyst-groq.service"
TEXT = UNIT.read_text(encoding="utf-8")
MAX_EXPOSURE = 15
"""In tenths, as `systemd-analyze security` counts: 0 is the least, 96 a unit without any hardening."""


def values(name):
    return re.findall(rf"^{name}=(.*)$", TEXT, re.MULTILINE)


@pytest.fixture
def unit(tmp_path):
    """The unit with a program that exists here."""
    copy = tmp_path / UNIT.name
    copy.write_text(re.sub(r"^ExecStart=\S+", f"ExecStart={sys.executable}", TEXT, flags=re.MULTILINE))
    return copy


@pytest.fixture
def analyze():
    program = shutil.which("systemd-analyze") or pytest.skip("systemd-analyze is not installed")

    def run(*arguments):
        return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)

    return run


@pytest.mark.slow
def test_systemd_understands_every_line(analyze, unit):
    verified = analyze("verify", "--man=no", unit)

    assert (verified.returncode, verified.stderr) == (0, "")


@pytest.mark.slow
def test_systemd_finds_a_misspelt_line(analyze, unit):
    unit.write_text(unit.read_text().replace("ProtectProc=", "ProtectProcesses="))

    assert "Unknown key" in analyze("verify", "--man=no", unit).stderr


@pytest.mark.slow
def test_systemd_finds_little_exposure(analyze, unit):
    rated = analyze("security", "--offline=yes", "--no-pager", f"--threshold={MAX_EXPOSURE}", unit)

    assert rated.returncode == 0, rated.stdout[-200:]


def test_systemd_waits_longer_than_the_worker_stops():
    (seconds,) = map(int, values("TimeoutStopSec"))
    stop = [Settings.model_fields[name].default for name in ("shutdown_timeout", "async_response_timeout")]

    assert seconds > sum(timeout.total_seconds() for timeout in stop)


def test_systemd_unit_has_the_keys_as_credentials_only():
    credentials = {value.partition(":")[0] for value in values("LoadCredential")}
    environment = dict(value.split("=", 1) for value in values("Environment"))
    files = {name: value for name, value in environment.items() if name.endswith("_FILE")}

    assert files == {"GROQ_API_KEY_FILE": "%d/groq_api_key"}
    assert {value.removeprefix("%d/") for value in files.values()} <= credentials
    assert environment["CATALYST_SECRETS_DIR"] == "%d"
    assert not [value for value in environment.values() if "gsk_" in value]


def test_systemd_does_not_restart_on_invalid_settings():
    assert values("RestartPreventExitStatus") == ["2"]
    assert values("Restart") == ["on-failure"]
