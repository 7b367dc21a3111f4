"""Looks up API keys by name, for tasks and for the operator's endpoints, and checks which names a task may use."""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, NamedTuple

from catalyst_groq.connector.access.providers import (
    API_KEY_FIELD,
    ENV_SOURCE,
    FILE_SOURCE,
    PROPERTIES_SOURCE,
    SecretProvider,
    check_name,
)
from catalyst_groq.domain.redaction import KEY_PREFIX, MASK, MAX_KEY_CHARS, Redactor
from catalyst_groq.errors import FieldError, MissingKey

log = logging.getLogger(__name__)

CACHED_NAMES = 64
VARIABLE_NAME = re.compile(r"[A-Za-z_]\w{0,39}")
ASSIGNMENT = re.compile(r"\s*(?:export\s+)?[A-Za-z_]\w*\s*=\s*[^\s=]")
"""Matches a line of an environment file. A key may only end with equals signs, as base64 does."""

BEARER_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""The characters that a key has in the Authorization header (RFC 6750)."""

MIN_TASK_KEY_CHARS = 16
MIN_WORD_KEY_CHARS = 32
"""A text without digits that is shorter than this may be a word of the answers."""

HEX_KEY = re.compile(r"[0-9a-fA-F]{32,}")
KEY_LIKE = re.compile(r"sk-\S{16,}|(?=\S*\d)(?!\S*\.\.)\S{32,}")
"""Matches a text that messages do not show as a name: it may be a key by mistake."""

KEY_INSIDE = re.compile(rf"(?<!\w){KEY_PREFIX}")
MARKS_AROUND_KEYS = re.compile(r"""[\s"'=]+""")
"""What separates a key from other words: `Bearer KEY`, `NAME=KEY`, `'KEY'`."""

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


