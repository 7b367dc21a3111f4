"""Credentials, transports, endpoints and the model catalog, built from settings."""

from typing import Any

import pytest
from yarl import URL

from catalyst_groq.camunda.oauth import ClientCredentials
from catalyst_groq.common.transport import Proxy
from catalyst_groq.config import factory
from catalyst_groq.config.settings import Settings
from catalyst_groq.connector.access.providers import default_providers
from catalyst_groq.connector.access.secrets import Secrets
from catalyst_groq.connector.access.urls import GROQ_URL
from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.errors import SettingsError
from catalyst_groq.groq.api.body_reader import StreamTimeouts
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.api.server_kinds import ServerKind
from catalyst_groq.groq.models.catalog import shipped_catalog
from catalyst_groq.groq.routing.endpoints import Endpoint
from support.certificates import Authority

FERNET_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


def test_secret_values_include_every_secret_setting():
    names = ("engine_password", "engine_token", "engine_client_secret")
    proxies = {"engine_proxy": "http://u:engine@proxy:1", "groq_proxy": "http://u:groq@proxy:1"}
    values: dict[str, Any] = {name: f"the {name}" for name in names} | proxies | {"journal_key": FERNET_KEY}
    settings = Settings(**values)

    assert {value for _, value in factory.collect_secret_values(settings)} == {
        *(f"the {name}" for name in names),
        *proxies.values(),
        *("engine", "groq", FERNET_KEY),
    }


def test_secret_values_include_passwords_of_urls(monkeypatch):
    monkeypatch.setenv("https_proxy", "me:of%20the%20environment@proxy:1")
    settings = Settings(
        journal="redis://:of%2Fthe%2Fjournal@host/0", limits_redis_url="rediss://host?password=of%20the%20limits"
    )
    assert set(factory.collect_secret_values(settings)) == {
        ("CATALYST_JOURNAL", "of%2Fthe%2Fjournal"),
        ("CATALYST_JOURNAL", "of/the/journal"),
        ("CATALYST_LIMITS_REDIS_URL", "of the limits"),
        ("the proxy of the environment", "of%20the%20environment"),
        ("the proxy of the environment", "of the environment"),
    }


def test_secret_that_is_too_short_to_be_masked_is_logged(caplog):
    redactor = Redactor()
    factory.mask_secrets(Settings(engine_user="demo", engine_password="demo", engine_token="long-enough"), redactor)
    assert redactor.mask("demo long-enough") == "demo ***"
    assert caplog.messages == [
        "CATALYST_ENGINE_PASSWORD: fewer than 8 characters are not masked in logs and outcomes. Choose a longer secret."
    ]


def test_password_in_a_url_that_is_too_short_is_named_as_such():
    settings = Settings(journal="redis://:short@host/0", groq_proxy="http://me:tiny@proxy:1")
    assert factory.find_short_secrets(settings) == [
        f"{name}: its password has fewer than 8 characters, which are not masked in logs and outcomes"
        for name in ("CATALYST_GROQ_PROXY", "CATALYST_JOURNAL")
    ]


@pytest.mark.anyio
async def test_endpoint_whose_key_is_an_assignment_is_refused(secrets, tmp_path):
    (tmp_path / "from_file").write_text("OWN_KEY=the-key-from-a-file\n")
    with pytest.raises(SettingsError) as caught:
        await factory.make_endpoints(Settings(endpoints=[{"name": "a", "key": "from_file"}]), secrets)
    assert str(caught.value) == (
        "Endpoint a: the key found for 'from_file' is written as NAME=value. Store the value alone, without NAME="
    )


@pytest.mark.parametrize(
    ("settings", "header"),
    [
        ({}, ""),
        ({"engine_user": "me"}, "Basic bWU6"),
        ({"engine_user": "me", "engine_password": "pä:s"}, "Basic bWU6cMOkOnM="),
        ({"engine_token": "abc"}, "Bearer abc"),
        ({"engine_token": "Bearer abc"}, "Bearer abc"),
    ],
)
def test_engine_authorization_from_password_or_token(settings, header):
    assert factory.make_engine_authorization(Settings(**settings)) == header


@pytest.fixture
def secrets(tmp_path):
    (tmp_path / "from_file").write_text("the-key-from-a-file\n")
    return Secrets(
        providers=default_providers({"FROM_ENV": "the-key-from-the-environment"}, tmp_path, tmp_path / "missing"),
        allowed=(),
        allow_variables=False,
    )


