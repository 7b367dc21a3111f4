"""The commands of docs/recipes.md work in the order of the page."""

import re

import pytest

from support.command_line import CommandLine
from support.documented_code import DOCS
from support.documented_commands import command_blocks

pytestmark = [pytest.mark.engine, pytest.mark.slow]


@pytest.mark.usefixtures("worker")
def test_recipes_page_starts_every_recipe(engine, tmp_path):
    blocks = command_blocks("recipes.md")
    for block in blocks:
        block.run(tmp_path, engine.rest_url)

    assert len(blocks) == 7


def test_diagrams_on_the_page_can_be_deployed(engine, tmp_path, monkeypatch):
    commands = CommandLine(tmp_path, monkeypatch, CATALYST_ENGINE_URL=engine.rest_url)
    shown = re.findall(r"```xml\n(<\?xml.+?)```", (DOCS / "recipes.md").read_text(encoding="utf-8"), re.DOTALL)
    for number, xml in enumerate(shown):
        file = tmp_path / f"{number}.bpmn"
        file.write_text(xml)
        assert commands.run("deploy", file)[0] == 0
        assert commands.run("lint", file)[0] == 0

    assert len(shown) == 2
