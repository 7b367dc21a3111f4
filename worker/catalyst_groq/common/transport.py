"""How a server is reached: whose certificates are trusted, with which we answer, and through which proxy."""

import ssl
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.request import getproxies, proxy_bypass

import certifi
from yarl import URL

from catalyst_groq.errors import SettingsError


@dataclass(frozen=True, slots=True)
class TransportConfig:
    """The way to one server. Its certificate is verified always."""

    ssl_context: ssl.SSLContext
    proxy: str | None = None
    """An http(s) URL, perhaps with user and password; without it the environment's proxies are used."""

    def proxy_for(self, url: URL) -> str | None:
        """Return the proxy to a URL, if there is one."""
        return self.proxy or _environment_proxy(url.scheme, url.host or "")


@lru_cache(256)
def _environment_proxy(scheme: str, host: str) -> str | None:
    """Look it up once for each host: aiohttp would do so for each request, and read `.netrc` in a thread besides."""
    return None if proxy_bypass(host) else getproxies().get(scheme)


def make_transport(
    ca_file: Path | None = None,
    certificate: Path | None = None,
    certificate_key: Path | None = None,
    proxy: str | None = None,
) -> TransportConfig:
    """Return the way to a server. Raises `SettingsError` that names the file.

    `ca` is a PEM file of what is trusted instead of the system's and certifi's authorities; `certificate` and
    `certificate_key` (if it is not in the same file) are what we show to a server that asks for it.
    """
    return TransportConfig(_ssl_context(ca_file, certificate, certificate_key), proxy)


@lru_cache
def _ssl_context(ca: Path | None, certificate: Path | None, certificate_key: Path | None) -> ssl.SSLContext:
    try:
        reading = ca
        if ca:
            context = ssl.create_default_context(cafile=ca)
        else:
            context = ssl.create_default_context()
            context.load_verify_locations(certifi.where())
        reading = certificate
        if certificate:
            context.load_cert_chain(certificate, certificate_key)
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        raise SettingsError(f"The certificate {reading} cannot be used: {error}") from error
    return context
