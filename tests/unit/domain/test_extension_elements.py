"""Fields and properties in the namespaces of the engines."""

import itertools

import pytest

from catalyst_groq.domain.definitions import parse
from catalyst_groq.domain.extension_elements import FieldsError

NAMESPACES = {
    "camunda": "http://camunda.org/schema/1.0/bpmn",
    "operaton": "http://operaton.org/schema/1.0/bpmn",
    "activiti": "http://activiti.org/bpmn",
    "other": "http://example.org/other",
}
DECLARATIONS = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())


def field(prefix, text, name="catalyst_payload"):
    return f'<{prefix}:field name="{name}"><{prefix}:string>{text}</{prefix}:string></{prefix}:field>'


def prop(prefix, text, name="catalyst_model"):
    return f'<{prefix}:properties><{prefix}:property name="{name}" value="{text}"/></{prefix}:properties>'


def fields_of(extensions, topic="camunda"):
    xml = f"""<b:definitions xmlns:b="http://www.omg.org/spec/BPMN/20100524/MODEL" {DECLARATIONS}><b:process id="p">
        <b:serviceTask id="Ask" {topic}:type="external" {topic}:topic="t">
        <b:extensionElements>{extensions}</b:extensionElements></b:serviceTask></b:process></b:definitions>"""
    return parse(xml).fields_of("Ask")


ENGINES = ["camunda", "operaton", "activiti"]


@pytest.mark.parametrize(("topic", "prefix"), list(itertools.product(ENGINES, ENGINES)))
def test_fields_are_read_in_every_namespace_of_an_engine(topic, prefix):
    extensions = field(prefix, "text") + prop(prefix, "a-model")

    assert fields_of(extensions, topic) == {"catalyst_payload": "text", "catalyst_model": "a-model"}


def test_fields_are_read_under_any_prefix():
    renamed = (
        field("camunda", "text")
        .replace("camunda:", "x:")
        .replace("<x:field", f'<x:field xmlns:x="{NAMESPACES["camunda"]}"')
    )

    assert fields_of(renamed) == {"catalyst_payload": "text"}


def test_camunda_takes_precedence_over_activiti_as_in_the_engine():
    for first, second in itertools.permutations(["camunda", "activiti"]):
        assert fields_of(field(first, first) + field(second, second)) == {"catalyst_payload": "camunda"}


@pytest.mark.parametrize("other", ["camunda", "activiti"])
@pytest.mark.parametrize("make", [field, prop])
def test_texts_that_depend_on_the_engine_are_refused(other, make):
    assert fields_of(make("operaton", "same") + make(other, "same"))
    with pytest.raises(FieldsError, match=r"has two texts of 'catalyst_.*' at 'Ask': in the namespace of Operaton"):
        fields_of(make("operaton", "one") + make(other, "two"))


def test_namespaces_complement_each_other():
    extensions = field("operaton", "a") + field("camunda", "b", "catalyst_errorMapping")

    assert fields_of(extensions) == {"catalyst_payload": "a", "catalyst_errorMapping": "b"}


@pytest.mark.parametrize("make", [field, prop])
def test_field_in_a_foreign_namespace_is_refused(make):
    with pytest.raises(FieldsError, match=r"in the namespace http://example\.org/other. Write it in one of http"):
        fields_of(make("other", "text"))


def test_elements_of_other_vendors_are_ignored():
    extensions = '<other:field name="width"/><other:note name="catalyst_payload"/>' + prop("other", "x", "colour")

    assert fields_of(extensions) == {}


def test_property_takes_precedence_over_a_field_unless_it_is_blank():
    for value, expected in (("from-property", "from-property"), (" ", "from-field")):
        extensions = prop("camunda", value) + field("camunda", "from-field", "catalyst_model")
        assert fields_of(extensions) == {"catalyst_model": expected}


def test_text_of_a_field_is_whole():
    assert fields_of(field("camunda", "a<!-- c -->b<?pi?>c<![CDATA[<d>]]>&lt;")) == {"catalyst_payload": "abc<d><"}
    with pytest.raises(FieldsError, match=r"has the element <b> in the text of a field. Write &lt; for <, or CDATA"):
        fields_of(field("camunda", "Hello <b>world</b>!"))


def test_mistake_in_one_task_leaves_the_others_readable():
    xml = f"""<b:definitions xmlns:b="http://www.omg.org/spec/BPMN/20100524/MODEL" {DECLARATIONS}><b:process id="p">
        <b:serviceTask id="Good" camunda:topic="t"/><b:serviceTask id="Bad" camunda:topic="t">
        <b:extensionElements>{field("other", "x")}</b:extensionElements></b:serviceTask></b:process></b:definitions>"""
    definition = parse(xml)

    assert definition.fields_of("Good") == {}
    with pytest.raises(FieldsError):
        definition.fields_of("Bad")


@pytest.mark.parametrize("prefix", NAMESPACES)
def test_fields_as_input_parameters_are_found_in_any_namespace(prefix):
    inputs = "".join(f'<camunda:inputParameter name="{name}"/>' for name in ("catalyst_model", "customer"))
    written = f"<camunda:inputOutput>{inputs}</camunda:inputOutput>".replace("camunda", prefix)
    message = f"<b:messageEventDefinition camunda:type='external' camunda:topic='t'>{extended(written)}"
    xml = f"""<b:definitions xmlns:b="http://www.omg.org/spec/BPMN/20100524/MODEL" {DECLARATIONS}><b:process id="p">
        <b:serviceTask id="Ask" camunda:topic="t">{extended(written)}</b:serviceTask>
        <b:endEvent id="Tell">{message}</b:messageEventDefinition></b:endEvent></b:process></b:definitions>"""

    assert parse(xml).field_inputs == {"Ask": {"catalyst_model"}, "Tell": {"catalyst_model"}}


def extended(extensions):
    return f"<b:extensionElements>{extensions}</b:extensionElements>"
