"""Diagrams of any shape are parsed as an engine sees them: `tests/engine/test_diagrams.py` shows that for a sample."""

import pytest

from catalyst_groq.domain.definitions import Definition, parse_or_explain
from support.bpmn_shapes import CODES, make_shape

pytestmark = pytest.mark.slow

SHAPES = 800


@pytest.mark.parametrize("block", range(8))
def test_diagram_of_any_shape_is_parsed_as_it_is_written(block):
    for seed in range(block, SHAPES, 8):
        shape = make_shape(seed)
        definition = parse_or_explain(shape.content)

        assert isinstance(definition, Definition), (seed, definition)
        assert set(definition.origins) == set(shape.tasks), seed
        assert definition.calls == shape.calls, seed
        for activity, task in shape.tasks.items():
            assert definition.origins[activity] == (shape.key, task.topic)
            written = task.fields | {name: text for name, text in task.properties.items() if text.strip()}
            shown = definition.fields_of(activity)
            assert {name: text for name, text in shown.items() if text.strip()} == {
                name: text for name, text in written.items() if text.strip()
            }, seed
            assert {code for code in CODES if definition.catches(activity, code)} == task.caught, (seed, activity)
