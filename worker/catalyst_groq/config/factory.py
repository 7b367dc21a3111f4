"""Builds the parts of a worker that depend on settings only: clients, journal, secrets, endpoints, catalog, limits."""

import logging
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

import yaml
from platformdirs import user_state_path
from pydantic import SecretStr

from catalyst_groq.camunda.client import EngineClient
from catalyst_groq.camunda.oauth import ClientCredentials, basic_authorization
from catalyst_groq.camunda.rest_client import Authorization, RestClient
from catalyst_groq.common.credentials import find_passwords
from catalyst_groq.common.optional_dependencies import require_extra
from catalyst_groq.common.transport import TransportConfig, find_environment_passwords, make_transport
from catalyst_groq.config.endpoint_accounts import make_account
from catalyst_groq.config.settings import GROQ_API_KEY, Settings
from catalyst_groq.config.validation import SettingsDiagnostics
from catalyst_groq.connector.access.providers import SecretProvider, default_providers
from catalyst_groq.connector.access.secrets import Secrets
from catalyst_groq.connector.budgets import BudgetLimits
from catalyst_groq.domain.redaction import MIN_KEY_CHARS, Redactor, is_maskable
from catalyst_groq.domain.variables import Encoder
from catalyst_groq.errors import SettingsError
from catalyst_groq.groq.api.body_reader import StreamTimeouts
from catalyst_groq.groq.api.client import HttpGroqClient
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.api.unresponsive_endpoints import ResponseMonitor
from catalyst_groq.groq.models.catalog import ModelCatalog, apply_overrides, shipped_catalog
from catalyst_groq.groq.rate_limits.limit_state import LimitConfig
from catalyst_groq.groq.rate_limits.queue import InMemoryBackend, LimiterBackend
from catalyst_groq.groq.routing.circuit_breaker import CircuitBreakers
from catalyst_groq.groq.routing.endpoints import Endpoint
from catalyst_groq.groq.routing.failover import RoutingState
from catalyst_groq.groq.routing.latency import LatencyTracker
from catalyst_groq.groq.routing.paused_accounts import PausedAccounts
from catalyst_groq.groq.routing.retired_models import RetiredModels
from catalyst_groq.groq.routing.waiting_places import WaitingPlaces
from catalyst_groq.journal import Cipher, Journal, Ledger, make_cipher, open_administration, open_journal, split_keys
from catalyst_groq.journal.administration import JournalAdministration
from catalyst_groq.journal.factory import REDIS_SCHEMES

log = logging.getLogger(__name__)


