"""Messages about unknown, incomplete and invalid settings."""

import pytest

from catalyst_groq.config.settings import Settings
from catalyst_groq.config.validation import SettingsDiagnostics
from catalyst_groq.errors import SettingsError


def test_all_problems_are_reported_at_once(find_problems):
    assert find_problems(
        "concurrency: many\nlock_duration: 60\ntopics: x",
        "CATALYST_TOPIK=x",
        CATALYST_ENGINE_URL="localhost:8080",
        CATALYST_ASYNC_RESPONSE_TIMEOUT="PT21S",
        CATALYST_SHUTDOWN_TIMEOUT="30",
        CATALYST_ALLOWED_URLS="http://a, ftp://b",
        GROQ_API_URL="nowhere",
    ) == [
        "CATALYST_TOPIK: unknown setting. Did you mean CATALYST_TOPIC?",
        "topics (in worker.yaml): unknown setting. Did you mean topic?",
        "CATALYST_ENGINE_URL=localhost:8080: is not an http(s) URL such as http://localhost:8080/engine-rest",
        "CATALYST_CONCURRENCY=many: Input should be a valid integer, unable to parse string as an integer",
        "CATALYST_LOCK_DURATION=60: '60' is not an ISO 8601 duration such as PT30S or PT15M",
        "CATALYST_ASYNC_RESPONSE_TIMEOUT=PT21S: must be between 0 s and 20 s",
        "CATALYST_SHUTDOWN_TIMEOUT=30: '30' is not an ISO 8601 duration such as PT30S or PT15M",
        "CATALYST_ALLOWED_URLS=http://a, ftp://b: 'ftp://b' is not a plain http(s) URL such as https://api.groq.com/openai/v1",
        "GROQ_API_URL=nowhere: 'nowhere' is not a plain http(s) URL such as https://api.groq.com/openai/v1",
    ]


@pytest.mark.parametrize(
    ("name", "value", "needed"),
    [
        ("ENGINE_PASSWORD", "secret", "ENGINE_USER"),
        ("ENGINE_CLIENT_ID", "worker", "ENGINE_TOKEN_URL"),
        ("ENGINE_CLIENT_SECRET", "secret", "ENGINE_TOKEN_URL"),
        ("ENGINE_TOKEN_URL", "https://login.example.com/token", "ENGINE_CLIENT_ID"),
        ("ENGINE_CERTIFICATE_KEY", "key.pem", "ENGINE_CERTIFICATE"),
        ("GROQ_CERTIFICATE_KEY", "key.pem", "GROQ_CERTIFICATE"),
    ],
)
def test_setting_without_its_required_setting_is_reported(find_problems, name, value, needed):
    assert find_problems(**{f"CATALYST_{name}": value}) == [f"CATALYST_{name} is set, but CATALYST_{needed} is not"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("CATALYST_WORKERID", " Did you mean CATALYST_WORKER_ID?"),
        ("CATALYST_ENGINE_UR", " Did you mean CATALYST_ENGINE_URL?"),
        ("CATALYST_XYZ", ""),
    ],
)
def test_unknown_variable_is_reported_with_a_suggestion(find_problems, name, hint):
    assert find_problems(**{name: "1"}) == [f"{name}: unknown setting.{hint}"]


@pytest.mark.parametrize(
    ("yaml", "problem"),
    [
        ("CATALYST_TOPIC: x", "CATALYST_TOPIC (in worker.yaml): unknown setting. Did you mean topic?"),
        ("GROQ_API_URL: http://x", "GROQ_API_URL (in worker.yaml): unknown setting. Did you mean groq_api_url?"),
        ("_xyzzy: x", "_xyzzy (in worker.yaml): unknown setting."),
        ("1: x", "1 (in worker.yaml): unknown setting."),
    ],
)
def test_unknown_name_in_worker_yaml_is_reported(find_problems, yaml, problem):
    assert find_problems(yaml) == [problem]


