"""What a worker logs when it starts, and the settings that have no effect."""

import pytest

from catalyst_groq.config.settings import Settings
from catalyst_groq.config.startup_report import (
    describe_settings,
    find_ineffective_settings,
    find_key_problems,
    locate_key,
)
from catalyst_groq.connector.access.secrets import FoundKeys
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.routing.endpoints import Endpoint

FERNET_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
BACKUP = Endpoint("backup", Account("https://user:secret@backup.test/v1", "key"))


IN_ENV = FoundKeys(("env (GROQ_API_KEY)",))


def describe(settings, endpoints=(), key_places=IN_ENV):
    return list(describe_settings(settings, settings.journal or "/state/journal.sqlite", endpoints, key_places))


def test_report_names_what_the_worker_uses():
    assert describe(Settings()) == [
        "Groq at https://api.groq.com/openai/v1; key groq_api_key: in the secret source env (GROQ_API_KEY)",
        "Journal: /state/journal.sqlite, not encrypted",
        "Rate limits: as Groq reports them; budgets: none",
        "Up to 50 tasks at once; health probes and metrics: off",
    ]


def test_report_names_what_an_operator_has_set():
    settings = Settings(
        journal="redis://user:secret@redis.test/0",
        journal_required=True,
        limits="free",
        limits_redis_url="redis://redis.test/1",
        budget_per_day=5,
        http_port=8081,
        concurrency=7,
    )
    text = "\n".join(describe(settings, [BACKUP], FoundKeys()))
    assert "Endpoints: backup (https://***@backup.test/v1)" in text
    assert "key groq_api_key: not found" in text
    assert "redis.test/0 (required)" in text
    assert "Rate limits: of the free plan, shared in Redis; budgets: 5 USD per day" in text
    assert "Up to 7 tasks at once; health probes and metrics: 127.0.0.1:8081" in text
    assert "secret@" not in text


@pytest.mark.parametrize(
    ("values", "warning"),
    [
        ({"engine_user": "ada"}, "CATALYST_ENGINE_USER has no CATALYST_ENGINE_PASSWORD"),
        ({"engine_user": "ada", "engine_password": "x", "engine_token": "t"}, "CATALYST_ENGINE_TOKEN is used"),
        ({"limits": "off", "limits_redis_url": "redis://r.test"}, "CATALYST_LIMITS is off"),
        ({"journal": "off", "budget_per_day": 1}, "what was spent of the budgets is forgotten"),
        ({"journal": "off", "journal_required": True}, "CATALYST_JOURNAL_REQUIRED"),
    ],
)
def test_setting_without_effect_is_a_warning(values, warning):
    (text,) = find_ineffective_settings(Settings(**values))
    assert warning in text


def test_missing_key_is_a_warning_that_names_where_it_was_looked_for():
    (text,) = find_key_problems(FoundKeys(), Settings(), ())
    assert "GROQ_API_KEY" in text
    assert "/run/secrets/groq_api_key" in text
    assert "catalyst-secrets.properties" in text
    assert not list(find_key_problems(FoundKeys(), Settings(), [BACKUP]))


@pytest.mark.parametrize(
    ("journal", "key", "line"),
    [("redis://r", FERNET_KEY, "Journal: redis://r, encrypted"), ("off", None, "Journal: off")],
)
def test_report_says_whether_the_journal_is_encrypted(journal, key, line):
    assert line in describe_settings(Settings(journal=journal, journal_key=key), journal, (), FoundKeys())


SECRET_SETTINGS = Settings(secrets_dir="/run/keys", secrets_file="keys.properties")


@pytest.mark.parametrize(
    ("environ", "variable"), [({}, "GROQ_API_KEY"), ({"GROQ_API_KEY_FILE": "/x"}, "file of GROQ_API_KEY_FILE")]
)
def test_report_names_the_source_that_is_used_first(environ, variable):
    places = locate_key(FoundKeys(("env", "file", "properties", "vault")), SECRET_SETTINGS, environ)

    assert describe(SECRET_SETTINGS, (), places)[0].endswith(
        f"key groq_api_key: in the secret source env ({variable}), also in file (/run/keys/groq_api_key), "
        "properties (keys.properties), vault"
    )
    assert list(find_key_problems(places, SECRET_SETTINGS, ())) == []


def test_keys_that_differ_are_a_warning_that_names_which_is_used():
    places = locate_key(FoundKeys(("env", "file"), differ=True), SECRET_SETTINGS, {})
    (text,) = find_key_problems(places, SECRET_SETTINGS, ())

    assert text == (
        "The key groq_api_key is not the same in the secret sources env (GROQ_API_KEY) and "
        "file (/run/keys/groq_api_key): a task uses the one that its Secret Source names, an endpoint that of "
        "env (GROQ_API_KEY)"
    )
