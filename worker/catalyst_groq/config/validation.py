"""Problems with settings: unknown names, incomplete pairs and invalid values, each with its variable name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from catalyst_groq.common.control_characters import escape_control_characters
from catalyst_groq.common.credentials import hide_user_info
from catalyst_groq.common.texts import closest
from catalyst_groq.config.secret_files import file_setting
from catalyst_groq.domain.redaction import Redactor

PREFIX = "CATALYST_"
MIN_SIMILARITY_OF_SETTINGS = 0.75
"""Some have names of five letters: one of them may be wrong."""

REQUIRED_SETTINGS = {
    "engine_password": "engine_user",
    "engine_token_url": "engine_client_id",
    "engine_client_id": "engine_token_url",
    "engine_client_secret": "engine_token_url",
    "engine_certificate_key": "engine_certificate",
    "groq_certificate_key": "groq_certificate",
}
"""Settings that have no effect without another one, by name."""

URLS_WITH_PASSWORDS = ("limits_redis_url", "journal")
"""Settings that are no secrets as a whole, but may have one in their URL."""


@dataclass(frozen=True, slots=True)
class SettingsDiagnostics:
    """Finds problems; `fields` are the fields of `Settings` by name, as `worker.yaml` writes them."""

    fields: Mapping[str, FieldInfo]

    def variable_name(self, name: str) -> str:
        """Return the environment variable of a setting."""
        alias = self.fields[name].validation_alias
        return alias if isinstance(alias, str) else PREFIX + name.upper()

    def field_name(self, name: str) -> str:
        """Return the name of a setting that is written by its name or its alias."""
        by_alias = {field.validation_alias: own for own, field in self.fields.items() if field.validation_alias}
        return by_alias.get(name, name)

    @property
    def secrets(self) -> list[str]:
        """The settings that hold a secret, by name."""
        return [name for name in self.fields if self._is_secret(name)]

    @property
    def may_be_in_files(self) -> list[str]:
        """The settings whose values may be in files, by name: secrets, and URLs that may have a password."""
        return [name for name in self.fields if self._is_secret(name) or name in URLS_WITH_PASSWORDS]

    @property
    def known_variables(self) -> set[str]:
        """The environment variables that set a setting, or name the file of one."""
        files = (file_setting(self.variable_name(name)) for name in self.may_be_in_files)
        return {*map(self.variable_name, self.fields), *files}

    @property
    def known_names(self) -> set[str]:
        """The names that `worker.yaml` may have."""
        return {*self.fields, *map(file_setting, self.may_be_in_files)}

    def find_unknown_variables(self, environ: Mapping[str, str]) -> list[str]:
        """Return a message for each CATALYST_ variable that is no setting: ignoring a misspelt one would hide it."""
        known = self.known_variables
        unknown = sorted(name for name in environ if name.startswith(PREFIX) and name not in known)
        return [f"{name}: unknown setting.{self._did_you_mean(name, self.variable_name)}" for name in unknown]

    def find_unknown_names(self, values: Mapping[str, Any], file: str) -> list[str]:
        """Return a message for each name in a file that is no setting."""
        known = self.known_names
        unknown = [name for name in values if name not in known]
        return [f"{name} (in {file}): unknown setting.{self._did_you_mean(name, str)}" for name in unknown]

    @property
    def arguments(self) -> set[str]:
        """The names by which a program sets the settings."""
        return {
            *self.fields,
            *(alias for field in self.fields.values() if isinstance(alias := field.validation_alias, str)),
        }

    def check_arguments(self, values: Mapping[str, Any]) -> None:
        """Raise pydantic's `ValidationError` if an argument of a program is no setting."""
        errors = [
            InitErrorDetails(
                type=PydanticCustomError(
                    "unknown_setting", "unknown setting.{hint}", {"hint": self._did_you_mean(name, str)}
                ),
                loc=(name,),
                input=None,
            )
            for name in values
            if name not in self.arguments
        ]
        if errors:
            raise ValidationError.from_exception_data("Settings", errors, hide_input=True)

    def find_incomplete(self, settings: object) -> list[str]:
        """Return a message for each setting that has no effect because another one is not set."""
        return [
            f"{self.variable_name(name)} is set, but {self.variable_name(needed)} is not"
            for name, needed in REQUIRED_SETTINGS.items()
            if getattr(settings, name) and not getattr(settings, needed)
        ]

    def describe_error(self, entry: ErrorDetails) -> str:
        """Return the message of one validation error in one line, without values that may be secret."""
        name, *path = entry["loc"]
        setting = self.variable_name(str(name)) if name in self.fields else str(name)
        if name == "endpoints":  # its values are not shown: one may be a key by mistake
            setting += "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
        else:
            setting += f"={'***' if self._is_secret(str(name)) else entry['input']}"
        text = hide_user_info(f"{setting}: {entry['msg'].removeprefix('Value error, ')}")
        return escape_control_characters(Redactor().mask(text))

    def _did_you_mean(self, name: str, format_name: Callable[[str], str]) -> str:
        near = closest(name.lower().removeprefix(PREFIX.lower()), self.fields, MIN_SIMILARITY_OF_SETTINGS)
        return f" Did you mean {format_name(near)}?" if near else ""

    def _is_secret(self, name: str) -> bool:
        return name in self.fields and SecretStr in get_args(self.fields[name].annotation)
