"""Secrets in files: `NAME_FILE` instead of `NAME`."""

import pytest

from catalyst_groq.config.secret_files import MAX_SECRET_BYTES
from catalyst_groq.config.settings import Settings, environment
from catalyst_groq.config.validation import SettingsDiagnostics
from catalyst_groq.errors import SettingsError

SECRETS = SettingsDiagnostics(Settings.model_fields).secrets
PROXY = "http://user:password@proxy:3128"
"""A value that every other secret setting accepts."""

VALUES = {"journal_key": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}

REQUIRED = {
    "CATALYST_ENGINE_USER": "worker",
    "CATALYST_ENGINE_TOKEN_URL": "https://login.example.com/token",
    "CATALYST_ENGINE_CLIENT_ID": "worker",
}


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "secret"
        path.write_bytes(content)
        return str(path)

    return write


def test_secrets_are_the_settings_with_a_secret_type():
    assert {"engine_password", "engine_token", "engine_client_secret", "engine_proxy", "journal_key"} <= set(SECRETS)


@pytest.mark.parametrize("name", SECRETS)
def test_secret_is_read_from_its_file(load, write, name):
    secret = VALUES.get(name, PROXY)
    path = write(secret.encode() + b"\n")
    in_environment = load(**{f"CATALYST_{name.upper()}_FILE": path}, **REQUIRED)
    in_env_file = load(None, f"CATALYST_{name.upper()}_FILE={path}")

    assert getattr(in_environment, name).get_secret_value() == secret
    assert getattr(in_env_file, name).get_secret_value() == secret


def test_secret_file_may_be_named_in_worker_yaml(load, write):
    settings = load(f"engine_user: worker\nengine_password_file: {write(b'geheim')}")

    assert settings.engine_password.get_secret_value() == "geheim"


@pytest.mark.parametrize("name", ["limits_redis_url", "journal"])
def test_url_with_a_password_may_be_in_a_file(load, write, name):
    url = "redis://:geheim@redis:6379/0"

    assert getattr(load(**{f"CATALYST_{name.upper()}_FILE": write(url.encode() + b"\n")}), name) == url
    assert getattr(load(f"{name}_file: {write(url.encode())}"), name) == url


def test_environment_overrides_secret_file_of_worker_yaml(load, write):
    settings = load(
        f"engine_user: worker\nengine_password_file: {write(b'geheim')}", CATALYST_ENGINE_PASSWORD="from env"
    )

    assert settings.engine_password.get_secret_value() == "from env"


@pytest.mark.parametrize(
    ("content", "secret"),
    [(b"x\n", "x"), (b"x\r\n", "x"), (b"x\n\n", "x\n"), (b" x ", " x "), ("größer\n".encode(), "größer")],
)
def test_one_line_break_at_the_end_is_no_part_of_the_secret(load, write, content, secret):
    settings = load(CATALYST_ENGINE_USER="worker", CATALYST_ENGINE_PASSWORD_FILE=write(content))

    assert settings.engine_password.get_secret_value() == secret


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "the file is empty. Write the secret into it"),
        (b"\n", "the file is empty. Write the secret into it"),
        (b"\xff\xfe", "the file is no text. Name the file of the secret"),
        (b"CATALYST_ENGINE_PASSWORD=geheim", "the file holds a line CATALYST_ENGINE_PASSWORD=…. Write only the value"),
        (b"a" * (MAX_SECRET_BYTES + 1), "the file is larger than 100,000 bytes. Name the file of the secret"),
    ],
)
def test_secret_file_without_a_secret_is_named(find_problems, write, content, problem):
    path = write(content)
    [line] = find_problems(CATALYST_ENGINE_USER="worker", CATALYST_ENGINE_PASSWORD_FILE=path)

    assert line.startswith(f"CATALYST_ENGINE_PASSWORD_FILE={path}: {problem}")
    assert "geheim" not in line


@pytest.mark.parametrize(("path", "problem"), [("/nowhere", "No such file or directory"), ("/etc", "Is a directory")])
def test_secret_file_that_cannot_be_read_is_named(find_problems, path, problem):
    assert find_problems(CATALYST_JOURNAL_KEY_FILE=path) == [f"CATALYST_JOURNAL_KEY_FILE={path}: {problem}"]
    assert find_problems(GROQ_API_KEY_FILE=path)[-1] == f"GROQ_API_KEY_FILE={path}: {problem}"


def test_secret_and_its_file_together_are_refused(find_problems, write):
    settings = {"CATALYST_ENGINE_TOKEN": "a", "CATALYST_ENGINE_TOKEN_FILE": write(b"b")}

    assert find_problems(**settings) == [
        "CATALYST_ENGINE_TOKEN and CATALYST_ENGINE_TOKEN_FILE are both set. Set only one of them"
    ]


def test_file_of_a_setting_that_is_no_secret_is_unknown(find_problems, write):
    [line] = find_problems(CATALYST_TOPIC_FILE=write(b"x"))

    assert line.startswith("CATALYST_TOPIC_FILE: unknown setting.")


def test_groq_api_key_is_read_from_its_file(load, write, tmp_path):
    load(GROQ_API_KEY_FILE=write(b"gsk_file\n"))

    assert environment(tmp_path / ".env")["GROQ_API_KEY"] == "gsk_file"


def test_groq_api_key_file_that_is_missing_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("GROQ_API_KEY_FILE", "/nowhere")
    with pytest.raises(SettingsError, match="GROQ_API_KEY_FILE=/nowhere: No such file or directory"):
        environment(tmp_path / ".env")
