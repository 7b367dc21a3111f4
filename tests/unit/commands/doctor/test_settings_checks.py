"""What `doctor` says of the settings: each that is set, with its source, and each that is wrong once."""

import pytest

from catalyst_groq.commands.doctor.findings import Status
from catalyst_groq.commands.doctor.settings_checks import check_settings
from catalyst_groq.config.settings import Settings
from catalyst_groq.config.sources import read_settings


def check(folder, text):
    (folder / "worker.yaml").write_text(text)
    return list(check_settings(read_settings(Settings, folder / "worker.yaml", folder / ".env")))


def test_setting_that_is_set_is_shown_with_its_source(tmp_path):
    [finding] = check(tmp_path, "concurrency: 7")

    assert finding.text == "CATALYST_CONCURRENCY=7 (worker.yaml)"


def test_setting_that_is_refused_is_a_fault_only(tmp_path):
    fault, finding = check(tmp_path, "lock_duration: 1\nconcurrency: 7")

    assert fault.text.startswith("CATALYST_LOCK_DURATION")
    assert finding.text == "CATALYST_CONCURRENCY=7 (worker.yaml)"


def test_secret_in_a_setting_is_masked(tmp_path):
    finding = check(tmp_path, "journal: redis://me:s3cret-password@localhost\n")[0]

    assert "s3cret-password" not in finding.text
    assert finding.text.startswith("CATALYST_JOURNAL=redis://")


@pytest.mark.parametrize(
    ("in_environment", "in_env_file", "source"),
    [("gsk_1", None, "environment"), (None, "gsk_2", ".env"), ("gsk_1", "gsk_1", "environment")],
)
def test_key_is_shown_with_its_source(tmp_path, monkeypatch, in_environment, in_env_file, source):
    monkeypatch.delenv("GROQ_API_KEY", raising=False)
    if in_environment:
        monkeypatch.setenv("GROQ_API_KEY", in_environment)
    if in_env_file:
        (tmp_path / ".env").write_text(f"GROQ_API_KEY={in_env_file}")
    [finding] = check(tmp_path, "")

    assert finding.text == f"GROQ_API_KEY=*** ({source})"


def test_key_of_the_environment_that_replaces_another_one_is_a_hint(tmp_path, monkeypatch):
    monkeypatch.setenv("GROQ_API_KEY", "gsk_1")
    (tmp_path / ".env").write_text("GROQ_API_KEY=gsk_2")
    [finding, hint] = check(tmp_path, "")

    assert finding.text == "GROQ_API_KEY=*** (environment)"
    assert hint.text == "GROQ_API_KEY: the environment is used, .env has another value"
    assert "gsk" not in hint.text + hint.fix


def test_secret_that_is_too_short_to_be_masked_is_a_hint(tmp_path):
    hint = check(tmp_path, "engine_user: demo\nengine_password: demo")[-1]

    assert hint.status is Status.HINT
    assert hint.text == "CATALYST_ENGINE_PASSWORD: fewer than 8 characters are not masked in logs and outcomes"
    assert hint.fix == "Choose a longer secret"
