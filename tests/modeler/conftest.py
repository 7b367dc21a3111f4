"""A browser for the tests of this folder, or the reason why there is none."""

import os

import pytest
from playwright.sync_api import expect

from support.bpmnlint_package import packages
from support.browser import open_browser
from support.modeler import Modeler
from support.modeler_package import package
from support.npm_package import ToolMissing

expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def browser():
    """One browser per module, so that its thread is free again for the asyncio tests of other modules."""
    try:
        with open_browser() as browser:
            yield browser
    except ToolMissing as error:
        _unavailable(error)


@pytest.fixture
def page(browser):
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.set_default_timeout(60_000)
    yield page
    page.close()


@pytest.fixture(scope="session")
def modeler_package():
    try:
        return package()
    except ToolMissing as error:
        _unavailable(error)


@pytest.fixture(scope="session")
def npm_packages():
    """The folder with bpmnlint and its packages."""
    try:
        return packages()
    except ToolMissing as error:
        _unavailable(error)


@pytest.fixture
def modeler(page, modeler_package):
    return Modeler(page, modeler_package)


def _unavailable(error):
    """Skip on a laptop; fail where everything has to be run."""
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(str(error))