def test_variable_name_has_the_prefix_or_the_alias():
    variable_name = SettingsDiagnostics(Settings.model_fields).variable_name
    assert variable_name("topic") == "CATALYST_TOPIC"
    assert variable_name("groq_api_url") == "GROQ_API_URL"


def test_engine_url_with_password_is_refused_and_masked(load):
    with pytest.raises(SettingsError, match="Use CATALYST_ENGINE_USER") as caught:
        load(CATALYST_ENGINE_URL="http://demo:geheim@localhost:8080/engine-rest")
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("proxy", ["worker:s3cret@proxy:3128", "ftp://worker:s3cret@proxy"])
def test_invalid_proxy_is_refused_and_its_password_masked(find_problems, proxy):
    [line] = find_problems(CATALYST_ENGINE_PROXY=proxy)

    assert line == "CATALYST_ENGINE_PROXY=***: is not an http(s) URL such as http://proxy.example.com:3128"


def test_token_url_with_password_is_refused_and_masked(find_problems):
    [line] = find_problems(CATALYST_ENGINE_TOKEN_URL="https://worker:s3cret@login.example.com/token")

    assert "Use CATALYST_ENGINE_CLIENT_ID and CATALYST_ENGINE_CLIENT_SECRET" in line
    assert "s3cret" not in line


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["ENGINE_URL", "ENGINE_TOKEN_URL", "ENGINE_PROXY", "JOURNAL", "LIMITS_REDIS_URL", "ALLOWED_URLS"]
)
@pytest.mark.parametrize("scheme", ["ftp", "HTTP", "REDIS", "postgresql"])
@pytest.mark.parametrize("password", ["s3cret", "s3/c@ret", "s3cret:"])
def test_password_in_an_invalid_url_is_not_shown(find_problems, name, scheme, password):
    problems = find_problems(
        **{f"CATALYST_{name}": f"{scheme}://worker:{password}@host:port"}, CATALYST_CONCURRENCY="many"
    )
    assert len(problems) == 2
    assert not [line for line in problems if "s3" in line]


def test_password_in_an_endpoints_url_is_not_shown(find_problems):
    [line] = find_problems(CATALYST_ENDPOINTS="[{name: a, url: 'https://me:s3cret@host/v1'}]")
    assert (
        line
        == "CATALYST_ENDPOINTS[0].url: 'https://***@host/v1' is not a plain http(s) URL such as https://api.groq.com/openai/v1"
    )


def test_journal_of_another_kind_of_server_is_refused(find_problems):
    """As a file's name, the URL would be shown."""
    [line] = find_problems(CATALYST_JOURNAL="redis+sentinel://:s3cret@host/0")
    problem = "is neither a file, redis://… nor off. Sentinel and Cluster are not supported"
    fix = "write redis:// and the address of one server, the primary"
    assert line == f"CATALYST_JOURNAL=redis+sentinel://***@host/0: {problem}: {fix}"


def test_control_characters_in_a_value_are_refused_and_escaped(find_problems):
    assert find_problems(
        CATALYST_WORKER_ID="a\x1b[2J", CATALYST_ENGINE_URL="http://host/\u202e", GROQ_API_URL="http://host/\x1b/v1"
    ) == [
        r"CATALYST_ENGINE_URL=http://host/\u202e: is not an http(s) URL such as http://localhost:8080/engine-rest",
        r"CATALYST_WORKER_ID=a\x1b[2J: contains control characters",
        r"GROQ_API_URL=http://host/\x1b/v1: 'http://host/\x1b/v1' is not a plain http(s) URL such as https://api.groq.com/openai/v1",
    ]


def test_key_in_a_wrong_setting_is_not_shown(find_problems):
    [line] = find_problems(CATALYST_CONCURRENCY="gsk_0123456789abcdef")
    assert line.startswith("CATALYST_CONCURRENCY=***: ")
