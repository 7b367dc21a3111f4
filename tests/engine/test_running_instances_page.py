"""The commands of docs/running-instances.md that it marks work in the order of the page."""

import pytest

from support.documented_commands import command_blocks

pytestmark = [pytest.mark.engine, pytest.mark.slow]
OWN_PROCESS = "cat > my-process.bpmn"


@pytest.fixture
def own_process(tmp_path):
    """The diagram that the reader has written on the page Start."""
    [block] = [block for block in command_blocks("start.md") if OWN_PROCESS in block.commands]
    block.run(tmp_path, "http://unused.invalid/engine-rest")


@pytest.mark.usefixtures("worker", "own_process")
def test_running_instances_page_leads_to_the_end_of_the_instance(engine, emulator, tmp_path):
    blocks = command_blocks("running-instances.md")
    for block in blocks:
        block.run(tmp_path, engine.rest_url)

    assert len(blocks) == 3
    [call] = emulator.calls
    assert call.body["messages"][0]["content"] == "Translate into English: Guten Morgen"
