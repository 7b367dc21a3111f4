"""User and password in a URL are taken apart before the URL is used, so that nothing can show them."""

import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

USER_INFO = re.compile(r"(?<=//)\S*@")
"""Matches user and password of a URL in a text, also where the URL is invalid."""


@dataclass(frozen=True, slots=True)
class SplitUrl:
    """A URL without user information, and what was in it, decoded."""

    url: str
    user: str = ""
    password: str = field(default="", repr=False)


def split_credentials(url: str) -> SplitUrl:
    """Return a URL apart from its user and password. Raises `ValueError` for what is no URL."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return SplitUrl(url)
    _, _, host = parts.netloc.rpartition("@")
    bare = SplitResult(parts.scheme, host, parts.path, parts.query, parts.fragment).geturl()
    return SplitUrl(bare, unquote(parts.username or ""), unquote(parts.password or ""))


def find_passwords(url: str) -> set[str]:
    """Return the passwords in a URL, as it is written there and decoded: also Redis's parameter `password`."""
    try:
        parts = urlsplit(url)
        written = parts.password or ""
    except ValueError:
        return set()
    return {written, unquote(written), *parse_qs(parts.query).get("password", ())} - {""}


def hide_user_info(text: str) -> str:
    """Return a text with `***` instead of user and password in its URLs."""
    return USER_INFO.sub("***@", text)
