"""The operator's settings: where they come from, and that everything wrong is said at once."""

import os
from datetime import timedelta
from decimal import Decimal

import pytest

from catalyst_groq.config.settings import Settings, environment
from catalyst_groq.config.validation import SettingsDiagnostics
from catalyst_groq.errors import SettingsError


@pytest.fixture(autouse=True)
def _no_settings_in_the_environment(monkeypatch):
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


def complaints(load, *args, **environ):
    with pytest.raises(SettingsError) as caught:
        load(*args, **environ)
    first, *lines = str(caught.value).split("\n")
    assert first == "These settings are not right:"
    return [line.strip() for line in lines]


def test_a_worker_starts_with_no_settings_at_all(load):
    settings = load()
    assert settings.engine_url == "http://localhost:8080/engine-rest"
    assert settings.topic == ("catalyst-groq",)
    assert settings.lock_duration == timedelta(minutes=1)
    assert settings.allowed_secrets == ("groq*",)
    assert settings.groq_api_url == "https://api.groq.com/openai/v1"


def test_the_environment_wins_over_the_env_file_and_that_over_worker_yaml(load):
    yaml = "topic: yaml\nworker_id: yaml\nconcurrency: 1\ngroq_api_url: http://yaml\n"
    settings = load(
        yaml, "CATALYST_TOPIC=file\nCATALYST_WORKER_ID=file\nGROQ_API_URL=http://file", CATALYST_TOPIC="env"
    )
    assert (settings.topic, settings.worker_id, settings.concurrency) == (("env",), "file", 1)
    assert settings.groq_api_url == "http://file/openai/v1"


@pytest.mark.parametrize(
    ("alone", "value", "needed"),
    [
        ("ENGINE_PASSWORD", "secret", "ENGINE_USER"),
        ("ENGINE_CLIENT_ID", "worker", "ENGINE_TOKEN_URL"),
        ("ENGINE_CLIENT_SECRET", "secret", "ENGINE_TOKEN_URL"),
        ("ENGINE_TOKEN_URL", "https://login.example.com/token", "ENGINE_CLIENT_ID"),
        ("ENGINE_CERTIFICATE_KEY", "key.pem", "ENGINE_CERTIFICATE"),
        ("GROQ_CERTIFICATE_KEY", "key.pem", "GROQ_CERTIFICATE"),
    ],
)
def test_a_setting_that_means_nothing_without_another_is_said(load, alone, value, needed):
    said = f"CATALYST_{alone} is set, but CATALYST_{needed} is not"
    assert complaints(load, **{f"CATALYST_{alone}": value}) == [said]


def test_an_empty_variable_counts_as_not_set(load):
    assert load("topic: yaml", CATALYST_TOPIC="").topic == ("yaml",)


@pytest.mark.parametrize("yaml", ["", "# nothing set\n"])
def test_an_empty_worker_yaml_sets_nothing(load, yaml):
    assert load(yaml).model_dump() == Settings().model_dump()


def test_durations_are_iso_8601_everywhere(load):
    settings = load("lock_duration: PT30S", CATALYST_SHUTDOWN_TIMEOUT="PT1M30S")
    assert (settings.lock_duration, settings.shutdown_timeout) == (timedelta(seconds=30), timedelta(seconds=90))


def test_lists_are_written_with_commas_or_as_yaml(load):
    settings = load("allowed_urls: [http://a, 'https://B/v1/']", CATALYST_ALLOWED_SECRETS=" groq*, team_*,,")
    assert settings.allowed_secrets == ("groq*", "team_*")
    assert settings.allowed_urls == ("http://a/openai/v1", "https://b/v1")


def test_the_env_file_may_hold_keys_and_what_other_programs_read(load):
    assert load(None, "GROQ_API_KEY=gsk_x\nCOMPOSE_PROJECT_NAME=x\nCATALYST_TOPIC=mine").topic == ("mine",)


