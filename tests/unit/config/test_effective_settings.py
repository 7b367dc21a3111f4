"""The value and the source of each setting."""

import pytest

from catalyst_groq.config.effective_settings import find_replaced_secrets, list_settings
from catalyst_groq.config.settings import Settings
from catalyst_groq.config.sources import read_settings

FERNET_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


@pytest.fixture
def found(tmp_path, monkeypatch):
    """Read a `worker.yaml`, an `.env` and the environment."""

    def found(yaml="", env_file="", **environ):
        (tmp_path / "worker.yaml").write_text(yaml)
        (tmp_path / ".env").write_text(env_file)
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        return read_settings(Settings, tmp_path / "worker.yaml", tmp_path / ".env")

    return found


@pytest.fixture
def listed(found):
    """Return the settings of a `worker.yaml`, an `.env` and the environment, by name."""

    def listed(*args, **environ):
        return {setting.name: setting for setting in list_settings(found(*args, **environ))}

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


def test_settings_name_the_sources_that_are_not_used(listed):
    settings = listed("topic: a\nconcurrency: 2", "CATALYST_TOPIC=b", CATALYST_TOPIC="c", CATALYST_CONCURRENCY="2")

    assert settings["CATALYST_TOPIC"].unused == (".env", "worker.yaml")
    assert settings["CATALYST_CONCURRENCY"].unused == (), "both say the same"


def test_secret_that_another_source_replaces_is_named(found, tmp_path):
    (tmp_path / "key").write_text(FERNET_KEY)
    replaced = find_replaced_secrets(
        found(
            f"topic: a\njournal_key_file: {tmp_path / 'key'}\njournal: redis://yaml",
            "GROQ_API_KEY=gsk_1\nCATALYST_JOURNAL=redis://env-file",
            CATALYST_TOPIC="b",
            CATALYST_JOURNAL_KEY=FERNET_KEY.replace("M", "N", 1),
            CATALYST_JOURNAL="off",
            GROQ_API_KEY="gsk_2",
        )
    )

    assert list(replaced) == [
        "CATALYST_JOURNAL: the environment is used, .env and worker.yaml have other values",
        "CATALYST_JOURNAL_KEY: the environment is used, the file of journal_key_file has another value",
        "GROQ_API_KEY: the environment is used, .env has another value",
    ]


def test_secret_file_that_a_variable_names_replaces_worker_yaml(found, tmp_path):
    (tmp_path / "password").write_text("a")
    settings = found("engine_user: me\nengine_password: b", CATALYST_ENGINE_PASSWORD_FILE=str(tmp_path / "password"))

    assert list(find_replaced_secrets(settings)) == [
        "CATALYST_ENGINE_PASSWORD: the file of CATALYST_ENGINE_PASSWORD_FILE is used, worker.yaml has another value"
    ]


def test_secret_that_all_sources_share_is_not_named(found, tmp_path):
    (tmp_path / "key").write_text(f"{FERNET_KEY}\n")

    assert not list(
        find_replaced_secrets(found(f"journal_key_file: {tmp_path / 'key'}", CATALYST_JOURNAL_KEY=FERNET_KEY))
    )
