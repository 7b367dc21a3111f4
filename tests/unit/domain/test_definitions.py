"""The parsed BPMN: fields, and which events catch a BPMN error."""

import pytest

from catalyst_groq.domain.definitions import MAX_INLINE_CHARS, is_parsed_quickly, parse, parse_or_explain, read_inline
from catalyst_groq.domain.extension_elements import FieldsError

ERRORS = """
<error id="Limited" errorCode="RATE_LIMITED"/><error id="Denied" errorCode="AUTH_FAILED"/><error id="NoCode"/>"""
ASK = '<serviceTask id="Ask" camunda:type="external" camunda:topic="catalyst-groq"/>'


def bpmn(*processes):
    inside = "".join(f'<process id="p{number}">{process}</process>' for number, process in enumerate(processes))
    return (
        '<?xml version="1.0" encoding="UTF-8"?><definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
        f'xmlns:camunda="http://camunda.org/schema/1.0/bpmn">{ERRORS}{inside}</definitions>'
    )


def boundary(attached_to, error=""):
    reference = f' errorRef="{error}"' if error else ""
    return f'<boundaryEvent id="b" attachedToRef="{attached_to}"><errorEventDefinition{reference}/></boundaryEvent>'


def on_error(inside="", error=""):
    reference = f' errorRef="{error}"' if error else ""
    start = f'<startEvent id="s"><errorEventDefinition{reference}/></startEvent>'
    return f'<subProcess id="OnError" triggeredByEvent="true">{start}{inside}</subProcess>'


def sub(inside, tag="subProcess"):
    return f'<{tag} id="Sub">{inside}</{tag}>'


def catches(process, code="RATE_LIMITED"):
    return parse(bpmn(process)).catches("Ask", code)


@pytest.mark.parametrize(
    ("process", "caught"),
    [
        (ASK, False),
        (ASK + boundary("Ask", "Limited"), True),
        (boundary("Ask", "Limited") + ASK, True),
        (ASK + boundary("Ask", "Denied"), False),
        (ASK + boundary("Ask", "Denied") + boundary("Ask", "Limited"), True),
        (ASK + boundary("Ask"), True),
        (ASK + boundary("Ask", "NoCode"), True),
        (ASK + boundary("Ask", "RATE_LIMITED"), True),
        (ASK + boundary("Other", "Limited"), False),
        (ASK + '<boundaryEvent id="t" attachedToRef="Ask"><timerEventDefinition/></boundaryEvent>', False),
        (sub(ASK) + boundary("Sub", "Limited"), True),
        (sub(ASK) + boundary("Sub", "Denied"), False),
        (sub(ASK, "transaction") + boundary("Sub", "Limited"), True),
        (sub(sub(ASK)).replace("Sub", "Outer", 1) + boundary("Outer", "Limited"), True),
        (sub("<task id='t'/>") + boundary("Sub", "Limited") + ASK, False),
        (ASK + on_error(error="Limited"), True),
        (ASK + on_error(error="Denied"), False),
        (ASK + on_error(), True),
        (sub(ASK) + on_error(error="Limited"), True),
        (sub(ASK + on_error(error="Limited")), True),
        (sub(on_error(error="Limited")) + ASK, False),
        (on_error(ASK, error="Limited"), False),
        (on_error(ASK, error="Limited") + on_error(error="Limited"), True),
        (on_error(ASK + on_error(error="Limited")), True),
        (on_error(ASK + boundary("Ask", "Limited")), True),
        (sub(on_error(ASK, error="Limited")) + boundary("Sub", "Limited"), True),
        (sub(on_error(ASK, error="Limited")) + on_error(error="Limited"), True),
        (ASK + '<subProcess id="OnMessage" triggeredByEvent="true"><startEvent/></subProcess>', False),
    ],
)
def test_error_is_caught_on_the_task_or_around_it(process, caught):
    assert catches(process) is caught


LOOP = "<multiInstanceLoopCharacteristics/>"
LOOPING = ASK.replace("/>", f">{LOOP}</serviceTask>")


def loop_around(inside, scope_id, *names):
    inputs = "".join(f'<camunda:inputParameter name="{name}"/>' for name in names)
    extension = f"<extensionElements><camunda:inputOutput>{inputs}</camunda:inputOutput></extensionElements>"
    return f'<subProcess id="{scope_id}">{extension}{LOOP}{inside}</subProcess>'


@pytest.mark.parametrize(
    ("process", "loops"),
    [
        (ASK, []),
        (LOOPING, [("Ask", set(), False)]),
        (LOOPING + boundary("Ask"), [("Ask", set(), False)]),
        (sub(LOOPING), [("Ask", set(), False)]),
        (loop_around(ASK, "Each", "a"), [("Each", {"a"}, False)]),
        (loop_around(ASK + boundary("Ask"), "Each"), [("Each", set(), True)]),
        (loop_around(ASK, "Each") + boundary("Each"), [("Each", set(), False)]),
        (loop_around(sub(ASK) + boundary("Sub"), "Each"), [("Each", set(), True)]),
        (loop_around(ASK + on_error(), "Each"), [("Each", set(), True)]),
        (
            loop_around(loop_around(ASK, "Inner", "b") + boundary("Inner"), "Outer", "a"),
            [("Inner", {"b"}, False), ("Outer", {"a"}, True)],
        ),
        (sub("<task id='t'/>" + LOOP) + ASK, []),
    ],
)
def test_loops_on_and_around_a_task_are_found(process, loops):
    found = parse(bpmn(process)).multi_instances.get("Ask", ())

    assert [(loop.activity_id, loop.item_variables, bool(loop.caught)) for loop in found] == loops


