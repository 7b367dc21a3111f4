"""Names of fields that the worker does not know, or that only another operation has. Pure.

A misspelt name is refused: the default must not stand in for the field that is meant. Any other name is ignored.
"""

import re
from collections.abc import Collection, Iterable
from itertools import islice
from typing import NamedTuple

from catalyst_groq.common.texts import MAX_COMPARED_CHARS, closest
from catalyst_groq.domain.extension_elements import FIELD_PREFIX, MEANT_AS_FIELD, looks_like_field

STANDARD_VARIABLES = frozenset(
    f"{FIELD_PREFIX}{name}" for name in ("responseBody", "statusCode", "success", "error", "meta")
)
"""The variables that the worker always sets: an input parameter may make one local."""

MIN_SIMILARITY_OF_OWN_PART = 0.75
"""Of the parts of two names after the prefix, which they share: catalyst_order is no misspelling of catalyst_model."""

NO_LETTERS = re.compile(r"[^a-z0-9]+")
MAX_IGNORED = 20
MAX_COMPARED_NAMES = 200
"""Of a task. Each is compared with all fields once per diagram."""


class IgnoredField(NamedTuple):
    """A name in a diagram that is no field of the operation."""

    name: str
    problem: str
    fix: str
    is_of_other_operation: bool = False
    meant: str | None = None
    """The field that it is a misspelling of: the worker refuses it."""

    def __str__(self) -> str:
        return f"{self.name}: {self.problem}. {self.fix}"


def find_ignored_fields(
    written: Iterable[str], own: Collection[str], known: Collection[str], operation: str
) -> list[IgnoredField]:
    """Return the first of the written names that are no fields of the operation, the misspelt ones before the others.

    `own` are the fields of the operation, `known` those of all operations.
    """
    names = (name for name in written if looks_like_field(name) and name not in own and name not in STANDARD_VARIABLES)
    found = [_describe(name, known, operation) for name in islice(dict.fromkeys(names), MAX_COMPARED_NAMES)]
    return sorted(found, key=lambda ignored: ignored.meant is None)[:MAX_IGNORED]


def _describe(name: str, known: Collection[str], operation: str) -> IgnoredField:
    if name in known:
        problem = f"the operation '{operation}' has no such field, so it is ignored"
        return IgnoredField(
            name, problem, "Remove it, or apply the template of the other operation", is_of_other_operation=True
        )
    if near := _closest_field(name, known):
        return IgnoredField(name, "there is no such field", f"Did you mean {near}?", meant=near)
    return IgnoredField(name, "there is no such field, so it is ignored", "Remove it")


def _closest_field(name: str, known: Collection[str]) -> str | None:
    near = closest(name, sorted(known))
    is_near = near and closest(_own_part(name), [_own_part(near)], MIN_SIMILARITY_OF_OWN_PART) is not None
    return near if is_near else None


def _own_part(name: str) -> str:
    return NO_LETTERS.sub("", name[:MAX_COMPARED_CHARS].lower()).removeprefix(MEANT_AS_FIELD)
