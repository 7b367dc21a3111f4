"""Builds credentials, transports, endpoints and the model catalog from the settings."""

import logging
from collections.abc import Iterator

import yaml
from pydantic import SecretStr

from catalyst_groq.camunda.oauth import ClientCredentials, basic_authorization
from catalyst_groq.common.credentials import find_passwords
from catalyst_groq.common.transport import TransportConfig, find_environment_passwords, make_transport
from catalyst_groq.config.endpoints import EndpointSettings
from catalyst_groq.config.settings import Settings
from catalyst_groq.config.validation import SettingsDiagnostics
from catalyst_groq.connector.access.secrets import Secrets
from catalyst_groq.domain.redaction import MIN_KEY_CHARS, Redactor
from catalyst_groq.errors import FieldError, SettingsError
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.models.catalog import ModelCatalog, apply_overrides, shipped_catalog
from catalyst_groq.groq.routing.endpoints import Endpoint
from catalyst_groq.journal import split_keys

log = logging.getLogger(__name__)


def collect_secret_values(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield the variable's name and the value of each secret: the redactor masks these in logs and outcomes.

    A URL's secrets are its password as it is written there and decoded.
    """
    names = SettingsDiagnostics(Settings.model_fields)
    for field, value in settings:
        secret = value.get_secret_value() if isinstance(value, SecretStr) else value
        if isinstance(secret, str) and "://" in secret:
            yield from ((names.variable_name(field), password) for password in find_passwords(secret))
        if isinstance(value, SecretStr):
            yield names.variable_name(field), value.get_secret_value()
    yield from (("CATALYST_JOURNAL_KEY", key) for key in split_keys(_reveal(settings.journal_key) or ""))
    yield from (("the proxy of the environment", password) for password in find_environment_passwords())


def mask_secrets(settings: Settings, redactor: Redactor) -> None:
    """Let the redactor mask all secrets of the settings. Logs which are too short for that."""
    short = {name for name, value in collect_secret_values(settings) if value and not redactor.add(value)}
    for name in sorted(short):
        log.warning(
            "%s: fewer than %d characters are not masked in logs and outcomes. Choose a longer secret.",
            name,
            MIN_KEY_CHARS,
        )


def make_engine_authorization(settings: Settings) -> str:
    """Return the Authorization header for the engine (bearer token or Basic); empty if neither is set."""
    if settings.engine_token:
        return f"Bearer {settings.engine_token.get_secret_value().removeprefix('Bearer ')}"
    if settings.engine_user:
        return basic_authorization(settings.engine_user, _reveal(settings.engine_password) or "")
    return ""


def make_engine_credentials(settings: Settings) -> ClientCredentials | None:
    """Return the OAuth2 client credentials for the engine; None without `engine_token_url`."""
    if not settings.engine_token_url:
        return None
    return ClientCredentials(
        settings.engine_token_url,
        settings.engine_client_id,
        _reveal(settings.engine_client_secret) or "",
        settings.engine_scope,
    )


def make_engine_transport(settings: Settings) -> TransportConfig:
    """Return TLS context and proxy for the engine. Raises `SettingsError` if a certificate file cannot be used."""
    return make_transport(
        settings.engine_ca_file,
        settings.engine_certificate,
        settings.engine_certificate_key,
        _reveal(settings.engine_proxy),
    )


def make_groq_transport(settings: Settings) -> TransportConfig:
    """Return TLS context and proxy for Groq. Raises `SettingsError` if a certificate file cannot be used."""
    return make_transport(
        settings.groq_ca_file, settings.groq_certificate, settings.groq_certificate_key, _reveal(settings.groq_proxy)
    )


def load_catalog(settings: Settings) -> ModelCatalog:
    """Return the shipped model catalog with the overrides of `CATALYST_MODELS`. Raises `SettingsError`."""
    if settings.models is None:
        return shipped_catalog()
    try:
        return apply_overrides(shipped_catalog(), settings.models.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, ValueError) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise SettingsError(f"CATALYST_MODELS={settings.models}: {reason}") from error


async def make_endpoints(settings: Settings, secrets: Secrets) -> tuple[Endpoint, ...]:
    """Return the endpoints by priority, with their keys resolved. Raises `SettingsError` if a key is missing."""
    by_priority = sorted(settings.endpoints, key=lambda entry: entry.priority)
    return tuple([await _make_endpoint(entry, settings, secrets) for entry in by_priority])


async def _make_endpoint(entry: EndpointSettings, settings: Settings, secrets: Secrets) -> Endpoint:
    try:
        key = await secrets.find(entry.key) if entry.key else None
    except FieldError as error:
        problem = str(error).removeprefix(f"{error.field}: ")
        raise SettingsError(f"Endpoint {entry.name}: {problem}") from error
    if entry.key and not key:
        # The name is not shown: it may be a key by mistake.
        sources = f"the environment, {settings.secrets_dir} or {settings.secrets_file}"
        raise SettingsError(f"Endpoint {entry.name}: key not found. Add a secret of that name to {sources}.")
    account = Account(entry.url or settings.groq_api_url, key.reveal() if key else "")
    return Endpoint(entry.name, account, entry.models, entry.priority)


def _reveal(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
