"""The value and the source of each setting."""

import pytest

from catalyst_groq.config.effective_settings import list_settings
from catalyst_groq.config.settings import Settings
from catalyst_groq.config.sources import read_settings

FERNET_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


@pytest.fixture
def listed(tmp_path, monkeypatch):
    """Return the settings of a `worker.yaml`, an `.env` and the environment, by name."""

    def listed(yaml="", env_file="", **environ):
        (tmp_path / "worker.yaml").write_text(yaml)
        (tmp_path / ".env").write_text(env_file)
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        found = read_settings(Settings, tmp_path / "worker.yaml", tmp_path / ".env")
        return {setting.name: setting for setting in list_settings(found)}

    return listed


def shown(setting):
    return setting.value, setting.source


def test_settings_that_nothing_sets_are_shown_with_their_defaults(listed):
    settings = listed()

    assert {setting.source for setting in settings.values()} == {"default"}
    assert len(settings) == len(Settings.model_fields) + 1
    assert settings["CATALYST_TOPIC"].value == "catalyst-groq"
    assert settings["CATALYST_LOCK_DURATION"].value == "PT1M"
    assert settings["CATALYST_ENGINE_PASSWORD"].value == ""
    assert settings["CATALYST_JOURNAL"].value.endswith("journal.sqlite")
    assert settings["CATALYST_ONLY_TENANTS"].value == ""


def test_settings_name_the_source_that_overrides_the_others(listed):
    settings = listed(
        "topic: [a, b]\nconcurrency: 1\nstream: true\n",
        "CATALYST_CONCURRENCY=2\nGROQ_API_URL=http://x",
        CATALYST_TOPIC="c",
    )

    assert shown(settings["CATALYST_TOPIC"]) == ("c", "environment")
    assert shown(settings["CATALYST_CONCURRENCY"]) == ("2", ".env")
    assert shown(settings["CATALYST_STREAM"]) == ("true", "worker.yaml")
    assert shown(settings["GROQ_API_URL"]) == ("http://x/openai/v1", ".env")


def test_settings_that_are_empty_count_as_not_set(listed):
    assert shown(listed(CATALYST_TOPIC="")["CATALYST_TOPIC"]) == ("catalyst-groq", "default")


def test_settings_of_several_values_are_written_as_in_the_environment(listed):
    settings = listed("only_variables: {a: x, b: y}", CATALYST_MODEL_LIMITS="m rpm=30 tpm=8000, * rpm=1")

    assert settings["CATALYST_ONLY_VARIABLES"].value == "a=x,b=y"
    assert settings["CATALYST_MODEL_LIMITS"].value == "m rpm=30 tpm=8000,* rpm=1"


def test_settings_show_no_secret(listed, tmp_path):
    password = tmp_path / "password"
    password.write_text("of-a-file")
    settings = listed(
        f"engine_user: me\nengine_password_file: {password}\nendpoints: [{{name: own, url: 'http://own/v1'}}]",
        "GROQ_API_KEY=gsk_of_env_file",
        CATALYST_JOURNAL_KEY=FERNET_KEY,
        CATALYST_JOURNAL="redis://:pw@host:6379/0?password=pw2",
        CATALYST_GROQ_PROXY="http://u:pw@proxy:3128",
        CATALYST_ALLOWED_SECRETS="gsk_0123456789abcdefghij",
    )

    assert shown(settings["CATALYST_ENGINE_PASSWORD"]) == ("***", "file of engine_password_file")
    assert shown(settings["CATALYST_JOURNAL_KEY"]) == ("***", "environment")
    assert shown(settings["CATALYST_GROQ_PROXY"]) == ("***", "environment")
    assert shown(settings["CATALYST_JOURNAL"]) == ("redis://***@host:6379/0?password=***", "environment")
    assert shown(settings["CATALYST_ALLOWED_SECRETS"]) == ("***", "environment")
    assert shown(settings["GROQ_API_KEY"]) == ("***", ".env")
    assert shown(settings["CATALYST_ENDPOINTS"]) == ("own", "worker.yaml")
    assert "gsk" not in str(settings)


def test_settings_name_the_file_of_the_key(listed, tmp_path):
    (tmp_path / "key").write_text("gsk_of_file")
    settings = listed(GROQ_API_KEY_FILE=str(tmp_path / "key"))

    assert shown(settings["GROQ_API_KEY"]) == ("***", "file of GROQ_API_KEY_FILE")


def test_settings_beside_an_invalid_one_are_shown_as_written(listed):
    settings = listed(
        "topic: [a, b]\nendpoints: [{key: gsk_by_mistake}]", CATALYST_CONCURRENCY="many", GROQ_API_URL="http://u:pw@x"
    )

    assert shown(settings["CATALYST_CONCURRENCY"]) == ("many", "environment")
    assert shown(settings["CATALYST_TOPIC"]) == ("a,b", "worker.yaml")
    assert shown(settings["CATALYST_ENDPOINTS"]) == ("***", "worker.yaml")
    assert shown(settings["GROQ_API_URL"]) == ("http://***@x", "environment")
    assert shown(settings["CATALYST_LOCK_DURATION"]) == ("PT1M", "default")
