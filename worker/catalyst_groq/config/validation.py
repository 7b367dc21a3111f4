"""What can be wrong with settings, told so that the setting and the mend are named."""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

PREFIX = "CATALYST_"
IN_URL = re.compile(r"//[^/@]*@")
"""User and password in a URL."""

NEEDS = {
    "engine_password": "engine_user",
    "engine_token_url": "engine_client_id",
    "engine_client_id": "engine_token_url",
    "engine_client_secret": "engine_token_url",
    "engine_certificate_key": "engine_certificate",
    "groq_certificate_key": "groq_certificate",
}
"""Settings that mean nothing without another one."""


@dataclass(frozen=True, slots=True)
class SettingsDiagnostics:
    """The settings there are, by the names that `worker.yaml` uses."""

    fields: Mapping[str, FieldInfo]

    def variable(self, name: str) -> str:
        """Return the environment variable of a setting."""
        alias = self.fields[name].validation_alias
        return alias if isinstance(alias, str) else PREFIX + name.upper()

    def unknown_variables(self, environ: Mapping[str, str]) -> list[str]:
        """Find misspelt names: a setting that is silently ignored is a wrong setting."""
        known = set(map(self.variable, self.fields))
        unknown = sorted(name for name in environ if name.startswith(PREFIX) and name not in known)
        return [f"{name} is no setting.{self._did_you_mean(name, self.variable)}" for name in unknown]

    def unknown_names(self, written: Mapping[str, Any], file: str) -> list[str]:
        """Find misspelt names in a file."""
        unknown = [name for name in written if name not in self.fields]
        return [f"{name} (in {file}) is no setting.{self._did_you_mean(name, str)}" for name in unknown]

    def incomplete(self, settings: object) -> list[str]:
        """Find settings that mean nothing without another one."""
        return [
            f"{self.variable(name)} is set, but {self.variable(needed)} is not"
            for name, needed in NEEDS.items()
            if getattr(settings, name) and not getattr(settings, needed)
        ]

    def wrong_value(self, entry: ErrorDetails) -> str:
        """Say what is wrong with a value, without showing what may be secret."""
        name, *inside = entry["loc"]
        shown = self.variable(str(name)) if name in self.fields else str(name)
        if name == "endpoints":  # what stands there may be a key by mistake
            shown += "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in inside)
        else:
            shown += f"={'***' if self._is_secret(str(name)) else entry['input']}"
        return IN_URL.sub("//***@", f"{shown}: {entry['msg'].removeprefix('Value error, ')}")

    def _did_you_mean(self, name: str, as_written: Callable[[str], str]) -> str:
        close = difflib.get_close_matches(name.lower().removeprefix(PREFIX.lower()), self.fields, 1)
        return f" Did you mean {as_written(close[0])}?" if close else ""

    def _is_secret(self, name: str) -> bool:
        return name in self.fields and SecretStr in get_args(self.fields[name].annotation)
