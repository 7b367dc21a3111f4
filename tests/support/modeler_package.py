"""The npm package that holds the Camunda 7 Modeler's own JavaScript."""

import tarfile
from pathlib import Path

from support.npm_package import NpmPackage

PACKAGE = NpmPackage(
    "camunda-bpmn-js",
    "5.35.0",
    "hT7GB/2vKA4++7oo7E8ZjWgyhFNHnlwP7r61DzrtO4wwYYoeEkulcKNzQKgrVbFIO7/tnV3Wd8cWRPblYu138Q==",
)
SCRIPT = "camunda-platform-modeler.production.min.js"


def package() -> Path:
    """Return the package's `dist` folder. Raises `ToolMissing`."""
    return PACKAGE.unpack_once(_unpack) / "dist"


def _unpack(archive: Path, folder: Path) -> Path:
    wanted = tuple(f"package/dist/{name}" for name in (SCRIPT, "assets/"))
    with tarfile.open(archive) as tar:
        tar.extractall(folder, [member for member in tar if member.name.startswith(wanted)], filter="data")
    return folder / "package"
