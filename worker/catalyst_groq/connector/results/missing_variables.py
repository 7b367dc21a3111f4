"""What a missing process variable may be a misspelling of. Pure."""

from collections.abc import Collection, Iterator

from catalyst_groq.common.texts import MAX_COMPARED_CHARS, MIN_SIMILARITY, closest
from catalyst_groq.errors import FieldError

MAX_COMPARED_CHARS_OF_ALL = 10_000
"""Of all names. Comparing as many takes 0.1 s at most, on the event loop."""

SHORT_NAME_CHARS = 5
MIN_SIMILARITY_OF_SHORT_NAMES = 0.75
"""Of names of up to SHORT_NAME_CHARS: that of four letters of which one is wrong, or two are swapped."""


def suggest_variable(error: FieldError, names: Collection[str]) -> FieldError:
    """Return the error with the name that may be meant, of the variables that exist."""
    missing = error.missing_variable
    similarity = MIN_SIMILARITY_OF_SHORT_NAMES if len(missing) <= SHORT_NAME_CHARS else MIN_SIMILARITY
    others = [name for name in names if name != missing]  # it may have been set since the task was fetched
    near = closest(missing, _comparable(missing, others, similarity), similarity)
    if near is None:
        return error
    fix = f"Did you mean {near}? If not, {error.fix[0].lower()}{error.fix[1:]}"
    return type(error)(error.field, error.problem, fix, missing_variable=missing)


def _comparable(missing: str, names: Collection[str], min_similarity: float) -> Iterator[str]:
    """Yield the names of about the same length, the most alike in length first."""
    length, chars = min(len(missing), MAX_COMPARED_CHARS), 0
    # With a higher ratio of their lengths two names are not similar, whatever their letters are.
    max_length_ratio = (2 - min_similarity) / min_similarity
    for name in sorted(names, key=lambda name: (abs(len(name) - len(missing)), name)):
        chars += len(name)
        if chars > MAX_COMPARED_CHARS_OF_ALL or abs(len(name) - length) > length * (max_length_ratio - 1):
            return
        yield name
