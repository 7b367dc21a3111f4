"""The system's own Chromium or Chrome, driven by Playwright: no browser is ever downloaded."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_APPS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
INSTALL_COMMANDS = {
    "linux": "apt-get install -y --no-install-recommends chromium fonts-liberation",
    "darwin": "brew install --cask google-chrome",
}


class ToolMissing(Exception):  # noqa: N818 -- named after what is the case
    """Something that this machine has to bring is not there; the message says how to get it."""


def chromium() -> str:
    """Find the installed browser. Raises `ToolMissing` with the package to install."""
    found = [path for command in COMMANDS if (path := shutil.which(command))]
    found += [app for app in MAC_APPS if Path(app).exists()]
    if not found:
        command = INSTALL_COMMANDS.get(sys.platform, "install Chromium or Google Chrome")
        raise ToolMissing(f"No Chromium or Chrome was found, and the browser tests need one: {command}")
    return found[0]


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Open a headless browser that ends with the block.

    While it is open its thread belongs to Playwright: `asyncio.run` would fail in it.
    """
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox"] if as_root else [], handle_sigint=False
        )
        try:
            yield browser
        finally:
            browser.close()
