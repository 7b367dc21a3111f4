"""Every mistake that lint finds shows on a real engine too, with the same fix: docs/mistakes.md."""

import pytest

from support.lint_diagrams import lint
from support.planted_mistakes.mistake import Place
from support.planted_mistakes.runs import MistakeRunner
from support.planted_mistakes.table import MISTAKES

pytestmark = pytest.mark.engine
MAX_SECONDS = 50


@pytest.fixture(scope="module")
def shown(process_client, worker):
    """How each mistake shows, all of them at once."""
    return MistakeRunner(process_client, worker, MISTAKES).run(MAX_SECONDS)


@pytest.mark.parametrize("name", MISTAKES)
def test_task_shows_the_mistake_with_the_fix_of_lint(shown, name):
    mistake, found = MISTAKES[name], shown[name]
    messages = [finding.message for finding in lint(mistake.inside) if finding.rule_id == mistake.rule_id]

    if mistake.shown is None:
        assert found.place is Place.INCIDENT
        assert found.text.startswith(tuple(messages))
        return
    assert found.place is mistake.shown.place, found.text
    assert mistake.shown.text in found.text
