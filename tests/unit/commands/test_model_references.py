"""The models that a BPMN diagram uses."""

import pytest

from catalyst_groq.commands.model_references import ModelReference, find_model_references
from catalyst_groq.domain.definitions import parse
from support.bpmn_shapes import NAMESPACES
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

    assert list(find_model_references(parse(xml), ["catalyst-groq"])) == [
        ModelReference(key, "Ask", model) for model in models
    ]


@pytest.mark.parametrize("case", ["camunda", "operaton", "activiti", "a message event", "a list", "another encoding"])
def test_model_references_are_read_as_the_worker_reads(case):
    key, xml = diagram(fields={"catalyst_payload": '{"model": "a"}', "catalyst_fallbackModels": '["ü"]'})
    if case in NAMESPACES:
        xml = xml.replace(NAMESPACES["camunda"], NAMESPACES[case])
    if case == "a message event":
        opening = '<bpmn:endEvent id="Ask"><bpmn:messageEventDefinition'
        xml = xml.replace('<bpmn:serviceTask id="Ask" name="Ask Groq"', opening)
        xml = xml.replace("</bpmn:serviceTask>", "</bpmn:messageEventDefinition></bpmn:endEvent>")
    content = xml.replace("UTF-8", "UTF-16").encode("utf-16") if case == "another encoding" else xml.encode()

    assert list(find_model_references(parse(content), ["catalyst-groq"])) == [
        ModelReference(key, "Ask", "a"),
        ModelReference(key, "Ask", "ü"),
    ]
