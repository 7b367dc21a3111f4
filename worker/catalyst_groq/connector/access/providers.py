"""Secret sources: where a task's Secret Source field lets the worker look up a key by name.

To add one, write a class with `SecretProvider`'s method and register it under the name that tasks use:
`{**default_providers(...), "vault": VaultProvider(...)}`. Nothing else in the package needs to know it.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import javaproperties

from catalyst_groq.errors import FieldError

API_KEY_FIELD = "catalyst_apiKey"

ENV_SOURCE = "env"
FILE_SOURCE = "file"
PROPERTIES_SOURCE = "properties"


class SecretProvider(Protocol):
    """One secret source. It is called for every task that uses it, on the event loop, so it must not block."""

    async def get(self, name: str) -> str | None:
        """Return the secret of that name, or None where the source has none.

        Raises `FieldError` to say more precisely where it looked and how to add the secret, or that the source cannot
        be read: the task fails with an incident. Any other exception fails the attempt, and the engine retries it.
        """


@dataclass(frozen=True, slots=True)
class EnvProvider:
    """Environment variables (with those of `.env`): the secret `groq-api.key` is in `GROQ_API_KEY`."""

    environ: Mapping[str, str]

    async def get(self, name: str) -> str:
        """Return the variable's value. Raises `FieldError` where it is not set or blank."""
        variable = re.sub(r"\W", "_", name).upper()
        if not (value := self.environ.get(variable, "")).strip():
            raise FieldError(
                API_KEY_FIELD,
                f"the environment variable {variable} is not set where the worker runs",
                f"Start the worker with {variable}=gsk_…, or choose another Secret Source",
            )
        return value


@dataclass(frozen=True, slots=True)
class FileProvider:
    """A directory with one file per secret, as Docker and Kubernetes mount them; read again for every task."""

    directory: Path

    async def get(self, name: str) -> str:
        """Return the file's content. Raises `FieldError` where there is none, or where it is outside the directory."""
        return await asyncio.to_thread(self._read, name)

    def _read(self, name: str) -> str:
        path = self.directory / name
        try:
            is_inside = path.resolve().is_relative_to(self.directory.resolve())
            content = path.read_text(encoding="utf-8") if is_inside else None
        except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: circular links, before Python 3.13
            reason = getattr(error, "strerror", None) or "not a text file"
            raise FieldError(
                API_KEY_FIELD, f"the secret file {path} cannot be read ({reason})", f"Put the key into {path}"
            ) from error
        if content is None:
            raise FieldError(
                API_KEY_FIELD, f"'{name}' leads out of {self.directory}", "Write the bare name of a file there"
            )
        return content


@dataclass(frozen=True, slots=True)
class PropertiesProvider:
    """A Java properties file with one line per secret; read again for every task."""

    path: Path

    async def get(self, name: str) -> str:
        """Return the property. Raises `FieldError` where the file cannot be read or has no such property."""
        return await asyncio.to_thread(self._read, name)

    def _read(self, name: str) -> str:
        try:
            with self.path.open(encoding="utf-8") as file:
                properties: dict[str, str] = javaproperties.load(file)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not a properties file"
            raise FieldError(
                API_KEY_FIELD,
                f"the properties file {self.path} cannot be read ({reason})",
                f"Write '{name} = gsk_…' into it, or set CATALYST_SECRETS_FILE",
            ) from error
        if not properties.get(name, "").strip():
            raise FieldError(
                API_KEY_FIELD, f"'{name}' is not set in {self.path}", f"Add the line '{name} = gsk_…' there"
            )
        return properties[name]


def default_providers(environ: Mapping[str, str], directory: Path, properties: Path) -> dict[str, SecretProvider]:
    """Return the secret sources that come with the worker, by the names that tasks use."""
    return {
        ENV_SOURCE: EnvProvider(environ),
        FILE_SOURCE: FileProvider(directory),
        PROPERTIES_SOURCE: PropertiesProvider(properties),
    }