def test_secrets_are_looked_up_in_the_environment_and_below_it_in_the_env_file(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("GROQ_API_KEY=from_file\nGROQ_OTHER=from_file\nGROQ_BARE\n")
    monkeypatch.setenv("GROQ_API_KEY", "from_environment")
    environ = environment(tmp_path / ".env")
    assert (environ["GROQ_API_KEY"], environ["GROQ_OTHER"]) == ("from_environment", "from_file")
    assert "GROQ_BARE" not in environ


def test_everything_that_is_wrong_is_said_at_once(load):
    assert complaints(
        load,
        "concurrency: many\nlock_duration: 60\ntopics: x",
        "CATALYST_TOPIK=x",
        CATALYST_ENGINE_URL="localhost:8080",
        CATALYST_ASYNC_RESPONSE_TIMEOUT="PT21S",
        CATALYST_SHUTDOWN_TIMEOUT="30",
        CATALYST_ALLOWED_URLS="http://a, ftp://b",
        GROQ_API_URL="nowhere",
    ) == [
        "CATALYST_TOPIK is no setting. Did you mean CATALYST_TOPIC?",
        "topics (in worker.yaml) is no setting. Did you mean topic?",
        "CATALYST_ENGINE_URL=localhost:8080: is not an http(s) URL such as http://localhost:8080/engine-rest",
        "CATALYST_CONCURRENCY=many: Input should be a valid integer, unable to parse string as an integer",
        "CATALYST_LOCK_DURATION=60: '60' is not an ISO 8601 duration such as PT30S or PT15M",
        "CATALYST_ASYNC_RESPONSE_TIMEOUT=PT21S: must be between 0 s and 20 s",
        "CATALYST_SHUTDOWN_TIMEOUT=30: '30' is not an ISO 8601 duration such as PT30S or PT15M",
        "CATALYST_ALLOWED_URLS=http://a, ftp://b: 'ftp://b' is not a plain http(s) URL such as https://api.groq.com/openai/v1",
        "GROQ_API_URL=nowhere: 'nowhere' is not a plain http(s) URL such as https://api.groq.com/openai/v1",
    ]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("CATALYST_WORKERID", " Did you mean CATALYST_WORKER_ID?"),
        ("CATALYST_ENGINE_UR", " Did you mean CATALYST_ENGINE_URL?"),
        ("CATALYST_XYZ", ""),
    ],
)
def test_a_misspelt_variable_is_no_silent_default(load, name, hint):
    assert complaints(load, **{name: "1"}) == [f"{name} is no setting.{hint}"]


@pytest.mark.parametrize(
    ("yaml", "complaint"),
    [
        ("CATALYST_TOPIC: x", "CATALYST_TOPIC (in worker.yaml) is no setting. Did you mean topic?"),
        ("GROQ_API_URL: http://x", "GROQ_API_URL (in worker.yaml) is no setting. Did you mean groq_api_url?"),
        ("_xyzzy: x", "_xyzzy (in worker.yaml) is no setting."),
        ("1: x", "1 (in worker.yaml) is no setting."),
    ],
)
def test_in_worker_yaml_a_setting_is_written_without_prefix(load, yaml, complaint):
    assert complaints(load, yaml) == [complaint]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"topic: a: b", "is not YAML: mapping values are not allowed here"),
        (b"- topic", "holds no settings; write lines such as topic: catalyst-groq"),
        (b"topic", "holds no settings; write lines such as topic: catalyst-groq"),
        (b"topic: \xff", "cannot be read: not a text file"),
    ],
)
def test_a_file_that_holds_no_settings_is_named(load, tmp_path, content, complaint):
    (tmp_path / "worker.yaml").write_bytes(content)
    [said] = complaints(load, CATALYST_TOPIC="x")
    assert said.startswith(f"{tmp_path / 'worker.yaml'} {complaint}")


def test_a_folder_is_no_settings_file(load, tmp_path):
    (tmp_path / "worker.yaml").mkdir()
    assert complaints(load) == [f"{tmp_path / 'worker.yaml'} cannot be read: Is a directory"]


@pytest.mark.parametrize("url", ["", "ftp://x", "http://", "http://x:port", "http://x:0", "http://[::1", "http://a b"])
def test_an_engine_url_that_cannot_work_is_refused(url):
    with pytest.raises(ValueError, match="is not an http"):
        Settings(engine_url=url)


@pytest.mark.parametrize("url", ["http://localhost:8080/engine-rest", "https://engine/engine-rest/engine/two/"])
def test_an_engine_url_is_kept_as_it_was_written(url):
    assert Settings(engine_url=url).engine_url == url


def test_every_setting_knows_its_variable():
    variable = SettingsDiagnostics(Settings.model_fields).variable
    assert variable("topic") == "CATALYST_TOPIC"
    assert variable("groq_api_url") == "GROQ_API_URL"


def test_a_password_in_the_engine_url_is_refused_and_not_shown(load):
    with pytest.raises(SettingsError, match="use CATALYST_ENGINE_USER") as caught:
        load(CATALYST_ENGINE_URL="http://demo:geheim@localhost:8080/engine-rest")
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("written", "read"), [("a=x", {"a": "x"}), ("a = x , b=y=z", {"a": "x", "b": "y=z"}), ("", {})]
)
def test_variables_to_fetch_by_are_written_as_pairs(load, written, read):
    assert load(CATALYST_ONLY_VARIABLES=written).only_variables == read


def test_a_pair_without_a_value_is_named(load):
    with pytest.raises(SettingsError, match=r"CATALYST_ONLY_VARIABLES=a: write name=value"):
        load(CATALYST_ONLY_VARIABLES="a")


@pytest.mark.parametrize("proxy", ["worker:s3cret@proxy:3128", "ftp://worker:s3cret@proxy"])
def test_a_proxy_that_cannot_work_is_refused_and_its_password_not_shown(load, proxy):
    [line] = complaints(load, CATALYST_ENGINE_PROXY=proxy)

    assert line == "CATALYST_ENGINE_PROXY=***: is not an http(s) URL such as http://proxy.example.com:3128"


def test_a_password_in_the_token_url_is_refused_and_not_shown(load):
    [line] = complaints(load, CATALYST_ENGINE_TOKEN_URL="https://worker:s3cret@login.example.com/token")

    assert "use CATALYST_ENGINE_CLIENT_ID and CATALYST_ENGINE_CLIENT_SECRET" in line
    assert "s3cret" not in line


