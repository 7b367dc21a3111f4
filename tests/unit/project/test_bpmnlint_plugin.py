"""The files of the plugin that a script writes are those of the rules."""

import json

import bpmnlint_plugin
import pytest

from catalyst_groq import __version__

pytestmark = pytest.mark.slow


def test_generated_files_of_the_plugin_are_those_of_the_rules():
    written = bpmnlint_plugin.generated_files()
    stale = [path.name for path, text in written.items() if not path.exists() or path.read_text("utf-8") != text]

    assert stale == [], "run `make plugin`"
    assert {*bpmnlint_plugin.FOLDER.glob("rules/*")} <= written.keys()


def test_plugin_has_the_version_of_the_worker():
    assert json.loads((bpmnlint_plugin.FOLDER / "package.json").read_text())["version"] == __version__
