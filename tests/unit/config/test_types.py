"""Settings types: how values are parsed and which ones are refused."""

from datetime import timedelta
from decimal import Decimal

import pytest

from catalyst_groq.config.settings import Settings
from catalyst_groq.errors import SettingsError


def test_durations_are_iso_8601(load):
    settings = load("lock_duration: PT30S", CATALYST_SHUTDOWN_TIMEOUT="PT1M30S")
    assert (settings.lock_duration, settings.shutdown_timeout) == (timedelta(seconds=30), timedelta(seconds=90))


def test_lists_are_comma_separated_or_yaml(load):
    settings = load("allowed_urls: [http://a, 'https://B/v1/']", CATALYST_ALLOWED_SECRETS=" groq*, team_*,,")
    assert settings.allowed_secrets == ("groq*", "team_*")
    assert settings.allowed_urls == ("http://a/openai/v1", "https://b/v1")


@pytest.mark.parametrize("url", ["", "ftp://x", "http://", "http://x:port", "http://x:0", "http://[::1", "http://a b"])
def test_engine_url_that_is_invalid_is_refused(url):
    with pytest.raises(ValueError, match="is not an http"):
        Settings(engine_url=url)


@pytest.mark.parametrize("url", ["http://localhost:8080/engine-rest", "https://engine/engine-rest/engine/two/"])
def test_engine_url_is_not_normalized(url):
    assert Settings(engine_url=url).engine_url == url


def test_docs_url_has_no_final_slash():
    assert Settings(docs_url="https://docs.example.com/groq/").docs_url == "https://docs.example.com/groq"


@pytest.mark.parametrize(
    "url", ["docs", "file:///docs", "https://a:b@x/", "https://x/?key=1", "https://x/#top", "https://x/" + "a" * 200]
)
def test_docs_url_that_messages_cannot_show_is_refused(url):
    with pytest.raises(ValueError, match="URL"):
        Settings(docs_url=url)


@pytest.mark.parametrize(("value", "pairs"), [("a=x", {"a": "x"}), ("a = x , b=y=z", {"a": "x", "b": "y=z"}), ("", {})])
def test_pairs_are_comma_separated(load, value, pairs):
    assert load(CATALYST_ONLY_VARIABLES=value).only_variables == pairs


def test_pair_without_value_is_refused(load):
    with pytest.raises(SettingsError, match=r"CATALYST_ONLY_VARIABLES=a: write name=value"):
        load(CATALYST_ONLY_VARIABLES="a")


@pytest.mark.parametrize(
    "sources",
    [
        (None, {"CATALYST_MODEL_LIMITS": "openai/gpt-oss-120b rpm=60 tpm=16000, * rpd=500"}),
        ("model_limits:\n  openai/gpt-oss-120b: {rpm: 60, tpm: 16000}\n  '*': {rpd: 500}", {}),
    ],
    ids=["environment", "worker.yaml"],
)
def test_model_limits_from_environment_and_worker_yaml(load, sources):
    yaml, environ = sources
    given = {
        model: limits.model_dump(exclude_none=True) for model, limits in load(yaml, **environ).model_limits.items()
    }

    assert given == {"openai/gpt-oss-120b": {"rpm": 60, "tpm": 16_000}, "*": {"rpd": 500}}


def test_invalid_limits_are_refused_with_an_example(find_problems):
    problems = find_problems(
        CATALYST_LIMITS="fre", CATALYST_MODEL_LIMITS="openai/gpt-oss-120b", CATALYST_LIMITS_REDIS_URL="localhost:6379"
    )

    assert problems == [
        "CATALYST_LIMITS=fre: Input should be 'auto', 'off', 'free' or 'developer'",
        "CATALYST_MODEL_LIMITS=openai/gpt-oss-120b: write model rpm=30 tpm=8000, model …",
        "CATALYST_LIMITS_REDIS_URL=localhost:6379: is not a Redis URL such as redis://localhost:6379/0",
    ]


def test_unknown_limit_is_refused(find_problems):
    [problem] = find_problems(CATALYST_MODEL_LIMITS="* rpmm=30")

    assert problem.endswith("=* rpmm=30: unknown limit 'rpmm' of *. Must be one of rpm, rpd, tpm, tpd, otpm")


def test_budgets_are_exact_decimals(load):
    settings = load("budget_per_day: 0.1", CATALYST_BUDGET_PER_INSTANCE="0.000000001")

    assert (settings.budget_per_day, settings.budget_per_instance) == (Decimal("0.1"), Decimal("1e-9"))
    assert settings.budget_per_definition is None


@pytest.mark.parametrize("budget", ["0", "-1", "NaN", "Infinity", "1 USD"])
def test_invalid_budget_is_refused(find_problems, budget):
    [problem] = find_problems(CATALYST_BUDGET_PER_DAY=budget)

    assert problem.startswith(f"CATALYST_BUDGET_PER_DAY={budget}: ")


@pytest.mark.parametrize("keys", ["abc", "a" * 44, ","])
def test_invalid_journal_key_is_refused_without_showing_it(find_problems, keys):
    [problem] = find_problems(CATALYST_JOURNAL_KEY=keys)
    assert problem.startswith("CATALYST_JOURNAL_KEY=***: ")
    assert problem.endswith("(32 bytes in base64). Make a key: openssl rand -base64 32")


def test_empty_journal_key_counts_as_not_set(load):
    assert load("journal_key: ''").journal_key is None
