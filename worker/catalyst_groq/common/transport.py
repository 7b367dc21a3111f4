"""Transport to a server: trusted certificates, client certificate and proxy."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from urllib.request import getproxies, proxy_bypass

import certifi
from aiohttp import InvalidUrlClientError, TCPConnector, encode_basic_auth
from yarl import URL

from catalyst_groq.common.credentials import find_passwords, split_credentials
from catalyst_groq.errors import SettingsError

UNLIMITED_CONNECTIONS = 0


class Proxy(NamedTuple):
    """A proxy, apart from its user and password: error messages show the URL."""

    url: URL | None = None
    """None for a direct connection."""
    headers: Mapping[str, str] | None = None
    """The authorization, if there is one."""

    def __repr__(self) -> str:
        return f"Proxy({self.url})"


NO_PROXY = Proxy()


@dataclass(frozen=True, slots=True)
class TransportConfig:
    """TLS context and proxy for one server. The server's certificate is always verified."""

    ssl_context: ssl.SSLContext
    proxy: Proxy | None = None
    """None for the proxies of the environment."""

    def proxy_for(self, url: URL) -> Proxy:
        """Return the proxy for a URL. Raises `ClientError` if the environment names one that is no http(s) URL."""
        return self.proxy or _environment_proxy(url.scheme, url.host or "")

    def make_connector(self, keep_alive_seconds: float) -> TCPConnector:
        """Make a connection pool. Its size has no limit: the worker's concurrency bounds the calls already."""
        return TCPConnector(limit=UNLIMITED_CONNECTIONS, keepalive_timeout=keep_alive_seconds, ssl=self.ssl_context)


@lru_cache(256)
def _environment_proxy(scheme: str, host: str) -> Proxy:
    """Look it up once per host: aiohttp would do so for each request, and also read `.netrc` in a thread."""
    url = None if proxy_bypass(host) else _environment_proxies().get(scheme)
    try:
        return _parse_proxy(url) if url else NO_PROXY
    except ValueError as error:
        raise InvalidUrlClientError(f"{scheme}_proxy", "the proxy of the environment is not an http(s) URL") from error


def find_environment_passwords() -> set[str]:
    """Return the passwords of the environment's proxies, as they are written there and decoded."""
    return {password for url in _environment_proxies().values() for password in find_passwords(url)}


def _environment_proxies() -> dict[str, str]:
    """Return URLs by scheme. Without a scheme of its own, a proxy is an http proxy, as for curl."""
    return {scheme: url if "://" in url else f"http://{url}" for scheme, url in getproxies().items()}


def _parse_proxy(text: str) -> Proxy:
    """Take a proxy's URL and its user and password apart. Raises `ValueError`."""
    parts = split_credentials(text)
    url = URL(parts.url)
    if url.scheme not in {"http", "https"} or not url.host:
        raise ValueError("not an http(s) URL")
    if not parts.user and not parts.password:
        return Proxy(url)
    # aiohttp sends it as Proxy-Authorization; under that name it would do so for https servers only.
    return Proxy(url, {"authorization": encode_basic_auth(parts.user, parts.password)})


def make_transport(
    ca_file: Path | None = None,
    certificate: Path | None = None,
    certificate_key: Path | None = None,
    proxy: str | None = None,
) -> TransportConfig:
    """Return the transport to a server. Raises `SettingsError` that names the file or says that the proxy is no URL.

    `ca_file` is a PEM file of the authorities that are trusted instead of the system's and certifi's. `certificate` and
    `certificate_key` (if it is not in the same file) are the client certificate for a server that requests one. `proxy`
    is an http(s) URL, optionally with user and password.
    """
    try:
        parsed_proxy = _parse_proxy(proxy) if proxy else None
    except ValueError:
        raise SettingsError("The proxy is not an http(s) URL such as http://proxy.example.com:3128") from None
    return TransportConfig(_ssl_context(ca_file, certificate, certificate_key), parsed_proxy)


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
