"""The browser of the npm package, which the tests use where the system has none."""

import pytest

from support import chromium_package
from support.browser import open_browser, packaged_chromium

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not chromium_package.is_supported(), reason="its package is for Linux on x86-64 only"),
]


def test_packaged_browser_shows_text():
    """Without fonts, texts have no width, and pages stop or crash."""
    with open_browser(packaged_chromium()) as browser:
        page = browser.new_page()
        page.set_content("<span>text</span>")

        assert page.locator("span").bounding_box()["width"] > 10
