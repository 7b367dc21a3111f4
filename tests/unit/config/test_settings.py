"""Settings from the environment, `.env` and `worker.yaml`."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from catalyst_groq.config.settings import Settings, environment


def test_settings_have_working_defaults(load):
    settings = load()
    assert settings.engine_url == "http://localhost:8080/engine-rest"
    assert settings.topic == ("catalyst-groq",)
    assert settings.lock_duration == timedelta(minutes=1)
    assert settings.allowed_secrets == ("groq*",)
    assert settings.groq_api_url == "https://api.groq.com/openai/v1"


def test_environment_overrides_env_file_and_worker_yaml(load):
    yaml = "topic: yaml\nworker_id: yaml\nconcurrency: 1\ngroq_api_url: http://yaml\n"
    settings = load(
        yaml, "CATALYST_TOPIC=file\nCATALYST_WORKER_ID=file\nGROQ_API_URL=http://file", CATALYST_TOPIC="env"
    )
    assert (settings.topic, settings.worker_id, settings.concurrency) == (("env",), "file", 1)
    assert settings.groq_api_url == "http://file/openai/v1"


def test_empty_variable_counts_as_not_set(load):
    assert load("topic: yaml", CATALYST_TOPIC="").topic == ("yaml",)


@pytest.mark.parametrize("yaml", ["", "# nothing set\n"])
def test_empty_worker_yaml_sets_nothing(load, yaml):
    assert load(yaml).model_dump() == Settings().model_dump()


def test_env_file_may_contain_other_variables(load):
    assert load(None, "GROQ_API_KEY=gsk_x\nCOMPOSE_PROJECT_NAME=x\nCATALYST_TOPIC=mine").topic == ("mine",)


def test_environment_includes_env_file(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("GROQ_API_KEY=from_file\nGROQ_OTHER=from_file\nGROQ_BARE\n")
    monkeypatch.setenv("GROQ_API_KEY", "from_environment")
    environ = environment(tmp_path / ".env")
    assert (environ["GROQ_API_KEY"], environ["GROQ_OTHER"]) == ("from_environment", "from_file")
    assert "GROQ_BARE" not in environ


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"topic: a: b", "is not YAML: mapping values are not allowed here"),
        (b"- topic", "contains no settings. Write lines such as topic: catalyst-groq"),
        (b"topic", "contains no settings. Write lines such as topic: catalyst-groq"),
        (b"topic: \xff", "cannot be read: not a text file"),
    ],
)
def test_worker_yaml_without_settings_is_refused(find_problems, tmp_path, content, message):
    (tmp_path / "worker.yaml").write_bytes(content)
    [problem] = find_problems(CATALYST_TOPIC="x")
    assert problem.startswith(f"{tmp_path / 'worker.yaml'} {message}")


def test_worker_yaml_that_is_a_folder_is_refused(find_problems, tmp_path):
    (tmp_path / "worker.yaml").mkdir()
    assert find_problems() == [f"{tmp_path / 'worker.yaml'} cannot be read: Is a directory"]


def test_program_may_set_settings_by_name(monkeypatch):
    monkeypatch.setenv("CATALYST_CONCURRENCY", "7")
    settings = Settings(topic="mine", groq_api_url="http://groq.example", lock_duration="PT2M")

    assert (settings.topic, settings.concurrency) == (("mine",), 7)
    assert settings.groq_api_url == "http://groq.example/openai/v1"
    assert Settings(GROQ_API_URL="http://groq.example").groq_api_url == settings.groq_api_url


def test_misspelt_argument_of_program_is_refused_without_secrets():
    with pytest.raises(
        ValidationError, match=r"engine_pasword\n  unknown setting\. Did you mean engine_password\?"
    ) as info:
        Settings(engine_pasword="of-the-engine")

    assert "of-the-engine" not in str(info.value)


def test_wrong_argument_of_program_is_shown_without_secrets():
    with pytest.raises(ValidationError) as info:
        Settings(engine_password=["of-the-engine"])

    assert "of-the-engine" not in str(info.value)
