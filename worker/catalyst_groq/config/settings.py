"""The operator's settings, read from the environment, `.env` and `worker.yaml`, and validated all at once."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from catalyst_groq.config.endpoints import Endpoints
from catalyst_groq.config.sources import GROQ_API_KEY, environment, read_settings
from catalyst_groq.config.types import (
    BaseUrls,
    DebugParts,
    DocsUrl,
    Dollars,
    Duration,
    EngineUrl,
    Journal,
    JournalKeys,
    LimitsByModel,
    LimitsPlan,
    LogFormat,
    LogLevel,
    Names,
    Pairs,
    Printable,
    Proxy,
    RedisUrl,
    StreamTimeout,
    TokenUrl,
    between,
    check_host,
)
from catalyst_groq.config.validation import PREFIX, SettingsDiagnostics
from catalyst_groq.connector.access.urls import GROQ_URL, base_url
from catalyst_groq.groq.api.body_reader import STREAM_IDLE_TIMEOUT_SECONDS
from catalyst_groq.groq.api.client import MAX_RESPONSE_BYTES

__all__ = ["GROQ_API_KEY", "Settings", "environment"]


class Settings(BaseSettings):
    """Settings of one worker; durations are ISO 8601, as in Camunda.

    In the environment and in `.env` a name has the prefix CATALYST_; in `worker.yaml` it is written as here.
    The environment overrides `.env`, and `.env` overrides `worker.yaml`.
    """

    # `extra` is ignored because `.env` also holds other names, such as keys; `load` finds misspelt ones.
    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True
    )

    engine_url: EngineUrl = Field("http://localhost:8080/engine-rest", description="REST API of the engine")
    engine_user: str = Field("", description="User of the engine's REST API (Basic authentication)")
    engine_password: SecretStr | None = Field(default=None, description="Password of that user")
    engine_token: SecretStr | None = Field(
        default=None, description="Bearer token for the engine's REST API, instead of user and password"
    )
    engine_token_url: TokenUrl | None = Field(
        default=None, description="OAuth2 token endpoint (client credentials), instead of a fixed token"
    )
    engine_client_id: str = Field("", description="OAuth2 client id")
    engine_client_secret: SecretStr | None = Field(default=None, description="OAuth2 client secret")
    engine_scope: str = Field("", description="OAuth2 scope to request")
    engine_ca_file: Path | None = Field(
        default=None, description="PEM file of the authorities to trust for the engine; the system's when not set"
    )
    engine_certificate: Path | None = Field(
        default=None, description="PEM file of the worker's client certificate for the engine"
    )
    engine_certificate_key: Path | None = Field(
        default=None, description="PEM file of its private key, if it is in another file"
    )
    engine_proxy: Proxy = Field(default=None, description="Proxy for requests to the engine")
    groq_ca_file: Path | None = Field(
        default=None, description="PEM file of the authorities to trust for Groq; the system's when not set"
    )
    groq_certificate: Path | None = Field(
        default=None, description="PEM file of the worker's client certificate for Groq"
    )
    groq_certificate_key: Path | None = Field(
        default=None, description="PEM file of its private key, if it is in another file"
    )
    groq_proxy: Proxy = Field(default=None, description="Proxy for requests to Groq")
    topic: Annotated[Names, Field(min_length=1)] = Field(
        ("catalyst-groq",), description="Topics to fetch; the element templates write this one"
    )
    only_tenants: Names = Field((), description="Fetch only tasks of these tenants")
    only_process_definitions: Names = Field((), description="Fetch only tasks of these process definition keys")
    only_business_key: str = Field("", description="Fetch only tasks of instances with this business key")
    only_variables: Pairs = Field(
        {}, description="Fetch only tasks of instances with these String variables (name=value,…)"
    )
    worker_id: Printable = Field(
        "", description="Stable across restarts, unique per replica; derived from the host name when not set"
    )
    concurrency: int = Field(50, ge=1, le=2000, description="Maximum number of active tasks")
    lock_duration: Annotated[Duration, between(timedelta(seconds=3), timedelta(hours=1))] = Field(
        timedelta(minutes=1), description="Lock duration of active tasks; a lock is renewed after a third of it"
    )
    async_response_timeout: Annotated[Duration, between(timedelta(0), timedelta(seconds=20))] = Field(
        timedelta(seconds=5), description="How long the engine may hold a poll that finds no task; a stop waits for it"
    )
    shutdown_timeout: Duration = Field(timedelta(seconds=30), description="How long a stop waits for active tasks")
    secrets_dir: Path = Field(Path("/run/secrets"), description="Folder of secret files (Secret Source 'file')")
    secrets_file: Path = Field(
        Path("catalyst-secrets.properties"), description="Properties file (Secret Source 'properties')"
    )
    allow_variable_secrets: bool = Field(
        default=True, description="Whether a process may hold a key (Secret Source 'variable')"
    )
    allowed_secrets: Names = Field(
        ("groq*",), description="Patterns of the secret names that a task may use, case-insensitive"
    )
    allowed_urls: BaseUrls = Field(
        (), description="Base URLs that a task may send a key to, besides Groq's and GROQ_API_URL"
    )
    string_limit: int = Field(
        4000, ge=1, description="Longest text that is stored as a String variable (2000 on Oracle)"
    )
    throw_uncaught_errors: bool = Field(
        default=False, description="Throw BPMN errors even if nothing catches them (the engine then ends the instance)"
    )
    stream: bool = Field(
        default=False, description="Request streamed responses, also where the Request Payload does not"
    )
    stream_first_token_timeout: StreamTimeout | None = Field(
        default=None,
        description="How long a stream may take from the request to its first token, within the task's timeout; as "
        "long as that when not set",
    )
    stream_idle_timeout: StreamTimeout = Field(
        timedelta(seconds=STREAM_IDLE_TIMEOUT_SECONDS),
        description="How long a stream may send nothing after its first token, within the task's timeout",
    )
    max_response_bytes: int = Field(
        MAX_RESPONSE_BYTES, ge=1_000_000, description="Maximum size of a response of Groq, decompressed (bytes)"
    )
    mask_contents: bool = Field(
        default=False, description="Show only the length of prompts and answers in error details"
    )
    docs_url: DocsUrl = Field(
        "", description="Base URL of the documentation, to which incidents then link; no links when not set"
    )
    endpoints: Endpoints = Field(
        (), description="Servers that requests may be sent to, in `worker.yaml`; only Groq when not set"
    )
    routing_strategy: Literal["priority", "least-latency"] = Field(
        "priority", description="Order of the endpoints; `least-latency`: the fastest first among equal priorities"
    )
    circuit_threshold: int = Field(
        5, ge=1, description="Consecutive failures after which the circuit breaker of a model and account opens"
    )
    circuit_reset_timeout: Annotated[Duration, between(timedelta(seconds=1), timedelta(hours=1))] = Field(
        timedelta(seconds=30), description="How long a circuit breaker stays open before one request may try again"
    )
    models: Path | None = Field(
        default=None, description="YAML file of models that replace or extend the worker's model catalog"
    )
    limits: LimitsPlan = Field(
        "auto", description="Rate limits: those of the plan free or developer, auto (as Groq reports them), or off"
    )
    model_limits: LimitsByModel = Field(
        {}, description="Rate limits by model, instead (* is every model): openai/gpt-oss-120b rpm=30 tpm=8000, …"
    )
    limits_redis_url: RedisUrl = Field("", description="redis://…: workers with the same keys share the rate limits")
    journal: Journal = Field(
        "",
        description="Where responses are stored until the engine has them: an SQLite file, redis://… or off; if blank, "
        "journal.sqlite in the user's state folder (Linux: ~/.local/state/catalyst-groq)",
    )
    journal_required: bool = Field(default=False, description="Process no task while the journal is unavailable")
    journal_key: JournalKeys = Field(
        default=None,
        description="Fernet keys (`openssl rand -base64 32` makes one), separated by commas: the first encrypts the "
        "stored responses, all decrypt them",
    )
    journal_max_age: Duration = Field(
        timedelta(days=7), description="How long responses are stored that the engine has not accepted"
    )
    journal_max_bytes: int = Field(
        256_000_000, ge=1_000_000, description="Maximum size of the responses in an SQLite journal (bytes)"
    )
    budget_per_instance: Dollars | None = Field(
        default=None, description="USD that a process instance may spend; then the BPMN error BUDGET_EXCEEDED"
    )
    budget_per_definition: Dollars | None = Field(
        default=None, description="USD that all instances of a process definition (by its key) may spend in a day (UTC)"
    )
    budget_per_day: Dollars | None = Field(
        default=None, description="USD that all instances together may spend in a day (UTC)"
    )
    http_port: int | None = Field(
        default=None, ge=0, le=65535, description="Port of health probes and metrics (0: a free one); off when not set"
    )
    http_host: Annotated[str, AfterValidator(check_host)] = Field(
        "127.0.0.1",
        description="Address that health probes and metrics listen at; `0.0.0.0` or `::`: all of IPv4 or IPv6 (in the "
        "container image: `0.0.0.0`)",
    )
    log_level: LogLevel = Field("INFO", description="Lowest level that is logged")
    log_format: LogFormat = Field(
        "console", description="Format of the log: `console`, for people, or `json`, one object in each line"
    )
    debug: DebugParts = Field(
        (),
        description="What is logged of the exchange with Groq, with its contents and without keys: `requests`, "
        "`responses`, `latency`, `limits`",
    )
    tracing: bool = Field(
        default=False, description="Send traces to where `OTEL_EXPORTER_OTLP_ENDPOINT` says (with the extra `tracing`)"
    )
    groq_api_url: Annotated[str, AfterValidator(base_url)] = Field(
        GROQ_URL, validation_alias="GROQ_API_URL", description="Base URL of Groq's API"
    )

    if not TYPE_CHECKING:  # type checkers know the arguments from the fields

        def __init__(self, **values: Any) -> None:
            """Validate what a program sets, over what the environment sets. Raises pydantic's `ValidationError`."""
            SettingsDiagnostics(type(self).model_fields).check_arguments(values)
            super().__init__(**values)

    @classmethod
    def load(cls, config: Path = Path("worker.yaml"), env_file: Path = Path(".env")) -> "Settings":
        """Read and validate all settings. Raises one `SettingsError` that lists every problem."""
        return read_settings(cls, config, env_file).require()
