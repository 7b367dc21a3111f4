"""Reads settings from the environment, `.env` and `worker.yaml`, with where each comes from and what is wrong."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import yaml
from dotenv import dotenv_values
from pydantic import ValidationError
from pydantic_settings import BaseSettings, DotEnvSettingsSource, EnvSettingsSource, InitSettingsSource

from catalyst_groq.config.secret_files import file_setting, read_secret_files
from catalyst_groq.config.validation import SettingsDiagnostics
from catalyst_groq.errors import SettingsError

GROQ_API_KEY = "GROQ_API_KEY"
"""The key of the secret source `env`: no setting, but a secret that may be in a file like those of the settings."""

ENVIRONMENT = "environment"
FILES_OF_VARIABLES = "files that variables name"
FILES_OF_YAML = "files that worker.yaml names"
"""Sources of settings, beside the names of `.env` and `worker.yaml`."""

S = TypeVar("S", bound=BaseSettings)


class SourcedValue(NamedTuple):
    """A setting as it is written, and the source that sets it: the one that overrides all others."""

    value: Any
    source: str
    unused: tuple[str, ...] = ()
    """The overridden sources that have another value, the one that would be used next first."""


@dataclass(frozen=True, slots=True)
class FoundSettings(Generic[S]):
    """The settings, and what is wrong with them."""

    settings: S | None
    """Those that are valid, with defaults for the others; None if they contradict each other, or a file is not read."""
    problems: list[str]
    """A message for each problem."""
    values: Mapping[str, SourcedValue]
    """What is written for each setting that is set, by its name."""
    key: SourcedValue | None = None
    """GROQ_API_KEY, None if it is not set."""
    invalid: frozenset[str] = frozenset()
    """Names of the settings whose values are refused or not read, `groq_api_key` perhaps among them."""

    def require(self) -> S:
        """Return the settings. Raises one `SettingsError` that lists every problem."""
        if self.settings is None or self.problems:
            raise SettingsError("\n".join(["Invalid settings:", *(f"  {problem}" for problem in self.problems)]))
        return self.settings


def environment(env_file: Path) -> Mapping[str, str]:
    """Return the variables of `.env`, overridden by the environment; Secret Source `env` reads keys from it.

    GROQ_API_KEY_FILE may name a file with the key. Raises `SettingsError` when it cannot be used.
    """
    variables = read_environment(env_file)
    keys, problems = read_secret_files(variables, [GROQ_API_KEY])
    if problems:
        raise SettingsError(*problems)
    return variables | keys


def read_environment(env_file: Path) -> dict[str, str]:
    """Return the variables of `.env`, overridden by the environment."""
    from_file = {name: value for name, value in dotenv_values(env_file).items() if value is not None}
    return {**from_file, **os.environ}


def read_settings(settings: type[S], config: Path, env_file: Path) -> FoundSettings[S]:
    """Read and validate all settings: environment over `.env` over `worker.yaml`."""
    diagnostics = SettingsDiagnostics(settings.model_fields)
    variables = read_environment(env_file)
    problems = diagnostics.find_unknown_variables(variables)
    from_yaml: dict[str, Any] = {}
    is_read = True
    try:
        from_yaml = _read_yaml(config)
    except SettingsError as error:
        problems.append(f"{config} {error}")
        is_read = False
    problems += diagnostics.find_unknown_names(from_yaml, config.name)
    secrets_of_yaml, yaml_problems = read_secret_files(from_yaml, diagnostics.may_be_in_files)
    by_variable = {diagnostics.variable_name(name): name for name in diagnostics.may_be_in_files}
    secrets, secret_problems = read_secret_files(variables, [*by_variable, GROQ_API_KEY])
    problems += [*yaml_problems, *secret_problems]
    unread = _find_unread(from_yaml, diagnostics.may_be_in_files, secrets_of_yaml)
    unread |= _find_unread(variables, [*by_variable, GROQ_API_KEY], secrets)
    from_files = {by_variable[variable]: secret for variable, secret in secrets.items() if variable in by_variable}
    layers = {
        config.name: InitSettingsSource(settings, from_yaml)(),
        FILES_OF_YAML: secrets_of_yaml,
        env_file.name: DotEnvSettingsSource(settings, env_file)(),
        ENVIRONMENT: EnvSettingsSource(settings)(),
        FILES_OF_VARIABLES: from_files,
    }
    written = _merge(layers, diagnostics)
    valid, invalid, further = _validate(settings, diagnostics, {name: found.value for name, found in written.items()})
    not_read = {by_variable.get(name, name.lower()) for name in unread}
    return FoundSettings(
        valid if is_read else None,
        [*problems, *further],
        written,
        _find_key(secrets, env_file),
        invalid=invalid | not_read,
    )


def _merge(layers: Mapping[str, Mapping[str, Any]], diagnostics: SettingsDiagnostics) -> dict[str, SourcedValue]:
    """Return what is written for each setting, by its name. `layers`: values by source, later ones override."""
    written: dict[str, SourcedValue] = {}
    for source, layer in layers.items():
        for argument, value in layer.items():
            if argument in diagnostics.arguments:
                name = diagnostics.field_name(argument)
                written[name] = _override(written.get(name), value, source)
    return written


def _override(overridden: SourcedValue | None, value: Any, source: str) -> SourcedValue:
    if overridden is None or str(overridden.value).strip() == str(value).strip():
        return SourcedValue(value, source)
    return SourcedValue(value, source, (overridden.source, *overridden.unused))


def _find_unread(values: Mapping[str, Any], names: Iterable[str], secrets: Mapping[str, str]) -> set[str]:
    """Return the names of the secrets whose files were not read."""
    return {name for name in names if values.get(file_setting(name)) and name not in secrets}


def _validate(
    settings: type[S], diagnostics: SettingsDiagnostics, values: Mapping[str, Any]
) -> tuple[S | None, frozenset[str], list[str]]:
    """Return the settings, with the default in the place of each value that is refused, their names, and why."""
    try:
        valid = settings(**values)
    except ValidationError as error:
        entries = error.errors(include_url=False)
        invalid = frozenset(diagnostics.field_name(str(entry["loc"][0])) for entry in entries if entry["loc"])
        # Explicit defaults: pydantic-settings would read the environment for a setting that is left out.
        defaults = {name: settings.model_fields[name].get_default() for name in invalid.intersection(values)}
        problems = [diagnostics.describe_error(entry) for entry in entries]
        return _try(settings, {**values, **defaults}), frozenset(defaults), problems
    return valid, frozenset(), diagnostics.find_incomplete(valid)


def _try(settings: type[S], values: Mapping[str, Any]) -> S | None:
    try:
        return settings(**values)
    except ValidationError:
        return None


def _find_key(secrets_in_files: Mapping[str, str], env_file: Path) -> SourcedValue | None:
    found = None
    sources: Mapping[str, Mapping[str, str | None]] = {
        env_file.name: dotenv_values(env_file),
        ENVIRONMENT: os.environ,
        FILES_OF_VARIABLES: secrets_in_files,
    }
    for source, variables in sources.items():
        if key := (variables.get(GROQ_API_KEY) or "").strip():
            found = _override(found, key, source)
    return found


def _read_yaml(config: Path) -> dict[str, Any]:
    """Return the settings in `worker.yaml`, none if there is no such file. Raises `SettingsError`.

    pydantic-settings' YAML source is not used: its path is fixed per class, and its errors are raw.
    """
    try:
        with config.open(encoding="utf-8") as file:
            content = yaml.safe_load(file)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot be read: {getattr(error, 'strerror', None) or 'not a text file'}") from error
    except yaml.YAMLError as error:
        raise SettingsError(f"is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict | None):
        raise SettingsError("contains no settings. Write lines such as topic: catalyst-groq")
    return {str(name): value for name, value in (content or {}).items()}
