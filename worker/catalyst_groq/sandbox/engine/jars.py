"""The locked jars of an engine, in the local Maven repository of this machine."""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import resources
from pathlib import Path, PurePosixPath

from catalyst_groq.sandbox.engine.download import fetch
from catalyst_groq.sandbox.engine.flavours import Flavour
from catalyst_groq.sandbox.engine.repository import Repository, find_repository
from catalyst_groq.sandbox.progress import Done, OnProgress, Phase, ignore_event

HASH_THREADS = 8


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of a lock file: Maven coordinates, and the expected SHA-256 and size in bytes."""

    group: str
    artifact: str
    version: str
    classifier: str
    sha256: str
    size: int

    @classmethod
    def from_line(cls, line: str) -> "Jar":
        """Parse `group:artifact:version[:classifier] sha256 bytes`."""
        coordinates, sha256, size = line.split()
        group, artifact, version, *classifier = coordinates.split(":")
        return cls(group, artifact, version, "".join(classifier), sha256, int(size))

    def __str__(self) -> str:
        return ":".join(filter(None, (self.group, self.artifact, self.version, self.classifier)))

    @property
    def path(self) -> PurePosixPath:
        """Path of the jar in a Maven repository."""
        name = "-".join(filter(None, (self.artifact, self.version, self.classifier)))
        return PurePosixPath(*self.group.split("."), self.artifact, self.version, f"{name}.jar")

    def is_intact(self, file: Path) -> bool:
        """Whether the file exists and has the locked size and SHA-256."""
        try:
            if file.stat().st_size != self.size:
                return False
            with file.open("rb") as content:
                return hashlib.file_digest(content, "sha256").hexdigest() == self.sha256
        except OSError:
            return False


def read_lock(flavour: Flavour) -> tuple[Jar, ...]:
    """Return the jars of an engine in class path order."""
    text = resources.files(__package__).joinpath(f"{flavour}.lock").read_text(encoding="utf-8")
    return tuple(map(Jar.from_line, text.splitlines()))


def engine_title(flavour: Flavour) -> str:
    """Return an engine's name and version, such as `Camunda 7.24.0`."""
    versions = (jar.version for jar in read_lock(flavour) if f"{jar.group}:{jar.artifact}" == flavour.engine_jar)
    return f"{flavour.capitalize()} {next(versions)}"


def install(
    flavour: Flavour, *, spin: bool = True, on_progress: OnProgress = ignore_event, repository: Repository | None = None
) -> list[Path]:
    """Download missing jars and return the engine's class path, with or without Spin's JSON data format.

    Raises `SandboxError` when a jar cannot be downloaded.
    """
    jars = [jar for jar in read_lock(flavour) if spin or not flavour.is_spin(jar.group, jar.artifact)]
    return fetch_missing(jars, engine_title(flavour), repository or find_repository(), on_progress)


def fetch_missing(jars: Sequence[Jar], title: str, repository: Repository, on_progress: OnProgress) -> list[Path]:
    """Return the files of jars, verified against their SHA-256. Downloads those that are missing or damaged.

    Does not use the network when all are intact.
    """
    files = [repository.local / jar.path for jar in jars]
    with ThreadPoolExecutor(HASH_THREADS) as pool:
        intact = pool.map(Jar.is_intact, jars, files)
        missing = [(jar, file) for jar, file, is_intact in zip(jars, files, intact, strict=True) if not is_intact]
    if missing:
        on_progress(Phase(f"Downloading {title} ({len(missing)} of {len(jars)} jars)"))
        fetch(missing, repository, on_progress)
        on_progress(Done())
    return files
