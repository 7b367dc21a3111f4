"""The causes that an error mapping may name, and what may be meant by a word that is the cause of no failure. Pure."""

import re
from collections.abc import Mapping
from difflib import get_close_matches

from catalyst_groq.common.texts import closest
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.api.error_kinds import ERROR_KINDS, ErrorKind
from catalyst_groq.groq.api.errors import (
    EMPTY_ANSWER,
    INCOMPATIBLE_MODEL,
    KIND_BY_CODE,
    KIND_BY_REASON,
    NETWORK_FAILURE,
    OUTPUT_PARSE_FAILED,
    RATE_LIMIT_EXCEEDED,
    UNSUPPORTED_PARAMETER,
)
from catalyst_groq.groq.api.response_validation import TOOL_USE_FAILED
from catalyst_groq.groq.api.structured_output import JSON_VALIDATE_FAILED
from catalyst_groq.groq.routing.circuit_breaker import CIRCUIT_OPEN

STATUS = re.compile(r"[2-5](\d\d|xx)", re.IGNORECASE)
CODE = re.compile(r"[a-z][a-z_]+", re.IGNORECASE)
UNSENT_KINDS = (ErrorKind.UNREADABLE_FILE, ErrorKind.MISSING_API_KEY)
"""What keeps a request from being sent; the names are the causes."""

FOUND_BY_WORKER: Mapping[ErrorKind, tuple[str, ...]] = {
    ErrorKind.EMPTY_ANSWER: (EMPTY_ANSWER,),
    ErrorKind.INVALID_OUTPUT: (JSON_VALIDATE_FAILED, TOOL_USE_FAILED, OUTPUT_PARSE_FAILED),
}
"""The causes of what the worker finds in a response with status 200."""

BY_REASON = [
    (cause, kind)
    for kind, causes in (*KIND_BY_REASON.values(), NETWORK_FAILURE)
    for cause in causes
    if not STATUS.match(cause)
]
OWN_CAUSES = sorted(
    {
        *(cause for cause, _ in BY_REASON if cause != RATE_LIMIT_EXCEEDED),
        CIRCUIT_OPEN,
        EMPTY_ANSWER,
        INCOMPATIBLE_MODEL,
        *(kind.name for kind in UNSENT_KINDS),
        UNSUPPORTED_PARAMETER,
    }
)
"""The worker's own: no server sends them as a code."""

KNOWN_CAUSES = sorted({*(code.lower() for code in KIND_BY_CODE), RATE_LIMIT_EXCEEDED, *OWN_CAUSES})
NAMED_KINDS = (
    *((code.lower(), kind) for code, kind in KIND_BY_CODE.items()),
    *BY_REASON,
    *((cause, kind) for kind, causes in FOUND_BY_WORKER.items() for cause in causes),
    *((kind.name, kind) for kind in UNSENT_KINDS),
    (CIRCUIT_OPEN, ErrorKind.TRANSIENT),
    (INCOMPATIBLE_MODEL, ErrorKind.BAD_REQUEST),
    (UNSUPPORTED_PARAMETER, ErrorKind.BAD_REQUEST),
)
KINDS_BY_CAUSE = {cause: {kind for name, kind in NAMED_KINDS if name == cause} for cause in KNOWN_CAUSES}
"""The kinds that an error with the cause may have."""

NOT_CAUSES = {kind.name for kind in ERROR_KINDS}
"""Names of the kinds of errors, as they stand in logs."""

RELATED_SIMILARITY = 0.5
MAX_SUGGESTIONS = 2
FIX = f"Write a status (429), a class of statuses (5xx), an error code of the server, or one of {', '.join(OWN_CAUSES)}"


def check_cause(field: str, cause: str) -> None:
    """Check a cause that an error mapping names. Raises `FieldError` for one that no failure has.

    Other servers have codes of their own. So an unknown word is refused only if a known cause must be meant.
    """
    word = cause.lower()
    if STATUS.fullmatch(cause) or word in KNOWN_CAUSES:
        return
    if not CODE.fullmatch(cause):
        raise FieldError(field, f"'{cause}' is not a valid cause", FIX)
    is_part = any(f"_{word}_" in f"_{known}_" for known in KNOWN_CAUSES)
    if is_part or closest(word, KNOWN_CAUSES) or word in NOT_CAUSES:
        raise FieldError(field, f"'{cause}' is the cause of no failure", _suggest(word) or FIX)


def _suggest(word: str) -> str:
    parts = [known for known in KNOWN_CAUSES if f"_{word}_" in f"_{known}_"]
    similar = get_close_matches(word, KNOWN_CAUSES, cutoff=RELATED_SIMILARITY)
    suggestions = list(dict.fromkeys([*parts, *similar]))[:MAX_SUGGESTIONS]
    return f"Did you mean {' or '.join(suggestions)}?" if suggestions else ""
