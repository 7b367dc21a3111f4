"""Builds credentials, transports, endpoints and the model catalog from the settings."""

from collections.abc import Iterator

import yaml
from pydantic import SecretStr

from catalyst_groq.camunda.oauth import ClientCredentials, basic_authorization
from catalyst_groq.common.transport import TransportConfig, make_transport
from catalyst_groq.config.endpoints import EndpointSettings
from catalyst_groq.config.settings import Settings
from catalyst_groq.connector.access.secrets import Secrets
from catalyst_groq.errors import SettingsError
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.models.catalog import ModelCatalog, apply_overrides, shipped_catalog
from catalyst_groq.groq.routing.endpoints import Endpoint
from catalyst_groq.journal import split_keys


def collect_secret_values(settings: Settings) -> Iterator[str]:
    """Yield the values of all secret settings: the redactor masks them in logs and outcomes."""
    for _, value in settings:
        if isinstance(value, SecretStr):
            yield value.get_secret_value()
    yield from split_keys(_reveal(settings.journal_key) or "")


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
    key = await secrets.find(entry.key) if entry.key else None
    if entry.key and not key:
        # The name is not shown: it may be a key by mistake.
        sources = f"the environment, {settings.secrets_dir} or {settings.secrets_file}"
        raise SettingsError(f"Endpoint {entry.name}: key not found. Add a secret of that name to {sources}.")
    account = Account(entry.url or settings.groq_api_url, key.reveal() if key else "")
    return Endpoint(entry.name, account, entry.models, entry.priority)


def _reveal(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
