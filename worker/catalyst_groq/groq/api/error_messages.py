"""The kinds of errors by their messages, for servers that send no code of their own. Pure."""

import re
from collections.abc import Collection
from http import HTTPStatus

from catalyst_groq.groq.api.error_kinds import ErrorKind

BAD, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, UNPROCESSABLE, TOO_MANY = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
)
MESSAGES: tuple[tuple[ErrorKind, Collection[int], str], ...] = (
    (
        ErrorKind.MODEL_NOT_FOUND,
        (BAD, NOT_FOUND),
        (
            r"\bmodels?\b['\"`:=/ ]{1,4}[^ '\"`]{1,200}['\"`]?,? (?:does not exist|is not found|not found)\b"
            r"|\bmodel (?:does not exist|not found)\b|\bnot a valid model\b"
            r"|\b(?:unknown|invalid) model(?: name| id)?(?:[:=]| ['\"`]| passed\b|$)"
            r"|\bno (?:endpoints|allowed providers|providers) (?:found|are available|available)\b"
            r"|\bnot supported by any provider\b"
        ),
    ),
    (
        ErrorKind.AUTHENTICATION,
        (BAD, FORBIDDEN),
        r"\b(?:incorrect|invalid) api key\b|\bapi key (?:is )?(?:not valid|invalid|expired)\b",
    ),
    (
        ErrorKind.ACCOUNT_RESTRICTED,
        (BAD, UNAUTHORIZED, FORBIDDEN),
        r"\b(?:organization|account|project)\b.{1,100}\b(?:restricted|suspended|deactivated|disabled|archived)\b",
    ),
    (
        ErrorKind.SPEND_LIMIT,
        (BAD, UNAUTHORIZED, FORBIDDEN, TOO_MANY),
        (
            r"\bexceeded your current quota\b|\binsufficient (?:credits?|balance|funds)\b|\bcredit balance is too low\b"
            r"|\bbudget has been exceeded\b|\bkey limit exceeded\b|\bused all available credits\b"
        ),
    ),
    (
        ErrorKind.NOT_IN_PLAN,
        (BAD, UNAUTHORIZED, FORBIDDEN),
        (
            r"\bnot available (?:for|on|in|with) (?:your|this) (?:current )?(?:plan|tier|organization)\b"
            r"|\bupgrade to (?:the |a )?\w{1,30} (?:plan|tier)\b"
        ),
    ),
    (
        ErrorKind.GENERATION_FAILED,
        (BAD,),
        r"\bmodel output must contain\b|\bthe model generated output that could not be parsed\b",
    ),
    (ErrorKind.HEADERS_TOO_LARGE, (BAD,), r"\brequest header or cookie too large\b"),
    (
        ErrorKind.BAD_REQUEST,
        (UNPROCESSABLE,),
        (
            r"\binput validation error\b|\binput should be\b|\bfield required\b|\bfailed to deserialize\b"
            r"|\bnot permitted\b|\bis not a valid\b|\bmissing field\b"
        ),
    ),
    (ErrorKind.BAD_REQUEST, (FORBIDDEN,), r"\brequires moderation\b|\binput was flagged\b|\bcontent policy\b"),
)
PATTERNS = tuple((kind, statuses, re.compile(text, re.IGNORECASE)) for kind, statuses, text in MESSAGES)

NEVER_FITS = re.compile(
    r"\brequest too large\b|maximum context length|context (?:length|window) (?:exceeded|of)"
    r"|(?:prompt|input) is too long|\btoo many tokens:|tokens \+ `max_new_tokens` must be <="
    r"|exceeds? the (?:available )?context (?:size|length|window)|(?:longer|greater|larger) than the (?:\w+'s )?"
    r"(?:context length|maximum model length)|exceeds the maximum number of tokens",
    re.IGNORECASE,
)
"""The messages of Groq and of other servers about a request that is larger than a rate limit or the model's context: no
wait can help. Their status is 400, 413, 422 or 429."""


def kind_by_message(status: int, message: str, *, has_wait: bool) -> ErrorKind | None:
    """Return the kind of an error by its words; None where they do not say it.

    `has_wait`: the server asks to wait, so that it is a limit in time, not of money.
    """
    for kind, statuses, pattern in PATTERNS:
        if status in statuses and pattern.search(message) and not (status == TOO_MANY and has_wait):
            return kind
    return None


def says_it_never_fits(message: str) -> bool:
    """Whether a message says that the request is too large for any wait to help."""
    return NEVER_FITS.search(message) is not None
