"""From the settings: who the worker is to the engine and to Groq, how it reaches them, and what models there are."""

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


def secret_values(settings: Settings) -> Iterator[str]:
    """Yield all that no log may show."""
    for _, value in settings:
        if isinstance(value, SecretStr):
            yield value.get_secret_value()


def engine_authorization(settings: Settings) -> str:
    """Return the Authorization header that a fixed token or a password makes; empty where there is neither."""
    if settings.engine_token:
        return f"Bearer {settings.engine_token.get_secret_value().removeprefix('Bearer ')}"
    if settings.engine_user:
        return basic_authorization(settings.engine_user, _secret_text(settings.engine_password) or "")
    return ""


def engine_credentials(settings: Settings) -> ClientCredentials | None:
    """Return who the worker is to the engine's OAuth2 server, if there is one."""
    if not settings.engine_token_url:
        return None
    return ClientCredentials(
        settings.engine_token_url,
        settings.engine_client_id,
        _secret_text(settings.engine_client_secret) or "",
        settings.engine_scope,
    )


def engine_transport(settings: Settings) -> TransportConfig:
    """Return the way to the engine. Raises `SettingsError`."""
    return make_transport(
        settings.engine_ca_file,
        settings.engine_certificate,
        settings.engine_certificate_key,
        _secret_text(settings.engine_proxy),
    )


def groq_transport(settings: Settings) -> TransportConfig:
    """Return the way to Groq. Raises `SettingsError`."""
    return make_transport(
        settings.groq_ca_file,
        settings.groq_certificate,
        settings.groq_certificate_key,
        _secret_text(settings.groq_proxy),
    )


def models(settings: Settings) -> ModelCatalog | None:
    """Return the models as the operator knows them, where that is said. Raises `SettingsError`."""
    if settings.models is None:
        return None
    try:
        return apply_overrides(shipped_catalog(), settings.models.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, ValueError) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise SettingsError(f"CATALYST_MODELS={settings.models}: {reason}") from error


async def endpoints(settings: Settings, secrets: Secrets) -> tuple[Endpoint, ...]:
    """Return the endpoints in the order in which they are asked, with their keys. Raises `SettingsError`."""
    by_priority = sorted(settings.endpoints, key=lambda entry: entry.priority)
    return tuple([await _endpoint(entry, settings, secrets) for entry in by_priority])


async def _endpoint(entry: EndpointSettings, settings: Settings, secrets: Secrets) -> Endpoint:
    key = await secrets.find(entry.key) if entry.key else None
    if entry.key and not key:
        places = f"the environment, {settings.secrets_dir} or {settings.secrets_file}"
        raise SettingsError(f"The key of the endpoint {entry.name} is not there: no secret of that name in {places}")
    account = Account(entry.url or settings.groq_api_url, key.reveal() if key else "")
    return Endpoint(entry.name, account, entry.models, entry.priority)


def _secret_text(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
