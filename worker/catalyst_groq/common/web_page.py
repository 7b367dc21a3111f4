"""The title of a web page that a proxy, a gateway or a portal sends in place of a response. Pure."""

import html
import re

MAX_SEARCHED_CHARS = 20_000

BEGINNING = re.compile(r"\s*(?:<!--|<!doctype html|<html|<head|<body)", re.IGNORECASE)
TITLES = (
    re.compile(r"<title[^>]{0,200}>([^<]{1,500})</title", re.IGNORECASE),
    re.compile(r"<h1[^>]{0,200}>([^<]{1,500})</h1", re.IGNORECASE),
)


def is_web_page(text: str) -> bool:
    """Whether the text is HTML."""
    return BEGINNING.match(text) is not None


def find_title(text: str) -> str:
    """Return the title of a page, otherwise its first heading; empty when it has neither."""
    titles = (found[1] for pattern in TITLES if (found := pattern.search(text[:MAX_SEARCHED_CHARS])))
    return " ".join(html.unescape(next(titles, "")).split())
