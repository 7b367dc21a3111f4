"""Fields that are ignored: names that the worker does not know, or that only another operation has. Pure."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from itertools import islice
from typing import NamedTuple

PREFIX_OF_FIELDS = "catalyst"
"""How names begin that are meant as those of fields, in any case."""

STANDARD_VARIABLES = frozenset(
    f"{PREFIX_OF_FIELDS}_{name}" for name in ("responseBody", "statusCode", "success", "error", "meta")
)
"""The variables that the worker always sets: an input parameter may make one local."""

MIN_SIMILARITY = 0.85
MAX_COMPARED_CHARS = 100
MAX_IGNORED = 20


class IgnoredField(NamedTuple):
    """A field that has no effect."""

    name: str
    problem: str
    fix: str
    is_of_other_operation: bool

    def __str__(self) -> str:
        return f"{self.name}: {self.problem}. {self.fix}"


def looks_like_field(name: str) -> bool:
    """Whether a name in a diagram is meant as that of a field."""
    return name.strip().lower().startswith(PREFIX_OF_FIELDS)


def find_ignored_fields(
    written: Iterable[str], own: Collection[str], known: Collection[str], operation: str
) -> list[IgnoredField]:
    """Return the first of the written names that are no fields of the operation.

    `own` are the fields of the operation, `known` those of all operations.
    """
    names = (name for name in written if looks_like_field(name) and name not in own and name not in STANDARD_VARIABLES)
    return [_describe(name, known, operation) for name in islice(dict.fromkeys(names), MAX_IGNORED)]


def closest(name: str, names: Iterable[str]) -> str | None:
    """Return the name that another one is a misspelling of."""
    by_lower_case = {known.lower(): known for known in names}
    matches = get_close_matches(name[:MAX_COMPARED_CHARS].lower(), by_lower_case, n=1, cutoff=MIN_SIMILARITY)
    return by_lower_case[matches[0]] if matches else None


def _describe(name: str, known: Collection[str], operation: str) -> IgnoredField:
    if name in known:
        problem = f"the operation '{operation}' has no such field, so it is ignored"
        return IgnoredField(name, problem, "Remove it, or apply the template of the other operation", True)  # noqa: FBT003
    near = closest(name, sorted(known))
    fix = f"Did you mean {near}?" if near else "Remove it"
    return IgnoredField(name, "there is no such field, so it is ignored", fix, False)  # noqa: FBT003
