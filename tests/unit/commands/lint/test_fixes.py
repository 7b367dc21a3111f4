"""`--fix` replaces the values that are wrong, and leaves every other byte as it is."""

import json
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalyst_groq.commands.lint.context import default_context
from catalyst_groq.commands.lint.diagram import read_diagram
from catalyst_groq.commands.lint.fixer import FixedDiagram, fix_diagram
from catalyst_groq.commands.lint.fixes import FIXES
from catalyst_groq.commands.lint.linter import find_all
from catalyst_groq.commands.lint.rules import all_rules
from support.bpmn_shapes import make_shape
from support.lint_diagrams import example_diagram, process_around, task_with

CONTEXT = default_context()
RETIRED, NEWER = "llama3-70b-8192", "openai/gpt-oss-120b"
PROPERTY, TEXT = "property", "text"


def payload(content, **others):
    return json.dumps({**others, "messages": [{"role": "user", "content": content}]}, ensure_ascii=False)


MISTAKES = {
    "field name": (PROPERTY, ("catalyst_timeOut", "9"), ("catalyst_timeout", "9")),
    "fallback models": (
        PROPERTY,
        ("catalyst_fallbackModels", '["openai/gpt-oss-20b"; qwen/qwen3.8-27b]'),
        ("catalyst_fallbackModels", "openai/gpt-oss-20b, qwen/qwen3.8-27b"),
    ),
    "retired model": (PROPERTY, ("catalyst_model", RETIRED), ("catalyst_model", NEWER)),
    "cause": (
        TEXT,
        ("catalyst_errorMapping", '{"429": "timeouts",\n "timeouts" : "BUSY & <GONE>"}'),
        ("catalyst_errorMapping", '{"429": "timeouts",\n "timeout" : "BUSY & <GONE>"}'),
    ),
    "names in JSON": (
        TEXT,
        ("catalyst_payload", payload("Nr. ${kunde-nr} & $${kunde-nr}, <ä> ${execution.getVariable('x')}")),
        ("catalyst_payload", payload('Nr. ${"kunde-nr"} & $${kunde-nr}, <ä> ${x}')),
    ),
    "name in YAML": (
        TEXT,
        ("catalyst_payload", "messages:\r\n- role: user\n  content: >\n    Über ${kunde-nr} & <mehr>\n"),
        ("catalyst_payload", 'messages:\r\n- role: user\n  content: >\n    Über ${"kunde-nr"} & <mehr>\n'),
    ),
    "retired model of a payload": (
        TEXT,
        ("catalyst_payload", payload(f'Is "model": "{RETIRED}" new?', model=RETIRED)),
        ("catalyst_payload", payload(f'Is "model": "{RETIRED}" new?', model=NEWER)),
    ),
}
ENCODINGS = [
    ("UTF-8", "utf-8"),
    ("UTF-8", "utf-8-sig"),
    ("ISO-8859-1", "latin-1"),
    ("windows-1252", "cp1252"),
    ("UTF-16", "utf-16"),
]


def write(kind, name, text, form):
    """Return a field in one of the forms that XML has for it."""
    attribute = f'"{escape(text, {chr(34): "&quot;", chr(10): "&#10;", chr(13): "&#13;"})}"'
    if kind == PROPERTY:
        return f"<camunda:property value={attribute}\n  name='{name}' />"
    written = {
        "text": f"<camunda:string>{escape(text, {chr(13): '&#13;'})}</camunda:string>",
        "CDATA": f"<camunda:string ><![CDATA[{text.replace(chr(13), '')}]]></camunda:string>",
        "comment": f"<camunda:expression><!-- a < b -->{escape(text, {chr(13): '&#xD;'})}</camunda:expression>",
        "attribute": None,
    }[form]
    if written is None:
        return f'<camunda:field name="{name}" stringValue={attribute}/>'
    return f"<camunda:field\n name = '{name}'>{written}</camunda:field>"


def diagram(parts, line_end="\n"):
    """Return a diagram with one task for each of the parts: kind, name, text and form."""
    tasks = (
        "".join(
            f"""<!-- "catalyst_timeOut" --><bpmn:serviceTask id='T{number}' name="${{kunde-nr}} > {RETIRED}"
        camunda:type="external" camunda:topic="catalyst-groq"><bpmn:extensionElements>
        {write(*part)}</bpmn:extensionElements></bpmn:serviceTask>
        <bpmn:boundaryEvent id="B{number}" attachedToRef="T{number}"><bpmn:errorEventDefinition/>
        </bpmn:boundaryEvent>"""
            for number, part in enumerate(parts)
        )
        .replace("<camunda:property ", "<camunda:properties><camunda:property ")
        .replace("' />", "' /></camunda:properties>")
    )
    return process_around(tasks).replace("\n", line_end)


