"""Transport to a server: trusted certificates, client certificate and proxy."""

import ssl
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.request import getproxies, proxy_bypass

import certifi
from aiohttp import TCPConnector
from yarl import URL

from catalyst_groq.errors import SettingsError

UNLIMITED_CONNECTIONS = 0


@dataclass(frozen=True, slots=True)
class TransportConfig:
    """TLS context and proxy for one server. The server's certificate is always verified."""

    ssl_context: ssl.SSLContext
    proxy: str | None = None
    """An http(s) URL, optionally with user and password; None for the proxies of the environment."""

    def proxy_for(self, url: URL) -> str | None:
        """Return the proxy for a URL, or None for a direct connection."""
        return self.proxy or _environment_proxy(url.scheme, url.host or "")

    def make_connector(self, keep_alive_seconds: float) -> TCPConnector:
        """Make a connection pool. Its size has no limit: the worker's concurrency bounds the calls already."""
        return TCPConnector(limit=UNLIMITED_CONNECTIONS, keepalive_timeout=keep_alive_seconds, ssl=self.ssl_context)


@lru_cache(256)
def _environment_proxy(scheme: str, host: str) -> str | None:
    """Look it up once per host: aiohttp would do so for each request, and also read `.netrc` in a thread."""
    return None if proxy_bypass(host) else getproxies().get(scheme)


def make_transport(
    ca_file: Path | None = None,
    certificate: Path | None = None,
    certificate_key: Path | None = None,
    proxy: str | None = None,
) -> TransportConfig:
    """Return the transport to a server. Raises `SettingsError` that names the file that cannot be used.

    `ca_file` is a PEM file of the authorities that are trusted instead of the system's and certifi's. `certificate` and
    `certificate_key` (if it is not in the same file) are the client certificate for a server that requests one.
    """
    return TransportConfig(_ssl_context(ca_file, certificate, certificate_key), proxy)


@lru_cache
def _ssl_context(ca_file: Path | None, certificate: Path | None, certificate_key: Path | None) -> ssl.SSLContext:
    try:
        current_file = ca_file
        if ca_file:
            context = ssl.create_default_context(cafile=ca_file)
        else:
            context = ssl.create_default_context()
            context.load_verify_locations(certifi.where())
        current_file = certificate
        if certificate:
            context.load_cert_chain(certificate, certificate_key)
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        raise SettingsError(f"The certificate {current_file} cannot be used: {error}") from error
    return context
