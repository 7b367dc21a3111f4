"""Secret sources: where a task's Secret Source field lets the worker look up a key by name.

To add one, write a class with `SecretProvider`'s method and register it under the name that tasks use:
`{**default_providers(...), "vault": VaultProvider(...)}`. Nothing else in the package needs to know it.
"""

import asyncio
import errno
import os
import re
import stat
import unicodedata
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


NONBLOCK = getattr(os, "O_NONBLOCK", 0)  # Windows has none
MAX_NAME_CHARS = 100
MAX_SECRET_FILE_BYTES = 64_000
IGNORED_AT_END = (".", " ")
SEPARATORS = re.compile(r"[/\\:]|\.\.")


def check_name(name: str) -> None:
    """Check that a secret's name is a bare name, so that no source can take it for a path or for another name.

    Raises `FieldError`. Names in other normal forms of Unicode are refused, because a file system may equate them; so
    are dots and spaces at the end, which Windows ignores.
    """
    is_bare = 0 < len(name) <= MAX_NAME_CHARS and name.isprintable() and not SEPARATORS.search(name)
    if not is_bare or name.endswith(IGNORED_AT_END) or unicodedata.normalize("NFKC", name) != name:
        raise FieldError(
            API_KEY_FIELD,
            f"{name!a} is not the bare name of a secret",
            "Write a name such as groq_api_key, without path, colon and special characters",
        )


class SecretProvider(Protocol):
    """One secret source. It is called for every task that uses it, on the event loop, so it must not block.

    The names that it gets are bare ones, see `check_name`.
    """

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
        """Return the variable's value. Raises `FieldError` where it is not set or blank, or is no such name."""
        if not name.isascii():
            raise FieldError(API_KEY_FIELD, f"{name!a} is no name of an environment variable", "Write it in ASCII")
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
            check_name(name)
            real_path = path.resolve()
            # A link to a file of another name would get around the names that are allowed.
            is_same = real_path.name == name and real_path.is_relative_to(self.directory.resolve())
            content = _read_text(real_path) if is_same else None
        except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: circular links, before Python 3.13
            raise FieldError(
                API_KEY_FIELD, f"the secret file {path} cannot be read ({_reason(error)})", f"Put the key into {path}"
            ) from error
        if content is None:
            raise FieldError(
                API_KEY_FIELD,
                f"'{name}' leads out of {self.directory} or to another name",
                "Write the name of a file there",
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
            properties: dict[str, str] = javaproperties.loads(_read_text(self.path))
        except (OSError, ValueError) as error:
            reason = _reason(error, "not a properties file")
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


def _read_text(path: Path) -> str:
    """Return the content of a regular file of at most `MAX_SECRET_FILE_BYTES`. Raises `OSError`, `ValueError`.

    Opened without waiting: a named pipe that nobody writes to would stop the worker's threads.
    """
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | NONBLOCK)) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        content = file.read(MAX_SECRET_FILE_BYTES + 1)
    if len(content) > MAX_SECRET_FILE_BYTES:
        raise OSError(errno.EFBIG, f"larger than {MAX_SECRET_FILE_BYTES:,} bytes")
    return content.decode("utf-8")


def _reason(error: Exception, otherwise: str = "not a text file") -> str:
    return getattr(error, "strerror", None) or otherwise


def default_providers(environ: Mapping[str, str], directory: Path, properties: Path) -> dict[str, SecretProvider]:
    """Return the secret sources that come with the worker, by the names that tasks use."""
    return {
        ENV_SOURCE: EnvProvider(environ),
        FILE_SOURCE: FileProvider(directory),
        PROPERTIES_SOURCE: PropertiesProvider(properties),
    }