@pytest.mark.anyio
async def test_endpoints_are_sorted_by_priority_with_their_keys(secrets):
    entries = [
        {"name": "last", "url": "http://last", "key": "from_file", "priority": 9, "models": {"a": "b"}},
        {"name": "first", "key": "from_env"},
        {"name": "second"},
    ]
    first, second, last = await factory.make_endpoints(Settings(endpoints=entries), secrets)

    assert first == Endpoint("first", Account(GROQ_URL, "the-key-from-the-environment", ServerKind.GROQ))
    assert second == Endpoint("second", Account(GROQ_URL, "", ServerKind.GROQ))
    assert last == Endpoint("last", Account("http://last/openai/v1", "the-key-from-a-file"), {"a": "b"}, 9)
    assert secrets.redactor.mask("the-key-from-a-file") == "***"
    assert "the-key" not in repr((first, last))


@pytest.mark.anyio
async def test_endpoint_without_its_key_is_refused_and_masked(secrets, tmp_path):
    settings = Settings(endpoints=[{"name": "a", "key": "sk-a-key-by-mistake"}], secrets_dir=tmp_path)
    with pytest.raises(
        SettingsError, match=r"Endpoint a: key not found\. Add a secret of that name to the environment,"
    ) as caught:
        await factory.make_endpoints(settings, secrets)
    assert "mistake" not in str(caught.value)


def test_catalog_is_the_shipped_one_with_overrides(tmp_path):
    file = tmp_path / "models.yaml"
    assert factory.load_catalog(Settings()) == shipped_catalog()
    file.write_text("models: [{id: mine, status: preview}]")
    assert factory.load_catalog(Settings(models=file))["mine"].is_available


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"models: [{id: mine, status: new}]", "mine: status: Input should be 'production', 'preview'"),
        (b"a: b: c", "mapping values are not allowed here"),
        (b"\xff", "'utf-8' codec can't decode"),
        (None, "No such file or directory"),
    ],
)
def test_catalog_file_that_is_invalid_is_named(tmp_path, content, message):
    file = tmp_path / "models.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        factory.load_catalog(Settings(models=file))
    assert str(caught.value).startswith(f"CATALYST_MODELS={file}: {message}")


def test_engine_credentials_with_a_token_url():
    assert factory.make_engine_credentials(Settings()) is None
    settings = Settings(
        engine_token_url="https://login/token", engine_client_id="me", engine_client_secret="s3cret", engine_scope="e"
    )

    assert factory.make_engine_credentials(settings) == ClientCredentials("https://login/token", "me", "s3cret", "e")
    assert "s3cret" not in repr(factory.make_engine_credentials(settings))


@pytest.mark.parametrize(
    ("make_transport", "side"), [(factory.make_engine_transport, "engine"), (factory.make_groq_transport, "groq")]
)
def test_transports_of_engine_and_groq_are_independent(tmp_path, make_transport, side):
    other = "groq" if side == "engine" else "engine"
    authority = Authority(tmp_path)
    certificate, key = authority.issue("client")
    own: dict[str, Any] = {
        f"{side}_ca_file": authority.ca,
        f"{side}_certificate": certificate,
        f"{side}_certificate_key": key,
        f"{side}_proxy": "http://proxy:3128",
    }
    transport = make_transport(Settings(**own))

    assert transport.proxy == Proxy(URL("http://proxy:3128"))
    assert [one["subject"] for one in transport.ssl_context.get_ca_certs()] == [((("commonName", "authority"),),)]
    assert make_transport(Settings.model_validate({f"{other}_proxy": "http://proxy:3128"})).proxy is None
    with pytest.raises(SettingsError, match="missing"):
        make_transport(Settings.model_validate({f"{side}_ca_file": tmp_path / "missing"}))


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("settings", "timeouts"),
    [
        ({}, StreamTimeouts(None, 20)),
        ({"stream_first_token_timeout": "PT5S", "stream_idle_timeout": "PT1M"}, StreamTimeouts(5, 60)),
    ],
)
async def test_stream_timeouts_are_settings(settings, timeouts, monkeypatch):
    made = []
    monkeypatch.setattr(factory, "HttpGroqClient", lambda *parts: made.append(parts[3]))
    factory.make_groq_client(Settings(**settings), Redactor())
    assert made == [timeouts]
