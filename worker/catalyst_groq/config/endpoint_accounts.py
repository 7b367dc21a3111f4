"""The account of an endpoint: its URL, its key and headers with the secrets filled in, and the kind of its server."""

from catalyst_groq.config.endpoint_headers import fill_secrets, find_secret_names
from catalyst_groq.config.endpoints import EndpointSettings
from catalyst_groq.config.settings import Settings
from catalyst_groq.connector.access.secrets import Secrets
from catalyst_groq.errors import FieldError, SettingsError
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.api.server_kinds import ServerKinds


def make_server_kinds(settings: Settings) -> ServerKinds:
    """Return the kinds of the servers: an endpoint without `url` says what is at GROQ_API_URL."""
    entries = [(entry.url or settings.groq_api_url, entry.server) for entry in settings.endpoints]
    return ServerKinds(settings.groq_api_url, {url: server for url, server in entries if server})


async def make_account(entry: EndpointSettings, settings: Settings, secrets: Secrets) -> Account:
    """Return the account of an endpoint. Raises `SettingsError` if a secret is missing or cannot be sent."""
    url = entry.url or settings.groq_api_url
    key = await _find(entry.key, "key", entry.name, settings, secrets) if entry.key else ""
    headers = [
        (
            name,
            fill_secrets(
                text,
                {
                    secret: await _find(secret, f"headers: {name}: secret", entry.name, settings, secrets)
                    for secret in find_secret_names(text)
                },
            ),
        )
        for name, text in entry.headers.items()
    ]
    return Account(
        url,
        key,
        make_server_kinds(settings).of(url),
        tuple(headers),
        tuple(entry.query.items()),
        entry.key_header or "",
    )


async def _find(name: str, place: str, endpoint: str, settings: Settings, secrets: Secrets) -> str:
    """Return a secret. The messages do not show its name: it may be a key by mistake."""
    try:
        secret = await secrets.find(name)
    except FieldError as error:
        problem = str(error).removeprefix(f"{error.field}: ")
        raise SettingsError(f"Endpoint {endpoint}: {problem}") from error
    if secret is None:
        sources = f"the environment, {settings.secrets_dir} or {settings.secrets_file}"
        raise SettingsError(f"Endpoint {endpoint}: {place} not found. Add a secret of that name to {sources}.")
    return secret.reveal()
