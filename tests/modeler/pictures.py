"""Make the pictures of the documentation from the real Modeler, Tasklist and Cockpit; run by `make pictures`."""

import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from playwright.sync_api import Browser, FloatRect, Page
from rich.console import Console

from catalyst_groq.errors import SandboxError
from catalyst_groq.sandbox.child_process import ChildProcess
from catalyst_groq.sandbox.demo_examples import CHAT_EXAMPLE
from catalyst_groq.sandbox.emulator import Emulator, running_emulator
from catalyst_groq.sandbox.engine import EngineProcess, Flavour
from catalyst_groq.sandbox.engine.jars import engine_title
from catalyst_groq.sandbox.process_client import ProcessClient, wait_for
from catalyst_groq.sandbox.progress import Phase, ProgressDisplay
from support.browser import open_browser
from support.element_templates import EXAMPLE, ROOT, TRANSCRIBE_TEMPLATE, load
from support.modeler import Modeler
from support.modeler_package import PACKAGE, package
from support.npm_package import ToolMissing
from support.tasklist import Tasklist, log_in

FOLDER = ROOT / "docs" / "pictures"
PLAIN = Path(__file__).parent / "plain.bpmn"
VIEW_BOX = r'<svg [^>]*viewBox="(?P<x>\S+) (?P<y>\S+) (?P<width>\S+) (?P<height>\S+)"[^>]*>'
RANDOM_ID = re.compile(r"\b(?:marker(?!-(?:start|mid|end)\b)|djs-grid-pattern)-\w+")
PAGE = ROOT / "docs" / "first-process.md"
DATED = re.compile(r"(?<=<!-- pictures -->\n).+?(?=\n<!-- end -->)", re.DOTALL)
"""The sentence of the page that says when and in what the pictures were made."""

NOTICE_HEIGHT = 23
"""Pixels."""

PATIENCE = 60.0
"""Seconds for the worker to do its part."""

EMULATOR_KEY = "gsk_picture_key_for_the_emulator_only"
QUESTION = "Why is the sky blue? Answer for a ten-year-old, in a few lines."
REPLY = """\
Sunlight looks white, but it is a mix of all colours.

- On its way to us it meets the tiny particles of the air.
- Blue light is bounced around by them far more than red light.
- So blue reaches your eyes from everywhere you look up: the sky is blue.

In the evening the light has a longer way. Most of the blue is lost on it, and red is left."""


