"""Looks up API keys by name, for tasks and for the operator's endpoints, and checks which names a task may use."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from catalyst_groq.connector.access.providers import (
    API_KEY_FIELD,
    ENV_SOURCE,
    FILE_SOURCE,
    PROPERTIES_SOURCE,
    SecretProvider,
)
from catalyst_groq.domain.redaction import KEY_PREFIX, MASK, Redactor
from catalyst_groq.errors import FieldError

CACHED_NAMES = 64
VARIABLE_NAME = re.compile(r"[A-Za-z_]\w{0,39}")

VARIABLE_SOURCE = "variable"
"""The key comes with the task itself. No `SecretProvider`, because it needs the task's variables."""

BUILT_IN_SOURCES = (ENV_SOURCE, FILE_SOURCE, PROPERTIES_SOURCE, VARIABLE_SOURCE)


class Secret:
    """A key that only `reveal()` returns; printed, formatted or logged it is masked."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """The secret sources, and what the operator allows. Every key that is looked up is masked from then on.

    `providers` are the sources by the names that a task's Secret Source field uses. `allowed` are patterns of secret
    names (`groq*`), compared without case. `allow_variables` switches the source `variable` on.
    """

    providers: Mapping[str, SecretProvider]
    allowed: tuple[str, ...]
    allow_variables: bool
    redactor: Redactor = field(default_factory=Redactor)

    @property
    def sources(self) -> tuple[str, ...]:
        """The values that a task's Secret Source field may have."""
        return (*self.providers, VARIABLE_SOURCE)

    async def resolve(self, source: str, name: str, variables: Mapping[str, Any]) -> Secret:
        """Return the key that a task's Secret Source (one of `sources`) and Groq API Key fields stand for.

        Raises `FieldError` that says where the worker looked, and never what is stored elsewhere.
        """
        if source == VARIABLE_SOURCE:
            return self._register(name, self._from_variable(name, variables))
        self._check_allowed(name)
        value = await self.providers[source].get(name)
        if value is None:
            raise FieldError(
                API_KEY_FIELD,
                f"the secret source '{source}' has no secret '{name}'",
                "Add it there, or choose another Secret Source",
            )
        return self._register(name, value)

    async def find(self, name: str) -> Secret | None:
        """Return the operator's own secret of that name from the first source that has it.

        `allowed` is for tasks and does not matter here.
        """
        for provider in self.providers.values():
            with suppress(FieldError):
                if (value := await provider.get(name)) is not None:
                    return self._register(name, value)
        return None

    def _register(self, name: str, value: str) -> Secret:
        key = value.strip()
        if not key or not key.isascii() or not key.isprintable():
            raise FieldError(
                API_KEY_FIELD, f"the key found for '{name}' is empty or has unprintable characters", "Set it again"
            )
        self.redactor.add(key)
        return Secret(key)

    def _check_allowed(self, name: str) -> None:
        if name.startswith(KEY_PREFIX):
            fix = "Write the name of the secret, such as groq_api_key, and revoke the key: it is in the diagram now"
            raise FieldError(API_KEY_FIELD, "holds a key instead of the name of a secret", fix)
        if not _matches_any(name, self.allowed):
            raise FieldError(
                API_KEY_FIELD,
                f"the secret name '{name}' is not allowed here (allowed: {', '.join(self.allowed)})",
                "Use an allowed name, or ask the operator to add it to CATALYST_ALLOWED_SECRETS",
            )

    def _from_variable(self, text: str, variables: Mapping[str, Any]) -> str:
        """Return the key itself, or the value of the process variable that the text names."""
        if not self.allow_variables:
            raise FieldError(
                "catalyst_secretSource",
                "'variable' is switched off by the operator, because a key in a process is a key in its history",
                f"Use one of {', '.join(self.providers)}",
            )
        if text in variables:
            value = variables[text]
            if not isinstance(value, str):
                raise FieldError(
                    API_KEY_FIELD, f"the process variable '{text}' holds no text", "Put the key into it as a String"
                )
            return value
        if VARIABLE_NAME.fullmatch(text) and not text.startswith(KEY_PREFIX):
            raise FieldError(
                API_KEY_FIELD,
                f"there is no process variable '{text}'",
                "Set it before this task, or write the key itself into the field (development only)",
            )
        return text


@lru_cache(CACHED_NAMES)
def _matches_any(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)
