"""The headers and the query of an endpoint: their validation, and the secrets that a header's value names.

`${cloudflare_token}` in a value stands for the secret of that name; `$${` is a literal `${`. Messages never show a
value: it may be a key by mistake.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from catalyst_groq.domain.redaction import GROQ_KEY

HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token of RFC 9110."""

FIXED_HEADERS = {
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
"""Headers that belong to the connection or to the body, so that another value would break the request."""

SECRET_HEADER = re.compile(r"(^|-)(auth|authorization|api-key|token)$")
"""Headers whose value is a key, by what their names end with."""

PLACEHOLDER = re.compile(r"\$(?P<literal>\$\{)|\$\{(?P<name>[^${}]*)(?P<end>\})?")
KEY_LIKE = re.compile(rf"{GROQ_KEY.pattern}|sk-\S{{16,}}")


def check_headers(value: Any) -> Any:
    """Check the header names and values. Raises `ValueError`."""
    headers = _check_mapping(value, "x-title: Invoices")
    seen = set()
    for name, text in headers.items():
        lower = name.lower()
        if not HEADER_NAME.fullmatch(name):
            raise ValueError(f"{name!a} is not the name of a header. Use letters, digits and hyphens")
        if lower in FIXED_HEADERS:
            raise ValueError(f"{name} is set by the worker, and another value would break the request. Remove it")
        if lower in seen:
            raise ValueError(f"{name} is there twice: names are the same in upper and lower case. Remove one")
        seen.add(lower)
        _check_value(name, text)
        _check_secrets(name, text, is_secret=bool(SECRET_HEADER.search(lower)))
    return headers


def check_query(value: Any) -> Any:
    """Check the parameters of a query. Raises `ValueError`."""
    query = _check_mapping(value, "api-version: '2024-10-21'")
    for name, text in query.items():
        _check_value(name, text)
        if "${" in text or KEY_LIKE.search(text):
            raise ValueError(f"{name} contains a secret, which logs of servers would show. Use headers or key_header")
    return query


def find_secret_names(text: str) -> Iterator[str]:
    """Yield the names of the secrets that a header's value contains."""
    return (match["name"] for match in PLACEHOLDER.finditer(text) if match["name"] is not None)


def fill_secrets(text: str, secrets: Mapping[str, str]) -> str:
    """Return the header's value, given the secrets by name."""
    return PLACEHOLDER.sub(lambda match: match["literal"] or secrets[match["name"]], text)


def _check_mapping(value: Any, example: str) -> dict[str, str]:
    if not isinstance(value, dict):
        raise ValueError(f"is not a mapping. Write {{{example}}}")  # noqa: TRY004 -- pydantic catches ValueError only
    return {str(name): _check_text(str(name), text) for name, text in value.items()}


def _check_text(name: str, value: Any) -> str:
    """Return the text; in YAML a date such as 2024-10-21 is no text. What YAML may have changed is refused."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if not isinstance(value, str):
        raise ValueError(f"{name} has a value that is no text. Write it in quotes")  # noqa: TRY004 -- see above
    return value


def _check_value(name: str, text: str) -> None:
    if not text or text != text.strip() or not text.isascii() or not text.isprintable():
        raise ValueError(f"{name} has a value that cannot be sent. Use printable ASCII, no line break, no blank around")


def _check_secrets(name: str, text: str, *, is_secret: bool) -> None:
    placeholders = list(PLACEHOLDER.finditer(text))
    if any(match["name"] is not None and not (match["name"] and match["end"]) for match in placeholders):
        raise ValueError(f"{name} has a ${{ without a name and }}. Write ${{name_of_a_secret}}, or $${{ for ${{ itself")
    has_secret = any(match["name"] for match in placeholders)
    if KEY_LIKE.search(text) or (is_secret and not has_secret):
        raise ValueError(f"{name} contains a key. Store it as a secret, and write ${{name_of_the_secret}} instead")