def main() -> None:
    """Make all pictures. Ends with 1 and the reason when something that is needed is not there."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        with ProgressDisplay(Console()) as progress, open_browser() as browser:
            progress(Phase("Drawing the diagram and the Modeler"))
            picture_modeler(browser, package())
            with EngineProcess(on_progress=progress) as engine, ProcessClient(engine.rest_url) as process_client:
                process_client.deploy(*CHAT_EXAMPLE.files())
                progress(Phase("Completing a task for Tasklist"))
                picture_tasklist(browser, engine, process_client)
                progress(Phase("Failing a task for Cockpit"))
                picture_cockpit(browser, engine, process_client)
            PAGE.write_text(date_pictures(PAGE.read_text(encoding="utf-8"), datetime.now(UTC).date()), encoding="utf-8")
    except (ToolMissing, SandboxError) as error:
        sys.exit(str(error))


def date_pictures(page: str, made: date) -> str:
    """Return the page with the date of the pictures, and with the versions in which they were made."""
    modeler = f"{PACKAGE.name} {PACKAGE.version}, the code of the Camunda Modeler"
    return DATED.sub(f"The pictures were made on {made} in {modeler}, and in {engine_title(Flavour.CAMUNDA)}.", page)


def picture_modeler(browser: Browser, dist: Path) -> None:
    """The diagrams of all recipes, the panel with the template applied and with its boundary event, and the chooser."""
    page = _page(browser, 1240, 890)
    modeler = Modeler(page, dist)
    for recipe in sorted(EXAMPLE.parent.glob("*.bpmn")):
        modeler.open(recipe.read_text(encoding="utf-8"), [load(), load(TRANSCRIBE_TEMPLATE)])
        svg = _on_white(_with_lasting_ids(modeler.saved_svg()))
        (FOLDER / f"{recipe.stem}.svg").write_text(svg, encoding="utf-8")
    modeler.open(EXAMPLE.read_text(encoding="utf-8"), [load()])
    modeler.click("AskGroqError")
    modeler.open_group("Error")
    modeler.put_tools_away()
    page.screenshot(path=FOLDER / "modeler-boundary.png", clip={"x": 0, "y": 0, "width": 1240, "height": 500})
    modeler.click("AskGroq")
    for group in ("Request Configuration", "Authentication"):
        modeler.open_group(group)
    modeler.put_tools_away()
    page.screenshot(path=FOLDER / "modeler-panel.png")
    page.close()

    page = _page(browser, 1100, 560)
    modeler = Modeler(page, dist)
    modeler.open(PLAIN.read_text(encoding="utf-8"), [load()])
    modeler.click("Plain")
    modeler.open_chooser().locator("img").wait_for()
    page.screenshot(path=FOLDER / "modeler-chooser.png")
    page.close()


def picture_tasklist(browser: Browser, engine: EngineProcess, process_client: ProcessClient) -> None:
    """The form of the user task Review, after a real worker had an answer."""
    with running_emulator() as emulator, _worker(engine, _key_for(emulator)):
        emulator.next(answer=REPLY)
        instance = process_client.start(CHAT_EXAMPLE.key)
        process_client.complete_user_task(instance, {"userMessage": QUESTION})
        wait_for("the answer", lambda: process_client.user_task(instance) == "Review", timeout=PATIENCE)
    page = _page(browser, 1400, 1480)
    log_in(page, engine.tasklist_url)
    Tasklist(page).open_task("Review", "Groq example")
    Tasklist(page).field("Reply").wait_for()
    _photograph(page, "tasklist-review.png")


def picture_cockpit(browser: Browser, engine: EngineProcess, process_client: ProcessClient) -> None:
    """The incident of a worker that was started without a key."""
    with _worker(engine, {}):
        instance = process_client.start(CHAT_EXAMPLE.key)
        process_client.complete_user_task(instance, {"userMessage": QUESTION})
        wait_for("the incident", lambda: process_client.incidents(instance), timeout=PATIENCE)
    page = _page(browser, 1400, 760)
    log_in(page, engine.cockpit_url)
    page.goto(f"{engine.cockpit_url}default/#/process-instance/{instance}/runtime?tab=incidents-tab")
    page.get_by_text("catalyst_apiKey").first.wait_for()
    page.locator(".badge").first.wait_for()
    _photograph(page, "cockpit-incident.png")


def _photograph(page: Page, name: str) -> None:
    """Take a web application's picture without its vendor's notice at the top."""
    size = page.viewport_size
    assert size
    clip: FloatRect = {"x": 0, "y": NOTICE_HEIGHT, "width": size["width"], "height": size["height"] - NOTICE_HEIGHT}
    page.screenshot(path=FOLDER / name, clip=clip)
    page.close()


def _page(browser: Browser, width: int, height: int) -> Page:
    return browser.new_page(viewport={"width": width, "height": height})


def _with_lasting_ids(svg: str) -> str:
    """Number what has a new random id in every export, so that the file changes only when the diagram does."""
    numbers = {
        name: f"{name.split('-')[0]}-{number}" for number, name in enumerate(dict.fromkeys(RANDOM_ID.findall(svg)))
    }
    return RANDOM_ID.sub(lambda found: numbers[found[0]], svg)


def _on_white(svg: str) -> str:
    """Put a white ground under a diagram: it is read on dark pages too."""
    ground = r'\g<0><rect x="\g<x>" y="\g<y>" width="\g<width>" height="\g<height>" fill="white"/>'
    return re.sub(VIEW_BOX, ground, svg, count=1)


def _key_for(emulator: Emulator) -> dict[str, str]:
    return {"GROQ_API_URL": emulator.base_url, "GROQ_API_KEY": EMULATOR_KEY}


@contextmanager
def _worker(engine: EngineProcess, environ: Mapping[str, str]) -> Iterator[None]:
    """Run the worker as a process of its own while the block lasts."""
    with tempfile.TemporaryDirectory(prefix="catalyst-pictures-") as folder:
        child = ChildProcess(
            [sys.executable, "-P", "-m", "catalyst_groq", "run"],
            folder=Path(folder),
            log=Path(folder) / "worker.log",
            environment={"PATH": os.environ["PATH"], "CATALYST_ENGINE_URL": engine.rest_url, **environ},
        )
        try:
            yield
        finally:
            child.terminate(PATIENCE)


if __name__ == "__main__":
    main()
