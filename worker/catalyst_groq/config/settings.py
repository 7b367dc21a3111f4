"""The operator's side: settings from the environment, `.env` and `worker.yaml`, checked all at once."""

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import yaml
from dotenv import dotenv_values
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from catalyst_groq.config.endpoints import Endpoints
from catalyst_groq.config.types import (
    BaseUrls,
    Dollars,
    Duration,
    EngineUrl,
    LimitsByModel,
    LimitsPlan,
    Names,
    Pairs,
    Proxy,
    RedisUrl,
    TokenUrl,
    between,
)
from catalyst_groq.config.validation import PREFIX, SettingsDiagnostics
from catalyst_groq.connector.access.urls import GROQ_URL, base_url
from catalyst_groq.errors import SettingsError


def environment(env_file: Path) -> Mapping[str, str]:
    """Return the environment with `.env` below it: where `env` secrets are looked up."""
    written = {name: value for name, value in dotenv_values(env_file).items() if value is not None}
    return {**written, **os.environ}


class Settings(BaseSettings):
    """One worker's settings; durations are ISO 8601, as in Camunda.

    In the environment and in `.env` a setting has the prefix CATALYST_, in `worker.yaml` it is written as here.
    The environment wins over `.env`, and `.env` over `worker.yaml`.
    """

    # Misspelt names are found by `load`: `.env` also holds what is none of our settings, such as keys.
    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", populate_by_name=True)
    written: ClassVar[Mapping[str, Any]] = {}
    """What stands in `worker.yaml`."""

    engine_url: EngineUrl = Field("http://localhost:8080/engine-rest", description="REST API of the engine")
    engine_user: str = Field("", description="User of the engine's REST API (Basic authentication)")
    engine_password: SecretStr | None = Field(default=None, description="Its password")
    engine_token: SecretStr | None = Field(default=None, description="Bearer token for the engine's REST API instead")
    engine_token_url: TokenUrl | None = Field(
        default=None, description="OAuth2 server that gives such tokens (client credentials)"
    )
    engine_client_id: str = Field("", description="OAuth2 client")
    engine_client_secret: SecretStr | None = Field(default=None, description="Its secret")
    engine_scope: str = Field("", description="OAuth2 scope to ask for")
    engine_ca_file: Path | None = Field(
        default=None, description="PEM file of the authorities to trust for the engine, instead of the system's"
    )
    engine_certificate: Path | None = Field(default=None, description="PEM file of the client certificate to show it")
    engine_certificate_key: Path | None = Field(default=None, description="PEM file of its key, if that is apart")
    engine_proxy: Proxy = Field(default=None, description="Proxy towards the engine")
    groq_ca_file: Path | None = Field(
        default=None, description="PEM file of the authorities to trust for Groq, instead of the system's"
    )
    groq_certificate: Path | None = Field(default=None, description="PEM file of the client certificate to show it")
    groq_certificate_key: Path | None = Field(default=None, description="PEM file of its key, if that is apart")
    groq_proxy: Proxy = Field(default=None, description="Proxy towards Groq")
    topic: Annotated[Names, Field(min_length=1)] = Field(
        ("catalyst-groq",), description="Topics to fetch; the element template writes this one"
    )
    only_tenants: Names = Field((), description="Fetch tasks of these tenants only")
    only_process_definitions: Names = Field((), description="Fetch tasks of these process definition keys only")
    only_business_key: str = Field("", description="Fetch tasks of instances with this business key only")
    only_variables: Pairs = Field(
        {}, description="Fetch tasks of instances with these String variables only (name=value,…)"
    )
    worker_id: str = Field(
        "", description="Stable across restarts, unique per replica; made of the host's name when not set"
    )
    concurrency: int = Field(50, ge=1, le=2000, description="Tasks in hand at once")
    lock_duration: Annotated[Duration, between(timedelta(seconds=3), timedelta(hours=1))] = Field(
        timedelta(minutes=1), description="Lock on a task in hand, renewed at a third of it"
    )
    async_response_timeout: Annotated[Duration, between(timedelta(0), timedelta(seconds=20))] = Field(
        timedelta(seconds=5), description="How long the engine may hold an empty poll; a stop waits for it"
    )
    shutdown_timeout: Duration = Field(timedelta(seconds=30), description="How long a stop waits for the tasks in hand")
    secrets_dir: Path = Field(Path("/run/secrets"), description="Folder of secret files (Secret Source 'file')")
    secrets_file: Path = Field(
        Path("catalyst-secrets.properties"), description="Properties file (Secret Source 'properties')"
    )
    allow_variable_secrets: bool = Field(
        default=True, description="Whether a key may be in a process (Secret Source 'variable')"
    )
    allowed_secrets: Names = Field(("groq*",), description="Patterns of the secret names a task may use, without case")
    allowed_urls: BaseUrls = Field(
        (), description="Base URLs a task may send a key to, besides Groq's and GROQ_API_URL"
    )
    string_limit: int = Field(4000, ge=1, description="Longest text kept as a String variable (2000 on Oracle)")
    throw_uncaught_errors: bool = Field(
        default=False, description="Throw BPMN errors even if nothing catches them (the engine then ends the instance)"
    )
    stream: bool = Field(
        default=False, description="Ask Groq for streams, so that a stalled answer is noticed after 20 seconds"
    )
    mask_contents: bool = Field(
        default=False, description="Tell in error details only the length of what was asked and answered"
    )
    endpoints: Endpoints = Field(
        (), description="Where models are asked, in `worker.yaml`: see [Endpoints](#endpoints); Groq alone when not set"
    )
    routing_strategy: Literal["priority", "least-latency"] = Field(
        "priority", description="Which endpoint is asked first; `least-latency`: of equal priority the fastest"
    )
    circuit_threshold: int = Field(
        5, ge=1, description="Passing faults in a row after which a model of an account is left alone"
    )
    circuit_reset_timeout: Annotated[Duration, between(timedelta(seconds=1), timedelta(hours=1))] = Field(
        timedelta(seconds=30), description="How long it is left alone, until one request is let through"
    )
    models: Path | None = Field(
        default=None, description="YAML file of models that replace or add to those that the worker knows"
    )
    limits: LimitsPlan = Field(
        "auto", description="Groq's limits to keep: those of the plan free or developer, auto (what Groq tells), or off"
    )
    model_limits: LimitsByModel = Field(
        {}, description="Limits to keep instead, by model (* is every): openai/gpt-oss-120b rpm=30 tpm=8000, …"
    )
    limits_redis_url: RedisUrl = Field("", description="redis://…: workers with the same keys keep the limits together")
    journal: str = Field("", description="Keeps answers until the engine has them: an SQLite file, redis://… or off")
    journal_required: bool = Field(default=False, description="Do no work while the journal is broken")
    journal_key: SecretStr | None = Field(default=None, description="Fernet key that encrypts what is kept")
    journal_max_age: Duration = Field(timedelta(days=7), description="How long unacknowledged answers are kept")
    journal_max_bytes: int = Field(256_000_000, ge=1_000_000, description="Most bytes of answers in an SQLite journal")
    budget_per_instance: Dollars | None = Field(
        default=None, description="USD that a process instance may spend; more is the BPMN error BUDGET_EXCEEDED"
    )
    budget_per_definition: Dollars | None = Field(
        default=None, description="USD that the instances of a process definition (by its key) may spend in a day (UTC)"
    )
    budget_per_day: Dollars | None = Field(default=None, description="USD that all may spend together in a day (UTC)")
    http_port: int | None = Field(
        default=None, ge=0, le=65535, description="Port of health probes and metrics (0: a free one); off when not set"
    )
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(str.upper)] = Field(
        "INFO", description="Least level that is logged"
    )
    groq_api_url: Annotated[str, AfterValidator(base_url)] = Field(
        GROQ_URL, validation_alias="GROQ_API_URL", description="Where Groq's API is"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Rank the sources."""
        del file_secret_settings
        return init_settings, env_settings, dotenv_settings, InitSettingsSource(settings_cls, dict(cls.written))

    @classmethod
    def load(cls, config: Path = Path("worker.yaml"), env_file: Path = Path(".env")) -> "Settings":
        """Read and check all settings. Raises one `SettingsError` that lists everything that is wrong."""
        known = SettingsDiagnostics(cls.model_fields)
        wrong = known.unknown_variables(environment(env_file))
        in_file: dict[str, Any] = {}
        try:
            in_file = _read_yaml(config)
        except SettingsError as error:
            wrong.append(f"{config} {error}")
        wrong += known.unknown_names(in_file, config.name)

        class Sourced(cls):  # type: ignore[valid-type, misc]  # binds the file to this one reading
            written = in_file

        try:
            settings: Settings = Sourced(_env_file=env_file)
        except ValidationError as error:
            wrong += [known.wrong_value(entry) for entry in error.errors(include_url=False)]
        else:
            wrong += known.incomplete(settings)
        if wrong:
            raise SettingsError("\n".join(["These settings are not right:", *(f"  {line}" for line in wrong)]))
        return settings


def _read_yaml(config: Path) -> dict[str, Any]:
    """Read `worker.yaml`; where there is none, nothing is set in it. Raises `SettingsError`."""
    try:
        with config.open(encoding="utf-8") as file:
            found = yaml.safe_load(file)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot be read: {getattr(error, 'strerror', None) or 'not a text file'}") from error
    except yaml.YAMLError as error:
        raise SettingsError(f"is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(found, dict | None):
        raise SettingsError("holds no settings; write lines such as topic: catalyst-groq")
    return {str(name): value for name, value in (found or {}).items()}
