"""How a server is reached: whose certificates are trusted, with which we answer, and through which proxy."""

import ssl
from dataclasses import dataclass
from pathlib import Path

import httpx

from worker.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Network:
    """The way to one server. Its certificate is verified always."""

    tls: ssl.SSLContext
    proxy: str | None = None
    """An http(s) URL, perhaps with user and password; without it the environment's proxies are used."""


def network(
    ca: Path | None = None,
    certificate: Path | None = None,
    certificate_key: Path | None = None,
    proxy: str | None = None,
) -> Network:
    """Return the way to a server. Raises `SettingsError` that names the file.

    `ca` is a PEM file of what is trusted instead of the system's and certifi's authorities; `certificate` and
    `certificate_key` (if it is not in the same file) are what we show to a server that asks for it.
    """
    return Network(_tls(ca, certificate, certificate_key), proxy)


def _tls(ca: Path | None, certificate: Path | None, certificate_key: Path | None) -> ssl.SSLContext:
    try:
        reading = ca
        if ca:
            context = ssl.create_default_context(cafile=ca)
        else:
            context = httpx.create_ssl_context()
            context.load_default_certs()
        reading = certificate
        if certificate:
            context.load_cert_chain(certificate, certificate_key)
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        raise SettingsError(f"The certificate {reading} cannot be used: {error}") from error
    return context
