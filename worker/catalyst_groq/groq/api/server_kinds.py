"""What kind of server answers at a URL. Pure.

Only of Groq is known which parameters it refuses, what its plans allow and how long its models' contexts are. Of any
other server with an OpenAI-compatible API (a gateway, vLLM, Azure) nothing is assumed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

GROQ_DOMAIN = "groq.com"


class ServerKind(StrEnum):
    """A kind of server."""

    GROQ = "groq"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class ServerKinds:
    """The kinds of servers by their base URLs: as the operator has configured them, otherwise by this rule.

    Groq is what has a host of Groq's, and what is at `groq_url`: `GROQ_API_URL` is Groq's API by its name, also through
    a proxy or as the emulator. Every other server is another one, also below that URL.
    """

    groq_url: str
    """`GROQ_API_URL`, normalised."""
    configured: Mapping[str, ServerKind] = field(default_factory=dict)
    """By normalised base URL."""

    def of(self, url: str) -> ServerKind:
        """Return the kind of the server at a normalised base URL."""
        if kind := self.configured.get(url):
            return kind
        return ServerKind.GROQ if url == self.groq_url or has_host_of_groq(url) else ServerKind.OTHER


def has_host_of_groq(url: str) -> bool:
    """Whether the URL's host is one of Groq's own."""
    host = urlsplit(url).hostname or ""
    return host == GROQ_DOMAIN or host.endswith(f".{GROQ_DOMAIN}")
