"""Where a key may be sent: base URLs of OpenAI-compatible APIs, and which of them the operator allows."""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import SplitResult, unquote, urlsplit

from catalyst_groq.common.credentials import hide_user_info
from catalyst_groq.groq.api.operations import CHAT_PATH, TRANSCRIPTIONS_PATH, TRANSLATIONS_PATH

GROQ_URL = "https://api.groq.com/openai/v1"
ENDPOINT_PATH = re.compile(f"({CHAT_PATH}|{TRANSCRIPTIONS_PATH}|{TRANSLATIONS_PATH})$")
OTHER_PATH = re.compile(r"(?<=/v1)/(audio|batches|chat|completions|embeddings|files|models|responses)$")
"""Paths of other requests, and parts of those of ours. Without `/v1` before it, the base of an API may be called so."""

CACHED_URLS = 256
DEFAULT_PORTS = {"https": 443, "http": 80}
HOST = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*|[0-9a-f:.]+")


class UrlError(ValueError):
    """A text is no base URL of an API. `fix` is empty where it is not known what is meant."""

    def __init__(self, problem: str, fix: str = "") -> None:
        super().__init__(f"{problem}. {fix}" if fix else problem)
        self.problem = problem
        self.fix = fix


@lru_cache(CACHED_URLS)
def base_url(text: str) -> str:
    """Return the normalised base URL of an API, given with or without `/openai/v1`, a final slash, or a request's path.

    Raises `UrlError` for anything that is not a plain http(s) URL, and for the path of another request.
    """
    try:
        parts = urlsplit(text.strip())
        usable = parts.scheme in DEFAULT_PORTS and HOST.fullmatch(parts.hostname or "") and parts.port != 0
        usable = usable and text.strip().isprintable()
    except ValueError:
        usable = False
    if not usable or "@" in parts.netloc or parts.query or parts.fragment or ".." in unquote(parts.path):
        raise UrlError(f"'{hide_user_info(text)}' is not a plain http(s) URL such as {GROQ_URL}")
    path = ENDPOINT_PATH.sub("", parts.path.rstrip("/")) or urlsplit(GROQ_URL).path
    server = f"{parts.scheme}://{_authority(parts)}"
    if other := OTHER_PATH.search(path):
        problem = f"'{text.strip()}' ends in the path of another request, {other[0]}"
        raise UrlError(problem, f"Write {server}{path.removesuffix(other[0])}")
    return f"{server}{path}"


@dataclass(frozen=True, slots=True)
class AllowedUrls:
    """The URLs that the operator allows, as normalised base URLs.

    Groq's public URL in a task resolves to `groq`, the operator's URL of Groq (`GROQ_API_URL`). So a diagram works
    unchanged through a proxy or with the emulator.
    """

    groq: str
    others: tuple[str, ...] = ()

    def resolve(self, url: str) -> str | None:
        """Return the base URL for a task's URL field, or None where it is not allowed. Raises `UrlError`."""
        base = base_url(url)
        if base == GROQ_URL:
            return self.groq
        return base if any(is_below(base, allowed) for allowed in (self.groq, *self.others)) else None


def is_below(url: str, base: str) -> bool:
    """Whether a normalised URL has the base's scheme, host, port and path, or a path below it."""
    return url == base or url.startswith(base + "/")


def _authority(parts: SplitResult) -> str:
    """Return host and port in their normal form: lower case, without the scheme's default port."""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{host}" if parts.port in {None, DEFAULT_PORTS[parts.scheme]} else f"{host}:{parts.port}"