class FoundKeys(NamedTuple):
    """Where a key was found, without the key itself."""

    places: tuple[str, ...] = ()
    """Secret sources, in the order in which they are asked; see also `locate_key`. The first has the key of endpoints.
    The key of a task is where its Secret Source says."""
    differ: bool = False
    """Whether they do not all have the same value."""


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

        Raises `MissingKey` that says where the worker looked, and never what is stored elsewhere; `FieldError` if the
        task may not use that name or source. The operator's key is masked everywhere from then on, the task's own
        (`variable`) is not: see `Redactor.for_key`.
        """
        if source == VARIABLE_SOURCE:
            return self._from_task(name, variables)
        self._check_allowed(name)
        try:
            value = await self.providers[source].get(name)
        except FieldError as error:
            raise MissingKey(error.field, error.problem, error.fix) from error
        if value is None:
            raise MissingKey(
                API_KEY_FIELD,
                f"the secret source '{source}' has no secret '{name}'",
                "Add it there, or choose another Secret Source",
            )
        key = _check_key(name, value)
        self.redactor.add_resolved(key)
        return Secret(key)

    def redactor_for(self, source: str, name: str, variables: Mapping[str, Any]) -> Redactor:
        """Return the redactor of a task: with the task's own key if it may bring one, also where that is refused."""
        brings_key = source == VARIABLE_SOURCE and self.allow_variables
        value = _find_own_key(name, variables) if brings_key else None
        return self.redactor.for_key(value.strip()) if isinstance(value, str) else self.redactor

    async def find(self, name: str) -> Secret | None:
        """Return the operator's own secret of that name from the first source that has it.

        `allowed` is for tasks and does not matter here. Raises `FieldError` for a value that is no key, and if a source
        fails.
        """
        for source, provider in self.providers.items():
            value = None
            try:
                check_name(name)
                value = await provider.get(name)
            except FieldError:
                continue
            except Exception as error:  # of a source that is no part of this package
                problem = f"the secret source '{source}' fails: {type(error).__name__}: {error}"
                raise FieldError(API_KEY_FIELD, problem, "Repair it, then start the worker again") from error
            if value is not None:
                key = _check_key(name, value)
                self.redactor.add(key)
                return Secret(key)
        return None

    async def sources_of(self, name: str) -> FoundKeys:
        """Return the sources that have a secret of that name. A value that is no key counts; its task names the fix.

        A source that fails is logged: it may be there when a task uses it.
        """
        found, values = [], set()
        for source, provider in self.providers.items():
            try:
                if (value := await provider.get(name)) is not None:
                    found.append(source)
                    values.add(value.strip())
            except FieldError:
                continue
            except Exception as error:  # noqa: BLE001 -- of a source that is no part of this package
                log.warning("The secret source '%s' fails: %s: %s", source, type(error).__name__, error)
        return FoundKeys(tuple(found), differ=len(values) > 1)

    def _check_allowed(self, name: str) -> None:
        is_allowed = _matches_any(name, self.allowed)
        if _holds_key(name, is_allowed=is_allowed):
            fix = "Write the name of the secret, such as groq_api_key, and revoke the key: it is in the diagram now"
            raise FieldError(API_KEY_FIELD, "holds a key instead of the name of a secret", fix)
        check_name(name)
        if not is_allowed:
            raise FieldError(
                API_KEY_FIELD,
                f"the secret name '{name}' is not allowed here (allowed: {', '.join(self.allowed)})",
                "Use an allowed name, or ask the operator to add it to CATALYST_ALLOWED_SECRETS",
            )

    def _from_task(self, text: str, variables: Mapping[str, Any]) -> Secret:
        """Return a task's own key. One that could be a word of its answers is refused: masking it would change them."""
        key = _check_key(text if text in variables else "", self._from_variable(text, variables))
        is_word = len(key) < MIN_WORD_KEY_CHARS and not key.startswith(KEY_PREFIX) and not any(map(str.isdigit, key))
        if len(key) < MIN_TASK_KEY_CHARS or is_word or not BEARER_TOKEN.fullmatch(key):
            raise MissingKey(
                API_KEY_FIELD,
                f"the value is no API key: one that a process brings has at least {MIN_TASK_KEY_CHARS} characters "
                "(letters, digits and . _ ~ + / - =) and is no word",
                "Correct it, or let the operator store the key and write its name here",
            )
        return Secret(key)

    def _from_variable(self, text: str, variables: Mapping[str, Any]) -> str:
        """Return the key itself, or the value of the process variable that the text names."""
        if not self.allow_variables:
            raise FieldError(
                "catalyst_secretSource",
                "'variable' is switched off by the operator, because a key in a process is a key in its history",
                f"Use one of {', '.join(self.providers)}",
            )
        value = _find_own_key(text, variables)
        if value is None and text not in variables:
            raise MissingKey(
                API_KEY_FIELD,
                f"there is no process variable '{text}'",
                "Set it before this task, or write the key itself into the field (development only)",
                missing_variable=text,
            )
        if not isinstance(value, str):
            raise MissingKey(
                API_KEY_FIELD, f"the process variable '{text}' holds no text", "Put the key into it as a String"
            )
        return value


def _holds_key(name: str, *, is_allowed: bool) -> bool:
    """Whether a text that should be a secret's name is a key, or has one among other words."""
    parts = [part for part in MARKS_AROUND_KEYS.split(name) if part]
    is_name = is_allowed and len(parts) == 1
    return bool(KEY_INSIDE.search(name)) or (not is_name and any(map(KEY_LIKE.fullmatch, (name, *parts))))


def _find_own_key(text: str, variables: Mapping[str, Any]) -> Any:
    """Return the value of the process variable that the text names, or the text if it is the key; None for neither."""
    if text in variables:
        return variables[text]
    is_key = text.startswith(KEY_PREFIX) or HEX_KEY.fullmatch(text) or not VARIABLE_NAME.fullmatch(text)
    return text if is_key else None


def _check_key(name: str, value: str) -> str:
    """Return the key without blanks around it. Raises `MissingKey` if it cannot be sent in a header."""
    found = f"the key found for '{name}'" if name else "the key"
    if ASSIGNMENT.match(value):
        raise MissingKey(API_KEY_FIELD, f"{found} is written as NAME=value", "Store the value alone, without NAME=")
    key = value.strip()
    if len(key) > MAX_KEY_CHARS:
        raise MissingKey(API_KEY_FIELD, f"{found} has more than {MAX_KEY_CHARS} characters", "Store the key alone")
    if not key or not key.isascii() or not key.isprintable():
        raise MissingKey(API_KEY_FIELD, f"{found} is empty or has unprintable characters", "Set it again")
    return key


@lru_cache(CACHED_NAMES)
def _matches_any(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)
