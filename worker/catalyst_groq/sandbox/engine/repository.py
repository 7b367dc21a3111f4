"""The remote and the local Maven repository of this machine."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

import httpx

from catalyst_groq.errors import SandboxError

SETTINGS_PATH = Path(".m2", "settings.xml")
ENVIRONMENT_REFERENCE = re.compile(r"\$\{env\.([^}]+)}")


@dataclass(frozen=True, slots=True)
class Repository:
    """A remote Maven repository and the local one.

    `origin` names the source of the URL, for messages. `auth` is user and password, if required.
    """

    url: str
    origin: str
    local: Path
    auth: tuple[str, str] | None = field(default=None, repr=False)

    @property
    def masked_url(self) -> str:
        """The URL without user and password, for messages."""
        return str(httpx.URL(self.url).copy_with(username=None, password=None))


def find_repository(environ: Mapping[str, str] = os.environ, home: Path | None = None) -> Repository:
    """Find the repository as Maven does.

    The order is: MAVEN_REPOSITORY, the mirror of `central` in ~/.m2/settings.xml, Maven Central.
    Raises `SandboxError` when one of the first two is invalid.
    """
    home = home or Path.home()
    settings = _read_settings(home / SETTINGS_PATH, environ)
    local = Path(settings.local or environ.get("M2_REPO") or home / ".m2" / "repository").expanduser()
    if url := environ.get("MAVEN_REPOSITORY"):
        return _validate(Repository(url, "MAVEN_REPOSITORY", local))
    if mirror := settings.mirror:
        origin = f"mirror {mirror.id!r} in {home / SETTINGS_PATH}"
        return _validate(Repository(mirror.url, origin, local, settings.servers.get(mirror.id)))
    return Repository(_maven_central_url(), "Maven Central", local)


def _maven_central_url() -> str:
    from jgo.constants import MAVEN_CENTRAL_URL  # noqa: PLC0415 -- its import is slow and rarely needed

    return str(MAVEN_CENTRAL_URL)


def _validate(repository: Repository) -> Repository:
    try:
        url = httpx.URL(repository.url)
    except httpx.InvalidURL as error:
        raise SandboxError(f"{repository.origin} is not a URL: {error}.") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise SandboxError(f"{repository.origin} is {repository.masked_url!r}; it must be an http:// or https:// URL.")
    return repository


@dataclass(frozen=True, slots=True)
class _Mirror:
    id: str
    url: str


@dataclass(frozen=True, slots=True)
class _Settings:
    """Content of settings.xml: the local repository, the mirror of `central`, user and password by server id."""

    local: str | None = None
    mirror: _Mirror | None = None
    servers: Mapping[str, tuple[str, str]] = field(default_factory=dict, repr=False)


def _read_settings(file: Path, environ: Mapping[str, str]) -> _Settings:
    try:
        text = file.read_text(encoding="utf-8")
        root = ET.fromstring(text)  # noqa: S314 -- the user's own file
    except FileNotFoundError:
        return _Settings()
    except (OSError, ValueError, ET.ParseError) as error:
        raise SandboxError(f"{file} cannot be read: {error}. Fix it, or set MAVEN_REPOSITORY.") from error

    def text_of(element: ET.Element, name: str) -> str:
        text = (element.findtext(f"{{*}}{name}") or "").strip()
        return ENVIRONMENT_REFERENCE.sub(lambda match: environ.get(match[1], match[0]), text)

    def mirrors() -> Iterator[tuple[str, _Mirror]]:
        for element in root.iterfind("{*}mirrors/{*}mirror"):
            yield text_of(element, "mirrorOf"), _Mirror(text_of(element, "id"), text_of(element, "url"))

    return _Settings(
        local=text_of(root, "localRepository") or None,
        mirror=_mirror_of_central(list(mirrors())),
        servers={
            text_of(server, "id"): (text_of(server, "username"), text_of(server, "password"))
            for server in root.iterfind("{*}servers/{*}server")
            if text_of(server, "username")
        },
    )


def _mirror_of_central(mirrors: list[tuple[str, _Mirror]]) -> _Mirror | None:
    """Return the mirror that names `central`, else the first whose pattern covers it, as Maven does."""
    exact = (mirror for mirror_of, mirror in mirrors if mirror_of == "central")
    covering = (mirror for mirror_of, mirror in mirrors if _includes_central(mirror_of))
    return next(exact, None) or next(covering, None)


def _includes_central(mirror_of: str) -> bool:
    patterns = {pattern.strip() for pattern in mirror_of.split(",")}
    return "!central" not in patterns and not patterns.isdisjoint({"central", "*", "external:*"})
