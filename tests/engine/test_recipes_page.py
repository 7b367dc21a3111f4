"""The commands of docs/recipes.md work in the order of the page."""

import pytest

from support.documented_commands import command_blocks

pytestmark = [pytest.mark.engine, pytest.mark.slow]


@pytest.mark.usefixtures("worker")
def test_recipes_page_starts_every_recipe(engine, tmp_path):
    blocks = command_blocks("recipes.md")
    for block in blocks:
        block.run(tmp_path, engine.rest_url)

    assert len(blocks) == 7
