"""The models that a BPMN diagram uses."""

import pytest

from catalyst_groq.commands.model_references import ModelReference, find_model_references
from support.diagrams import diagram


@pytest.mark.parametrize(
    ("parts", "models"),
    [
        ({}, []),
        ({"fields": {"catalyst_payload": '{"model": "a"}'}}, ["a"]),
        ({"fields": {"catalyst_payload": "model: a"}, "properties": {"catalyst_model": "b"}}, ["b"]),
        ({"properties": {"catalyst_model": "b", "catalyst_fallbackModels": "c, d"}}, ["b", "c", "d"]),
        ({"properties": {"catalyst_model": "${variable}"}}, []),
        ({"fields": {"catalyst_payload": "{"}}, []),
        ({"properties": {"catalyst_model": "b"}, "topic": "another"}, []),
    ],
)
def test_model_references_of_a_process(parts, models):
    key, xml = diagram(**parts)

    assert list(find_model_references(xml, ["catalyst-groq"])) == [
        ModelReference(key, "Ask", model) for model in models
    ]
