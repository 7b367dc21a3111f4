"""Where settings come from, and what remains of them if some are wrong."""

import pytest

from catalyst_groq.config.settings import Settings
from catalyst_groq.config.sources import FILES_OF_VARIABLES, read_settings


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Reads settings: text of worker.yaml, of .env, and the environment."""

    def read_all(yaml="", env="", **environ):
        (tmp_path / "worker.yaml").write_text(yaml)
        (tmp_path / ".env").write_text(env)
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        return read_settings(Settings, tmp_path / "worker.yaml", tmp_path / ".env")

    return read_all


def test_source_of_each_setting_is_the_one_that_wins(read):
    found = read(
        "concurrency: 5\nlog_level: DEBUG\ngroq_api_url: http://a/v1",
        "CATALYST_CONCURRENCY=6\nCATALYST_STREAM=true",
        CATALYST_STREAM="false",
        GROQ_API_URL="http://b/v1",
    )

    assert found.problems == []
    assert found.settings.concurrency == 6
    assert {name: written.source for name, written in found.values.items()} == {
        "concurrency": ".env",
        "log_level": "worker.yaml",
        "stream": "environment",
        "groq_api_url": "environment",
    }


def test_secret_in_a_file_names_the_file_as_its_source(read, tmp_path):
    (tmp_path / "password").write_text("secret-of-the-engine")
    found = read(CATALYST_ENGINE_PASSWORD_FILE=str(tmp_path / "password"), CATALYST_ENGINE_USER="me")

    assert found.settings.engine_password.get_secret_value() == "secret-of-the-engine"
    assert found.values["engine_password"].source == FILES_OF_VARIABLES


@pytest.mark.parametrize("in_environment", [True, False])
def test_invalid_settings_leave_the_others(read, in_environment):
    wrong = {"CATALYST_LOCK_DURATION": "1", "GROQ_API_URL": "nowhere"}
    found = read(
        "" if in_environment else "lock_duration: 1\ngroq_api_url: nowhere",
        **(wrong if in_environment else {}),
        CATALYST_CONCURRENCY="7",
        CATALYST_TYPO="x",
    )

    assert found.invalid == {"lock_duration", "groq_api_url"}
    assert found.settings.concurrency == 7
    assert found.settings.lock_duration == Settings.model_fields["lock_duration"].default
    assert len(found.problems) == 3


def test_settings_in_an_unreadable_file_are_not_replaced_by_defaults(read):
    found = read("a: [", CATALYST_CONCURRENCY="many")

    assert found.settings is None
    assert len(found.problems) == 2


def test_secrets_in_unreadable_files_are_invalid(read):
    found = read("engine_token_file: /nowhere", CATALYST_ENGINE_PASSWORD_FILE="/nowhere", GROQ_API_KEY_FILE="/nowhere")

    assert found.invalid == {"engine_token", "engine_password", "groq_api_key"}
    assert found.settings is not None


def test_settings_that_are_incomplete_are_kept(read):
    found = read(CATALYST_ENGINE_PASSWORD="x")

    assert found.problems == ["CATALYST_ENGINE_PASSWORD is set, but CATALYST_ENGINE_USER is not"]
    assert found.settings is not None
