"""Loads settings from files and an environment without other settings."""

import os

import pytest

from catalyst_groq.config.settings import Settings
from catalyst_groq.errors import SettingsError


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch):
    for name in [name for name in os.environ if name.upper().startswith(("CATALYST_", "GROQ_"))]:
        monkeypatch.delenv(name)


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Load settings from a `worker.yaml`, an `.env` and the environment."""

    def load(yaml=None, env_file=None, **environ):
        for name, text in (("worker.yaml", yaml), (".env", env_file)):
            if text is not None:
                (tmp_path / name).write_text(text)
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        return Settings.load(tmp_path / "worker.yaml", tmp_path / ".env")

    return load


@pytest.fixture
def find_problems(load):
    """Load invalid settings and return the lines of the message."""

    def find_problems(*args, **environ):
        with pytest.raises(SettingsError) as caught:
            load(*args, **environ)
        first, *lines = str(caught.value).split("\n")
        assert first == "Invalid settings:"
        return [line.strip() for line in lines]

    return find_problems
