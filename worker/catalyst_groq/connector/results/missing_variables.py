"""What a missing process variable may be a misspelling of. Pure."""

from collections.abc import Collection, Iterator

from catalyst_groq.connector.fields.ignored_fields import MAX_COMPARED_CHARS, MIN_SIMILARITY, closest
from catalyst_groq.errors import FieldError

MAX_COMPARED_CHARS_OF_ALL = 10_000
"""Of all names. Comparing as many takes 0.1 s at most, on the event loop."""

MAX_LENGTH_RATIO = (2 - MIN_SIMILARITY) / MIN_SIMILARITY
"""Of two names. With a higher one they are not similar, whatever their letters are."""


def suggest_variable(error: FieldError, names: Collection[str]) -> FieldError:
    """Return the error with the name that may be meant, of the variables that exist."""
    missing = error.missing_variable
    near = closest(missing, _comparable(missing, names))
    if near is None:
        return error
    fix = f"Did you mean {near}? If not, {error.fix[0].lower()}{error.fix[1:]}"
    return type(error)(error.field, error.problem, fix, missing_variable=missing)


def _comparable(missing: str, names: Collection[str]) -> Iterator[str]:
    """Yield the names of about the same length, the most alike in length first."""
    length, chars = min(len(missing), MAX_COMPARED_CHARS), 0
    for name in sorted(names, key=lambda name: (abs(len(name) - len(missing)), name)):
        chars += len(name)
        if chars > MAX_COMPARED_CHARS_OF_ALL or abs(len(name) - length) > length * (MAX_LENGTH_RATIO - 1):
            return
        yield name
