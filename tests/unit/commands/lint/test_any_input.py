"""Whatever a diagram holds, lint returns findings."""

import json

from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.commands.lint.findings import Finding
from catalyst_groq.commands.lint.misspelt_fields import KNOWN_FIELDS
from catalyst_groq.commands.lint.rules import all_rules
from catalyst_groq.connector.fields.names import PAYLOAD, RESPONSE_MAPPING
from support.lint_diagrams import lint_task

NAMES = ["messages", "role", "content", "type", "text", "image_url", "url", "tools", "function", "name", "parameters"]
NAMES += ["response_format", "json_schema", "schema", "properties", "items", "$ref", "anyOf", "tool_calls", "model"]
SCALARS = st.sampled_from(
    ["user", "image_url", "text", "json_schema", "object", "array", "function", "${x}", "#", "{{x}}"]
)
VALUES = st.recursive(
    SCALARS | st.none() | st.booleans() | st.integers(-1, 200_000),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)
PATHS = ["choices[0].message.content", "parse_json(choices[0].message.content).a[0].b", "tool_calls(@)[].arguments.a"]
EXPRESSIONS = st.sampled_from([*PATHS, "usage.x || model", "choices[*].{a: index, b: @}[0].a.c", "f(&a, `1`)", "*[0]"])


def assert_findings(findings):
    for finding in findings:
        assert isinstance(finding, Finding)
        assert finding.rule_id in all_rules()
        assert finding.fix


@given(st.dictionaries(st.sampled_from(sorted(KNOWN_FIELDS)), st.text(), max_size=4))
def test_lint_of_any_texts_returns_findings(fields):
    assert_findings(lint_task(fields))


@given(
    st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4),
    st.lists(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3), max_size=2),
    EXPRESSIONS,
)
def test_lint_of_any_payload_returns_findings(payload, messages, expression):
    mapping = json.dumps({"value": expression})
    assert_findings(lint_task({PAYLOAD: json.dumps({**payload, "messages": messages}), RESPONSE_MAPPING: mapping}))
    assert_findings(lint_task({PAYLOAD: json.dumps(payload), RESPONSE_MAPPING: mapping}))