def fix(text, codec="utf-8", declared="UTF-8"):
    return fix_diagram(text.replace("UTF-8", declared, 1).encode(codec), CONTEXT)


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(st.sampled_from(list(MISTAKES)), st.sampled_from(["text", "CDATA", "comment", "attribute"])),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(ENCODINGS),
    st.sampled_from(["\n", "\r\n"]),
)
def test_fix_changes_nothing_but_the_wrong_values(planted, encoding, line_end):
    declared, codec = encoding
    wrong, right = (
        diagram([(MISTAKES[name][0], *MISTAKES[name][side], form) for name, form in planted], line_end)
        for side in (1, 2)
    )
    fixed = fix(wrong, codec, declared)

    assert fixed.content == right.replace("UTF-8", declared, 1).encode(codec)
    assert fixed.fixed >= len(planted)
    assert fix_diagram(fixed.content, CONTEXT) == FixedDiagram(fixed.content, 0)


@pytest.mark.parametrize(
    "fields",
    [
        {"catalyst_timeOut": "9", "catalyst_timeout": "5"},  # which one is meant?
        {"catalyst_colour": "red"},
        {"catalyst_errorMapping": '{"rate": "BUSY"}'},  # no misspelling: 429, or a code of Groq?
        {"catalyst_errorMapping": '{"timeout": "BUSY", "timeouts": "LATE"}'},
        {"catalyst_fallbackModels": "openai/gpt-oss-20b; my-model"},
        {"catalyst_model": "playai-tts"},
        {"catalyst_payload": payload("${a + b}")},
        {"catalyst_payload": payload("Hello {{name}}")},
        {"catalyst_model": RETIRED, "catalyst_payload": payload("Hello", tools=[], reasoning_effort="none")},
    ],
    ids=str,
)
def test_fix_leaves_what_needs_a_decision(fields):
    content = process_around(task_with(fields)).encode()

    assert fix_diagram(content, CONTEXT) == FixedDiagram(content, 0)


@pytest.mark.parametrize(
    ("fields", "rule_id"),
    [
        ({"catalyst_paylod": payload("Explain ${topicOfTheForm}")}, "missing-variable"),
        ({"catalyst_timeOut": "9 s"}, "invalid-timeout"),
    ],
    ids=["hint", "error"],
)
def test_fix_of_a_name_lets_its_value_be_checked(fields, rule_id):
    before = process_around(task_with(fields)).encode()
    after = fix_diagram(before, CONTEXT)

    assert after.fixed == 1
    assert rule_id in {finding.rule_id for finding in find_all(read_diagram(after.content), CONTEXT)[0]}


def test_fix_leaves_a_retired_model_whose_successor_cannot():
    picture = [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]
    text = json.dumps({"model": RETIRED, "messages": [{"role": "user", "content": picture}]})
    content = process_around(task_with({"catalyst_payload": text})).encode()

    assert fix_diagram(content, CONTEXT) == FixedDiagram(content, 0)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(
            "<bpmn:definitions", '<!DOCTYPE d [<!ENTITY a "catalyst_timeOut">]><bpmn:definitions'
        ),
        lambda text: text.replace("</bpmn:process>", ""),
        lambda text: text.replace("UTF-8", "US-ASCII").replace("Ask Groq", "Ask Größe"),
        lambda text: f"x{text}",
    ],
    ids=["document type", "not closed", "wrong encoding", "text before"],
)
def test_fix_leaves_diagrams_it_does_not_read(change):
    content = change(process_around(task_with({"catalyst_timeOut": "9"}))).encode()

    assert fix_diagram(content, CONTEXT) == FixedDiagram(content, 0)


@pytest.mark.slow
@pytest.mark.parametrize("rule", all_rules().values(), ids=all_rules())
def test_fix_of_example_leaves_nothing_to_fix(rule):
    fixed = fix_diagram(example_diagram(rule.wrong).encode(), CONTEXT)

    assert rule.fix or not fixed.fixed
    assert not fix_diagram(fixed.content, CONTEXT).fixed


def test_rules_with_a_fix_are_those_of_the_table():
    assert {rule.id for rule in all_rules().values() if rule.fix} == FIXES.keys()


@pytest.mark.slow
def test_fix_leaves_diagrams_of_any_shape_alone():
    for seed in range(100):
        content = make_shape(seed).content

        assert fix_diagram(content, CONTEXT) == FixedDiagram(content, 0), seed
