"""Tasklist in a browser page, and what a user does there: start a process, find a task, fill in its form, complete it."""

import re

from playwright.sync_api import Locator, Page

from worker.sandbox.engine import PASSWORD, USER


class Tasklist:
    """One user at work. Everything goes through real clicks and keys."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def log_in(self, user: str = USER, password: str = PASSWORD) -> None:
        """Log in and wait for the list of tasks."""
        self.page.goto(self.url)
        self.page.get_by_placeholder("Username").fill(user)
        self.page.get_by_placeholder("Password").fill(password)
        self.page.get_by_role("button", name="Log in").click()
        self.page.locator(".tasks-list").wait_for()

    def start_process(self, name: str) -> None:
        """Start a process that has no start form."""
        self.page.get_by_text("Start process", exact=True).click()
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_text(name, exact=True).click()
        dialog.get_by_role("button", name="Start").click()
        dialog.wait_for(state="detached")

    def open_task(self, name: str, process: str) -> None:
        """Open the newest task of that name."""
        self.page.reload()
        task = self.page.locator(".tasks-list .task", has_text=process).filter(has_text=name)
        task.first.click()
        self.form.locator("form").wait_for()

    def field(self, label: str) -> Locator:
        """Find a form's field by its label; a star marks one that has to be filled in."""
        return self.form.get_by_label(re.compile(rf"^{re.escape(label)}\*?$"))

    def complete(self) -> None:
        """Complete the task and wait until Tasklist says that it is done."""
        self.press_complete()
        self.page.get_by_text("Task completed").wait_for()

    def press_complete(self) -> None:
        """Press the button, whatever comes of it."""
        self.form.get_by_role("button", name="Complete").click()

    @property
    def form(self) -> Locator:
        """The open task's form."""
        return self.page.locator(".form-pane")
