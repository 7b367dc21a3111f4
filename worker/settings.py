"""The operator's side: settings from the environment, `.env` and `worker.yaml`, checked all at once."""

import difflib
import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from dotenv import dotenv_values
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

from worker.connector.retries import parse_duration
from worker.connector.urls import GROQ, base_url
from worker.errors import SettingsError

PREFIX = "CATALYST_"


def environment(env_file: Path) -> Mapping[str, str]:
    """Return the environment with `.env` below it: where `env` secrets are looked up."""
    written = {name: value for name, value in dotenv_values(env_file).items() if value is not None}
    return {**written, **os.environ}


def _duration(value: Any) -> Any:
    return parse_duration(value) if isinstance(value, str) else value


def _between(shortest: timedelta, longest: timedelta) -> AfterValidator:
    def check(value: timedelta) -> timedelta:
        if not shortest <= value <= longest:
            raise ValueError(f"must be between {shortest.total_seconds():g} s and {longest.total_seconds():g} s")
        return value

    return AfterValidator(check)


def _names(value: Any) -> Any:
    return tuple(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value


def _base_urls(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(base_url, values))


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)]
Url = Annotated[str, Field(pattern=r"^https?://[^\s/]+")]


class Settings(BaseSettings):
    """One worker's settings; durations are ISO 8601, as in Camunda.

    In the environment and in `.env` a setting has the prefix CATALYST_, in `worker.yaml` it is written as here.
    The environment wins over `.env`, and `.env` over `worker.yaml`.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", populate_by_name=True)

    engine_url: Url = Field("http://localhost:8080/engine-rest", description="REST API of the engine")
    topic: str = Field("catalyst-groq", min_length=1, description="Topic to fetch, as the element template writes it")
    worker_id: str = Field(
        "", description="Stable across restarts, unique per replica; made of the host's name when not set"
    )
    concurrency: int = Field(50, ge=1, le=2000, description="Tasks in hand at once")
    lock_duration: Annotated[Duration, _between(timedelta(seconds=3), timedelta(hours=1))] = Field(
        timedelta(minutes=1), description="Lock on a task in hand, renewed at a third of it"
    )
    poll_duration: Annotated[Duration, _between(timedelta(0), timedelta(seconds=20))] = Field(
        timedelta(seconds=5), description="How long the engine may hold an empty poll; a stop waits for it"
    )
    grace: Duration = Field(timedelta(seconds=30), description="How long a stop waits for the tasks in hand")
    secrets_dir: Path = Field(Path("/run/secrets"), description="Folder of secret files (Secret Source 'file')")
    secrets_file: Path = Field(
        Path("catalyst-secrets.properties"), description="Properties file (Secret Source 'properties')"
    )
    allow_variable_secrets: bool = Field(
        default=True, description="Whether a key may be in a process (Secret Source 'variable')"
    )
    allowed_secrets: Names = Field(("groq*",), description="Patterns of the secret names a task may use, without case")
    allowed_urls: Annotated[Names, AfterValidator(_base_urls)] = Field(
        (), description="Base URLs a task may send a key to, besides Groq's and GROQ_API_URL"
    )
    string_limit: int = Field(4000, ge=1, description="Longest text kept as a String variable (2000 on Oracle)")
    throw_uncaught_errors: bool = Field(
        default=False, description="Throw BPMN errors even if nothing catches them (the engine then ends the instance)"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level that is logged")
    groq_api_url: Annotated[str, AfterValidator(base_url)] = Field(
        GROQ, validation_alias="GROQ_API_URL", description="Where Groq's API is"
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
        return init_settings, env_settings, dotenv_settings, YamlConfigSettingsSource(settings_cls)

    @classmethod
    def load(cls, config: Path = Path("worker.yaml"), env_file: Path = Path(".env")) -> "Settings":
        """Read and check all settings. Raises one `SettingsError` that lists everything that is wrong."""

        class Sourced(cls):  # type: ignore[valid-type, misc]  # binds the files to this one reading
            model_config = SettingsConfigDict(yaml_file=config)

        wrong = _unknown_variables(environment(env_file))
        try:
            settings: Settings = Sourced(_env_file=env_file)
        except ValidationError as error:
            wrong += [_wrong_value(entry) for entry in error.errors(include_url=False)]
        except yaml.YAMLError as error:
            wrong.append(f"{config} is not YAML: {' '.join(str(error).split())}")
        if wrong:
            raise SettingsError("\n".join(["These settings are not right:", *(f"  {line}" for line in wrong)]))
        return settings


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    alias = Settings.model_fields[name].validation_alias
    return alias if isinstance(alias, str) else PREFIX + name.upper()


def _unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """Find misspelt names: a setting that is silently ignored is a wrong setting."""
    known = [variable(name) for name in Settings.model_fields]
    unknown = sorted(name for name in environ if name.startswith(PREFIX) and name not in known)
    return [f"{name} is no setting.{_did_you_mean(name, known)}" for name in unknown]


def _wrong_value(entry: ErrorDetails) -> str:
    name = str(entry["loc"][0])
    if entry["type"] == "extra_forbidden":
        return f"{name} (in worker.yaml) is no setting.{_did_you_mean(name, list(Settings.model_fields))}"
    shown = variable(name) if name in Settings.model_fields else name
    return f"{shown}={entry['input']}: {entry['msg'].removeprefix('Value error, ')}"


def _did_you_mean(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    return f" Did you mean {close[0]}?" if close else ""