def test_error_event_catches_nothing_in_another_process():
    definition = parse(bpmn(ASK.replace("Ask", "AskA"), ASK.replace("Ask", "AskB") + boundary("AskB") + on_error()))
    assert not definition.catches("AskA", "RATE_LIMITED")
    assert definition.catches("AskB", "RATE_LIMITED")


@pytest.mark.parametrize("activity", ["Nobody", "Plain", "Elsewhere"])
def test_activity_that_is_not_found_has_no_defaults(activity):
    elsewhere = '<serviceTask id="Elsewhere" x:topic="catalyst-groq" xmlns:x="http://cibseven.org/schema/1.0/bpmn"/>'
    definition = parse(bpmn(ASK + '<serviceTask id="Plain"/>' + elsewhere))

    with pytest.raises(
        FieldsError, match=f"^has no external task '{activity}' with a topic in the namespace of a known"
    ):
        definition.fields_of(activity)


def test_ids_and_references_have_no_white_space_as_in_the_engine():
    process = (
        ASK.replace('"Ask"', '" Ask\n"')
        + boundary("\tAsk ", " Limited ")
        + on_error(error=" Denied ").replace('"true"', '" true "')
    )

    assert parse(bpmn(process)).fields_of("Ask") == {}
    assert catches(process)
    assert catches(process, "AUTH_FAILED")


@pytest.mark.parametrize(("code", "caught"), [("BAD", True), (" BAD ", False), ("", False)])
def test_error_codes_are_compared_as_written(code, caught):
    xml = bpmn(ASK + boundary("Ask", "Odd")).replace("<error ", f'<error id="Odd" errorCode="{code}"/><error ', 1)
    assert parse(xml).catches("Ask", "BAD") is caught


def test_elements_of_other_vendors_are_no_events():
    vendor = (
        '<extensionElements><x:history xmlns:x="urn:x"><process id="old">{}</process></x:history></extensionElements>'
    )
    definition = parse(bpmn(ASK + vendor.format(ASK.replace("Ask", "Old") + boundary("Ask"))))

    assert set(definition.origins) == {"Ask"}
    assert not definition.catches("Ask", "RATE_LIMITED")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xff", "has bytes that do not fit the encoding UTF-8"),
        (b"<a>", "is not well-formed XML"),
        (b'<?xml version="1.0" encoding="UTF-16"?><a>', "is not"),
    ],
)
def test_diagram_that_cannot_be_read_is_not_an_empty_one(content, reason):
    assert read_inline(content).startswith(reason)


def test_diagram_in_xml_1_1_is_read():
    xml = bpmn(ASK).replace('version="1.0"', 'version="1.1"')
    assert parse_or_explain(xml.encode()).fields_of("Ask") == {}


def test_fields_are_parsed_in_every_notation():
    fields = """<extensionElements>
        <camunda:field name="prompt"><camunda:string>{\n "a": "${b}" &amp; more\n}</camunda:string></camunda:field>
        <camunda:field name="expression"><camunda:expression>${x}</camunda:expression></camunda:field>
        <camunda:field name="attribute" stringValue="short"/>
        <camunda:field name="expressionAttribute" expression="${y}"/>
        <camunda:field name="blank"><camunda:string/></camunda:field>
        <camunda:properties><camunda:property name="other" value="1"/></camunda:properties>
        </extensionElements>"""
    process = sub(f'<sendTask id="Ask" camunda:topic="catalyst-groq">{fields}</sendTask>') + ASK.replace("Ask", "Bare")

    definition = parse(bpmn(process))

    assert definition.fields_of("Ask") == {
        "prompt": '{\n "a": "${b}" & more\n}',
        "expression": "${x}",
        "attribute": "short",
        "expressionAttribute": "${y}",
        "blank": "",
        "other": "1",
    }
    assert definition.fields_of("Bare") == {}


@pytest.mark.parametrize("event", ["intermediateThrowEvent", "endEvent"])
def test_message_event_is_an_external_task_with_fields(event):
    field = '<camunda:field name="{}" stringValue="{}"/>'
    prop = '<camunda:properties><camunda:property name="timeout" value="5"/></camunda:properties>'
    message = f"""<{event} id="Ask">
        <extensionElements>{field.format("on the event", 1)}</extensionElements>
        <messageEventDefinition camunda:type="external" camunda:topic="catalyst-groq">
          <extensionElements>{field.format("on its message", 2)}{prop}</extensionElements>
        </messageEventDefinition></{event}>"""
    definition = parse(bpmn(sub(message) + boundary("Sub", "Limited")))

    assert definition.fields_of("Ask") == {"on the event": "1", "on its message": "2", "timeout": "5"}
    assert definition.catches("Ask", "RATE_LIMITED")
    assert not definition.catches("Ask", "AUTH_FAILED")


@pytest.mark.parametrize(
    ("xml", "is_quick"),
    [
        (bpmn(ASK), True),
        (bpmn(ASK) + " " * MAX_INLINE_CHARS, False),
        ('<!DOCTYPE a [<!ENTITY b "c">]>' + ASK, False),
        ('<!DOCTYPE a [<!ATTLIST a b CDATA "c">]>' + ASK, False),
        ('<!DOCTYPE a SYSTEM "b">' + ASK, False),
    ],
)
def test_diagram_is_parsed_beside_the_loop_unless_it_is_short_and_repeats_nothing(xml, is_quick):
    assert is_parsed_quickly(xml) is is_quick


def test_event_subprocess_catches_what_its_equal_sibling_throws():
    inside = on_error(ASK, "Limited")
    assert not catches(inside)
    assert catches(inside + on_error(error="Limited"))
    assert catches(sub(inside) + on_error(error="Limited"))
