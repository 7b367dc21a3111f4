"""Where Groq's API key comes from, and that it goes nowhere else."""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any

import javaproperties

from catalyst_groq.domain.variables import TypedValue
from catalyst_groq.errors import FieldError

MASK = "***"
KEY_PREFIX = "gsk_"
GROQ_KEY = re.compile(r"gsk_\w{16,}")
CACHED_NAMES = 64
MIN_KEY_CHARS = 8
"""Characters."""

SCALAR_TYPES = frozenset((int, float, bool, type(None)))
TEXT_SEPARATOR = "\0"
"""Stands in no key."""

VARIABLE_NAME = re.compile(r"[A-Za-z_]\w{0,39}")


class SecretSource(StrEnum):
    """Where to look a key up."""

    ENV = "env"
    FILE = "file"
    PROPERTIES = "properties"
    VARIABLE = "variable"


class Secret:
    """A key that shows itself only to whoever asks for it by `reveal()`; printed, formatted or logged it is masked."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the key itself, for the Authorization header."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, _: str) -> str:
        return MASK


class Redactor:
    """Masks the exact value of every key seen so far, so that messages stay useful around it."""

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self._keys: list[str] = []
        for key in keys:
            self.add(key)

    def add(self, key: str) -> None:
        """Remember a key from now on. Longer keys go first: one key may be the beginning of another.

        What is shorter than any key is no secret, and masking it would ruin the texts around it.
        """
        if len(key) >= MIN_KEY_CHARS and key not in self._keys:
            self._keys = sorted([*self._keys, key], key=len, reverse=True)

    def mask(self, text: str) -> str:
        """Return the text without any known key, and without what looks like one of Groq's."""
        for key in self._keys:
            text = text.replace(key, MASK)
        return GROQ_KEY.sub(MASK, text) if KEY_PREFIX in text else text

    def mask_all(self, value: Any) -> Any:
        """Mask every text in a structure, names included; one without keys is returned as it is."""
        texts = TEXT_SEPARATOR.join(_collect_texts(value))
        return value if self.mask(texts) == texts else self._mask_parts(value)

    def _mask_parts(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.mask(value)
        if isinstance(value, dict):
            return {self._mask_parts(name): self._mask_parts(entry) for name, entry in value.items()}
        if isinstance(value, TypedValue):
            return replace(value, value=self._mask_parts(value.value))
        return [self._mask_parts(entry) for entry in value] if isinstance(value, list) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """The four secret sources, and what the operator allows.

    `environ` is the environment (with `.env`), `directory` holds one file per secret, `properties` is a Java
    properties file. `allowed` are name patterns (`groq*`), compared without case.
    """

    environ: Mapping[str, str]
    directory: Path
    properties: Path
    allowed: tuple[str, ...]
    allow_variables: bool
    redactor: Redactor = field(default_factory=Redactor)

    def resolve(self, source: SecretSource, name: str, variables: Mapping[str, Any]) -> Secret:
        """Return the key that the task's Secret Source and Groq API Key fields stand for.

        Raises `FieldError` that says where was looked, never what was found elsewhere.
        """
        if source is SecretSource.VARIABLE:
            value = self._from_variable(name, variables)
        else:
            self._check_allowed(name)
            lookup = {
                SecretSource.ENV: self._from_environ,
                SecretSource.FILE: self._from_file,
                SecretSource.PROPERTIES: self._from_properties,
            }
            value = lookup[source](name)
        return self._register(name, value)

    def find(self, name: str) -> Secret | None:
        """Return the operator's own secret of that name, from wherever it is; what tasks may use does not matter."""
        for look in (self._from_environ, self._from_file, self._from_properties):
            with suppress(FieldError):
                return self._register(name, look(name))
        return None

    def _register(self, name: str, value: str) -> Secret:
        key = value.strip()
        if not key or not key.isascii() or not key.isprintable():
            raise FieldError(
                "catalyst_apiKey", f"the key found for '{name}' is empty or has unprintable characters", "Set it anew"
            )
        self.redactor.add(key)
        return Secret(key)

    def _check_allowed(self, name: str) -> None:
        if name.startswith(KEY_PREFIX):
            mend = "Write the name of the secret, such as groq_api_key, and withdraw the key: it is in the diagram now"
            raise FieldError("catalyst_apiKey", "holds a key instead of the name of one", mend)
        if not _matches_any(name, self.allowed):
            raise FieldError(
                "catalyst_apiKey",
                f"the secret name '{name}' is not allowed here (allowed: {', '.join(self.allowed)})",
                "Use an allowed name, or ask the operator to add it to CATALYST_ALLOWED_SECRETS",
            )

    def _from_environ(self, name: str) -> str:
        variable = re.sub(r"\W", "_", name).upper()
        if not (value := self.environ.get(variable, "")).strip():
            raise FieldError(
                "catalyst_apiKey",
                f"the environment variable {variable} is not set where the worker runs",
                f"Start the worker with {variable}=gsk_…, or choose another Secret Source",
            )
        return value

    def _from_file(self, name: str) -> str:
        path = self.directory / name
        try:
            inside = path.resolve().is_relative_to(self.directory.resolve())
            found = path.read_text(encoding="utf-8") if inside else None
        except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: links in a circle, before Python 3.13
            reason = getattr(error, "strerror", None) or "not a text file"
            raise FieldError(
                "catalyst_apiKey", f"the secret file {path} cannot be read ({reason})", f"Put the key into {path}"
            ) from error
        if found is None:
            raise FieldError(
                "catalyst_apiKey", f"'{name}' leads out of {self.directory}", "Write the bare name of a file there"
            )
        return found

    def _from_properties(self, name: str) -> str:
        try:
            with self.properties.open(encoding="utf-8") as file:
                found: dict[str, str] = javaproperties.load(file)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not a properties file"
            raise FieldError(
                "catalyst_apiKey",
                f"the properties file {self.properties} cannot be read ({reason})",
                f"Write '{name} = gsk_…' into it, or set CATALYST_SECRETS_FILE",
            ) from error
        if not found.get(name, "").strip():
            raise FieldError(
                "catalyst_apiKey", f"'{name}' is not set in {self.properties}", f"Add the line '{name} = gsk_…' there"
            )
        return found[name]

    def _from_variable(self, text: str, variables: Mapping[str, Any]) -> str:
        """Return the key itself, or the value of the process variable that the text names."""
        if not self.allow_variables:
            raise FieldError(
                "catalyst_secretSource",
                "'variable' is switched off by the operator, because a key in a process is a key in its history",
                "Use env, file or properties",
            )
        if text in variables:
            value = variables[text]
            if not isinstance(value, str):
                raise FieldError(
                    "catalyst_apiKey", f"the process variable '{text}' holds no text", "Put the key into it as a String"
                )
            return value
        if VARIABLE_NAME.fullmatch(text) and not text.startswith(KEY_PREFIX):
            raise FieldError(
                "catalyst_apiKey",
                f"there is no process variable '{text}'",
                "Set it before this task, or write the key itself into the field (development only)",
            )
        return text


@lru_cache(CACHED_NAMES)
def _matches_any(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)


def _collect_texts(value: Any) -> list[str]:
    """Return every text in a structure, names included."""
    texts: list[str] = []
    waiting = [value]
    for part in waiting:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict):
            texts += map(str, part)  # in YAML a name may be a number
            waiting += [entry for entry in part.values() if type(entry) not in SCALAR_TYPES]
        elif isinstance(part, list):
            waiting += part
        elif isinstance(part, TypedValue):
            waiting.append(part.value)
    return texts