def collect_secret_values(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield the variable's name and the value of each secret: the redactor masks these in logs and outcomes."""
    yield from _collect_url_passwords(settings)
    yield from _collect_keys(settings)


def find_short_secrets(settings: Settings) -> list[str]:
    """Return what is wrong with secrets that are too short to be masked, without a remedy."""
    found = {
        f"{name}: its password has fewer than {MIN_KEY_CHARS} characters, which are not masked in logs and outcomes"
        for name, password in _collect_url_passwords(settings)
        if password and not is_maskable(password)
    } | {
        f"{name}: fewer than {MIN_KEY_CHARS} characters are not masked in logs and outcomes"
        for name, key in _collect_keys(settings)
        if key and not is_maskable(key)
    }
    return sorted(found)


def mask_secrets(settings: Settings, redactor: Redactor) -> None:
    """Let the redactor mask all secrets of the settings. Logs which are too short for that."""
    for _, value in collect_secret_values(settings):
        redactor.add(value)
    for text in find_short_secrets(settings):
        log.warning("%s. Choose a longer secret.", text)


def make_redactor(settings: Settings, environ: Mapping[str, str]) -> Redactor:
    """Return the redactor of a command: it masks the secrets of the settings, and GROQ_API_KEY."""
    redactor = Redactor(value for _, value in collect_secret_values(settings))
    redactor.add(environ.get(GROQ_API_KEY, "").strip())
    return redactor


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
    return tuple(
        [
            Endpoint(entry.name, await make_account(entry, settings, secrets), entry.models, entry.priority)
            for entry in by_priority
        ]
    )


def make_engine_client(
    settings: Settings, worker_id: str, url: str = "", authorization: Authorization = ""
) -> EngineClient:
    """Return the client of the engine. `url` and `authorization` replace those of the settings."""
    return EngineClient(
        url or settings.engine_url,
        worker_id,
        lock_duration=settings.lock_duration,
        async_response_timeout=settings.async_response_timeout,
        encoder=Encoder(settings.string_limit),
        authorization=authorization or make_engine_authorization(settings),
        task_filter=_task_filter(settings),
        transport=make_engine_transport(settings),
        credentials=None if authorization else make_engine_credentials(settings),
    )


def make_rest_client(settings: Settings) -> RestClient:
    """Return a client of the engine's REST API for commands, which are no workers."""
    return RestClient(
        settings.engine_url.rstrip("/"),
        make_engine_authorization(settings),
        make_engine_transport(settings),
        make_engine_credentials(settings),
    )


def make_groq_client(settings: Settings, redactor: Redactor, monitor: ResponseMonitor | None = None) -> HttpGroqClient:
    """Return the HTTP client of Groq; `monitor` sees its requests."""
    first_token = settings.stream_first_token_timeout
    timeouts = StreamTimeouts(
        first_token.total_seconds() if first_token else None, settings.stream_idle_timeout.total_seconds()
    )
    return HttpGroqClient(make_groq_transport(settings), redactor, settings.max_response_bytes, timeouts, monitor)


def journal_location(settings: Settings) -> str:
    """Return where the journal is: a file's path, `redis://…`, or `off`."""
    return settings.journal or str(user_state_path("catalyst-groq") / "journal.sqlite")


def is_journal_in_redis(settings: Settings) -> bool:
    """Whether the journal is at a server."""
    return journal_location(settings).startswith(REDIS_SCHEMES)


def make_journal(settings: Settings) -> tuple[Journal, Ledger]:
    """Return the journal and the ledger."""
    return open_journal(
        journal_location(settings),
        cipher=make_journal_cipher(settings),
        max_age=settings.journal_max_age,
        max_bytes=settings.journal_max_bytes,
        required=settings.journal_required,
    )


def make_journal_administration(settings: Settings) -> JournalAdministration:
    """Return the administration of the journal and the ledger. Raises `JournalError` if there is none."""
    return open_administration(journal_location(settings), max_age=settings.journal_max_age)


def make_journal_cipher(settings: Settings) -> Cipher:
    """Return what encrypts and decrypts the journal's entries. Raises `SettingsError`."""
    return make_cipher(_reveal(settings.journal_key))


def make_secrets(
    settings: Settings,
    environ: Mapping[str, str],
    redactor: Redactor,
    further_providers: Mapping[str, SecretProvider] | None = None,
) -> Secrets:
    """Return the secrets; `further_providers` are those of the caller, by source."""
    built_in = default_providers(environ, settings.secrets_dir, settings.secrets_file)
    return Secrets(
        providers={**built_in, **(further_providers or {})},
        allowed=settings.allowed_secrets,
        allow_variables=settings.allow_variable_secrets,
        redactor=redactor,
    )


def make_budget_limits(settings: Settings) -> BudgetLimits:
    """Return the operator's budgets."""
    return BudgetLimits(
        per_instance=settings.budget_per_instance,
        per_definition=settings.budget_per_definition,
        per_day=settings.budget_per_day,
    )


def make_routing_state(settings: Settings, catalog: ModelCatalog, endpoints: Sequence[Endpoint]) -> RoutingState:
    """Return what all calls learn about routes, with nothing learned yet."""
    reset_timeout = settings.circuit_reset_timeout.total_seconds()
    tasks_account = Account(settings.groq_api_url, "")
    with_own_key = [endpoint for endpoint in endpoints if not endpoint.needs_key_of(tasks_account)]
    return RoutingState(
        RetiredModels(catalog),
        CircuitBreakers(settings.circuit_threshold, reset_timeout),
        LatencyTracker() if settings.routing_strategy == "least-latency" else None,
        PausedAccounts(reset_timeout, with_own_key),
        WaitingPlaces(settings.concurrency),
    )


def make_limit_config(settings: Settings, catalog: ModelCatalog) -> LimitConfig:
    """Return the rate limits that are known before Groq reports any."""
    plan = None if settings.limits == "auto" or settings.limits == "off" else settings.limits  # noqa: PLR1714 -- narrows the type
    if settings.limits == "off":
        return LimitConfig(catalog, is_enforced=False)
    return LimitConfig(catalog, plan, settings.model_limits)


@asynccontextmanager
async def open_limiter_backend(settings: Settings) -> AsyncIterator[LimiterBackend]:
    """Return where the rate limiter keeps its queues."""
    if settings.limits == "off" or not settings.limits_redis_url:
        yield InMemoryBackend()
        return
    with require_extra("redis", "CATALYST_LIMITS_REDIS_URL"):
        from catalyst_groq.groq.rate_limits.redis_backend import FallbackBackend, RedisBackend  # noqa: PLC0415 -- an extra

    async with aclosing(FallbackBackend(RedisBackend(settings.limits_redis_url), InMemoryBackend())) as backend:
        yield backend


def _collect_url_passwords(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield the passwords in URLs, as they are written there and decoded."""
    names = SettingsDiagnostics(Settings.model_fields)
    for field, value in settings:
        url = value.get_secret_value() if isinstance(value, SecretStr) else value
        if isinstance(url, str) and "://" in url:
            yield from ((names.variable_name(field), password) for password in find_passwords(url))
    yield from (("the proxy of the environment", password) for password in find_environment_passwords())


def _collect_keys(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield the settings that are secret as a whole, and each key of a list."""
    names = SettingsDiagnostics(Settings.model_fields)
    for field, value in settings:
        if isinstance(value, SecretStr):
            yield names.variable_name(field), value.get_secret_value()
    yield from (("CATALYST_JOURNAL_KEY", key) for key in split_keys(_reveal(settings.journal_key) or ""))


def _reveal(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None


def _task_filter(settings: Settings) -> dict[str, Any]:
    """Return which tasks to fetch, as the REST API has it; what is not set does not matter."""
    task_filter = {
        "tenantIdIn": list(settings.only_tenants),
        "processDefinitionKeyIn": list(settings.only_process_definitions),
        "businessKey": settings.only_business_key,
        "processVariables": settings.only_variables,
    }
    return {name: value for name, value in task_filter.items() if value}