ENDPOINTS = """
routing_strategy: least-latency
endpoints:
  - {name: local, url: "http://gpu:8000/v1/", models: {openai/gpt-oss-20b: gpt-oss}, priority: 2}
  - {name: groq, models: [openai/gpt-oss-20b]}
  - {name: other, url: https://other, key: other_key}
"""


def test_endpoints_are_written_as_a_list(load):
    local, groq, other = load(ENDPOINTS).endpoints

    assert (local.name, local.url, local.key, local.priority) == ("local", "http://gpu:8000/v1", None, 2)
    assert local.models == {"openai/gpt-oss-20b": "gpt-oss"}
    assert (groq.url, groq.models) == (None, {"openai/gpt-oss-20b": "openai/gpt-oss-20b"})
    assert (other.url, other.key, other.models, other.priority) == ("https://other/openai/v1", "other_key", None, 0)


def test_the_environment_may_hold_endpoints_too(load):
    assert [entry.name for entry in load(CATALYST_ENDPOINTS='[{"name": "a"}, {"name": "b"}]').endpoints] == ["a", "b"]


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("x", ": is no list of endpoints; write lines such as - {name: backup, url: https://…, key: groq_backup_key}"),
        ("{", ": is no list of endpoints; write lines such as - {name: backup, url: https://…, key: groq_backup_key}"),
        ("[{name: a}, {name: a}]", ": several are named a: give each a name of its own"),
        ("[{name: a}, {url: http://x}]", "[1].name: Field required"),
        ("[{name: a b}]", "[0].name: must be 1 to 40 letters, digits, dots, hyphens or underscores"),
        (
            "[{name: a, url: ftp://x}]",
            "[0].url: 'ftp://x' is not a plain http(s) URL such as https://api.groq.com/openai/v1",
        ),
        (
            "[{name: a, url: 'https://me:s3cret@x'}]",
            "[0].url: 'https://***@x' is not a plain http(s) URL such as https://api.groq.com/openai/v1",
        ),
        ("[{name: a, prio: 1}]", "[0]: prio cannot be said of an endpoint; there are name, url, key, models, priority"),
        ("[{name: a, models: 7}]", "[0].models: Input should be a valid dictionary"),
        (
            "[{name: a, key: gsk_0123456789}]",
            "[0].key: holds a key instead of the name of one, such as groq_backup_key: withdraw the key",
        ),
    ],
)
def test_a_wrong_endpoint_is_named_with_its_field_and_no_key_is_shown(load, written, complaint):
    assert complaints(load, CATALYST_ENDPOINTS=written) == [f"CATALYST_ENDPOINTS{complaint}"]


@pytest.mark.parametrize(
    "ways",
    [
        (None, {"CATALYST_MODEL_LIMITS": "openai/gpt-oss-120b rpm=60 tpm=16000, * rpd=500"}),
        ("model_limits:\n  openai/gpt-oss-120b: {rpm: 60, tpm: 16000}\n  '*': {rpd: 500}", {}),
    ],
    ids=["environment", "worker.yaml"],
)
def test_limits_are_given_by_model(load, ways):
    yaml, environ = ways
    given = {
        model: limits.model_dump(exclude_none=True) for model, limits in load(yaml, **environ).model_limits.items()
    }

    assert given == {"openai/gpt-oss-120b": {"rpm": 60, "tpm": 16_000}, "*": {"rpd": 500}}


def test_limits_that_are_none_are_refused_with_what_mends_them(load):
    said = complaints(
        load,
        CATALYST_LIMITS="fre",
        CATALYST_MODEL_LIMITS="openai/gpt-oss-120b",
        CATALYST_LIMITS_REDIS_URL="localhost:6379",
    )

    assert said == [
        "CATALYST_LIMITS=fre: Input should be 'auto', 'off', 'free' or 'developer'",
        "CATALYST_MODEL_LIMITS=openai/gpt-oss-120b: write model rpm=30 tpm=8000, model …",
        "CATALYST_LIMITS_REDIS_URL=localhost:6379: is no address such as redis://localhost:6379/0",
    ]


def test_a_limit_that_is_not_kept_is_named(load):
    (said,) = complaints(load, CATALYST_MODEL_LIMITS="* rpmm=30")

    assert said.endswith("=* rpmm=30: 'rpmm' of * is no limit that is kept; there are rpm, rpd, tpm, tpd, otpm")


def test_budgets_are_exact(load):
    settings = load("budget_per_day: 0.1", CATALYST_BUDGET_PER_INSTANCE="0.000000001")

    assert (settings.budget_per_day, settings.budget_per_instance) == (Decimal("0.1"), Decimal("1e-9"))
    assert settings.budget_per_definition is None


@pytest.mark.parametrize("budget", ["0", "-1", "NaN", "Infinity", "1 USD"])
def test_a_budget_that_is_no_sum_of_money_is_named(load, budget):
    [complaint] = complaints(load, CATALYST_BUDGET_PER_DAY=budget)

    assert complaint.startswith(f"CATALYST_BUDGET_PER_DAY={budget}: ")
