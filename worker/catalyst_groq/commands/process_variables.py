"""How commands show process variables: in which order, and their values as texts."""

from collections.abc import Iterable

from catalyst_groq.domain.extension_elements import FIELD_PREFIX
from catalyst_groq.domain.variables import TypedValueDto


def order_names(names: Iterable[str]) -> list[str]:
    """Return the names of a process's own variables, then those of variables that the worker always sets."""
    return sorted(names, key=lambda name: (name.startswith(FIELD_PREFIX), name))


def value_text(typed: TypedValueDto) -> str:
    """Return a value as a text: a File by its name, a Boolean as JSON has it, null as an empty text."""
    value = typed.get("value")
    if typed.get("type") == "File":
        return str((typed.get("valueInfo") or {}).get("filename") or "")
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
