"""Tasklist in a browser page, and what a user does there: start a process, open a task, fill in its form."""

import re
from collections.abc import Callable
from contextlib import suppress

from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as PageTimeoutError

from catalyst_groq.sandbox.engine import PASSWORD, USER

LOGIN_ATTEMPTS, LOGIN_TIMEOUT_MS = 5, 15_000


def log_in(page: Page, url: str) -> None:
    """Log in to one of the engine's web applications and wait until it lets the user in.

    The applications lose a login that they get while they still load: the form is empty again.
    """
    for _ in range(LOGIN_ATTEMPTS):
        page.goto(url)
        page.get_by_placeholder("Username").fill(USER)
        page.get_by_placeholder("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        with suppress(PageTimeoutError):
            page.locator(".glyphicon-user").first.wait_for(timeout=LOGIN_TIMEOUT_MS)
            return
    raise AssertionError(f"{url} lets nobody in")


class Tasklist:
    """A user who is logged in. Everything goes through real clicks and keys."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def start_process(self, name: str, fill_in: Callable[[Locator], None] | None = None) -> None:
        """Start a process; `fill_in` is what the user does with its start form."""
        self.page.get_by_text("Start process", exact=True).click()
        dialog = self.page.get_by_role("dialog")
        # Only the first fifteen of all processes are listed.
        dialog.get_by_placeholder("Search by process name.").fill(name)
        dialog.get_by_text(name, exact=True).click()
        if fill_in:
            fill_in(dialog)
        dialog.get_by_role("button", name="Start").click()
        dialog.wait_for(state="detached")

    def open_task(self, name: str, process: str) -> None:
        """Open the newest task of that name."""
        self.page.get_by_role("link", name="All tasks").click()
        task = self.page.locator("ol.tasks-list .task", has_text=process).filter(has_text=name)
        task.first.click()
        self.form.locator("form").wait_for()

    def field(self, label: str) -> Locator:
        """Find a form's field by its label; a star marks one that has to be filled in."""
        return self.form.get_by_label(re.compile(rf"^{re.escape(label)}\*?$"))

    def complete(self) -> None:
        """Complete the task and wait until it is done and out of sight."""
        self.press_complete()
        self.page.get_by_text("Select a task in the list.").wait_for()

    def press_complete(self) -> None:
        """Press the button, whatever comes of it; by key, since Tasklist's notices may lie over it."""
        button = self.form.get_by_role("button", name="Complete")
        expect(button).to_be_enabled()
        button.press("Enter")

    @property
    def form(self) -> Locator:
        """The open task's form."""
        return self.page.locator(".form-pane")
