"""Diagrams without a mistake, in many shapes: lint finds nothing in them, or hints only."""

from dataclasses import replace

import pytest

from catalyst_groq.commands.lint.context import default_context
from catalyst_groq.commands.lint.linter import lint_diagram
from catalyst_groq.commands.lint.rules import Severity
from catalyst_groq.connector.access.urls import GROQ_URL, AllowedUrls
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.api.server_kinds import ServerKind
from catalyst_groq.groq.routing.endpoints import Endpoint
from support.bpmn_shapes import make_healthy_shape
from support.lint_diagrams import CATCHER, example_diagram, lint, lint_task, process_around, task_with

pytestmark = pytest.mark.slow

ALLOWED = AllowedUrls(GROQ_URL, ("http://localhost:8000/v1",))
HELLO = '"messages": [{"role": "user", "content": "Hello"}]'
JSON_MODE = '"response_format": {"type": "json_object"}, "messages": [{"role": "user", "content": "Answer in JSON"}]'
LINE = '{"type": "object", "properties": {"price": {"type": ["number", "null"]}, "more": {}}}'
SCHEMA = (
    '"response_format": {"type": "json_schema", "json_schema": {"name": "order", "schema": {"type": "object", '
    '"properties": {"amount": {"type": "number"}, "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}}, '
    f'"either": {{"anyOf": [{{"type": "string"}}, {LINE}]}}, "tree": {{"$ref": "#"}}, '
    '"open": {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": true}}, '
    f'"$defs": {{"line": {LINE}}}}}}}}}, {HELLO}'
)
TOOL = '{"type": "function", "function": {"name": "a", "parameters": {"type": "object", "properties": {"b": {}}}}}'
QWEN = '"model": "qwen/qwen3.8-27b"'
TRANSCRIBE = {"catalyst_operation": "transcribe"}


def payload(text, **others):
    return {"catalyst_payload": "{" + text + "}", **others}


def content(text, **others):
    return payload(f'"messages": [{{"role": "user", "content": {text}}}]', **others)


def mapped(expression, text=HELLO):
    return payload(text, catalyst_responseMapping='{"value": "' + expression + '"}')


def parsed(path, text=SCHEMA):
    return mapped(f"parse_json(choices[0].message.content){path}", text)


FIELDS = {
    "template as it is": {},
    "YAML payload": {"catalyst_payload": "max_tokens: 9\nmessages:\n  - role: user\n    content: Hello ${name}"},
    "messages of a variable": payload('"messages": "${items}"'),
    "message of a variable": payload('"messages": ["${items[0]}", {"role": "user", "content": "Hello"}]'),
    "parts of a variable": payload('"messages": [{"role": "user", "content": ["What is this?", "${photo}"]}], ' + QWEN),
    "content of a variable": content('"${photo}"'),
    "image of a URL": payload(
        '"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "${photo}"}}]}], ' + QWEN
    ),
    "parameters of variables": payload(
        f'"temperature": "${{seconds}}", "tools": "${{items}}", "stop": "${{name}}", {HELLO}'
    ),
    "schema of a variable": payload(
        '"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": "${items}"}}, ' + HELLO
    ),
    "default of a placeholder": content("\"Hello ${missing || 'there'}\""),
    "functions of JMESPath": content("\"${join(', ', items)} ${length(items)} ${to_string(items[?price > `3`].id)}\""),
    "object of a placeholder": payload('"messages": ["${name && {role: \'user\', content: name}}"]'),
    "literal mark": content('"Write $${x} for a variable"'),
    "braces of JSON": content('"Answer like {\\"a\\": {\\"b\\": 1}} and [[1]]"'),
    "model of a variable": {"catalyst_model": "${model}"},
    "model of the payload's variable": payload('"model": "${model}", ' + HELLO),
    "timeout of a variable": {"catalyst_timeout": "${seconds}"},
    "URL of a variable": {"catalyst_url": "${name}"},
    "secret of a placeholder": {"catalyst_apiKey": "groq_${name}"},
    "list of waits": {"catalyst_retries": "PT10S,PT1M,PT1H"},
    "JSON object": parsed(".any.path", JSON_MODE),
    "schema's number": parsed(".amount"),
    "schema's list": parsed(".lines[0].price"),
    "schema's projection": parsed(".lines[].price"),
    "schema's filter": parsed(".lines[?price > `3`].price | [0]"),
    "schema's open part": parsed(".open.anything"),
    "schema's alternatives": parsed(".either.anything"),
    "schema's recursion": parsed(".tree.tree.amount"),
    "schema's anything": parsed(".lines[0].more.anything"),
    "object of an expression": parsed(".{a: amount, b: lines[0].price}"),
    "tool calls": mapped("tool_calls(@)[0].arguments.b", f'"tools": [{TOOL}], {HELLO}'),
    "one of two tools": mapped("tool_calls(@)[0].arguments.c", f'"tools": [{TOOL}, {TOOL}], {HELLO}'),
    "raw tool calls": mapped("choices[0].message.tool_calls[0].function.arguments", f'"tools": [{TOOL}], {HELLO}'),
    "reasoning": mapped("choices[0].message.reasoning", f'"reasoning_effort": "low", {HELLO}'),
    "whole answer": mapped("@"),
    "details of the usage": mapped("usage.prompt_tokens_details.cached_tokens"),
    "Groq's own part": mapped("x_groq.id"),
    "alternatives in a mapping": mapped("choices[0].message.content || 'nothing'"),
    "all choices": mapped("choices[*].message.content | [0]"),
    "types in a mapping": {"catalyst_responseMapping": '{"a:Long": "usage.total_tokens", "b:Json": "choices"}'},
    "empty mapping": {"catalyst_responseMapping": "{}"},
    "no error mapping": {"catalyst_errorMapping": "{}"},
    "many causes": {
        "catalyst_errorMapping": '{"5xx": "A", "timeout": "B", "network": "C", "empty_answer": "D", '
        '"budget_exceeded": "E", "model_not_found": "F", "json_validate_failed": "G", "429": "H"}'
    },
    "conversation": {"catalyst_conversation": "turns"},
    "fallback models": {"catalyst_fallbackModels": "openai/gpt-oss-20b, qwen/qwen3.8-27b"},
    "many parameters": payload(
        f'"seed": 1, "top_p": 0.5, "stop": ["a"], "user": "me", "presence_penalty": 1, "stream": true, {HELLO}'
    ),
    "all roles": payload(
        '"messages": [{"role": "system", "content": "a"}, {"role": "user", "content": "b"}, {"role": "assistant", '
        '"tool_calls": [{"id": "1", "type": "function", "function": {"name": "a", "arguments": "{}"}}]}, '
        f'{{"role": "tool", "tool_call_id": "1", "content": "c"}}], "tools": [{TOOL}]'
    ),
    "long text that may be shortened": content(
        f'"{"word " * 150}"', catalyst_model="meta-llama/llama-prompt-guard-2-22m", catalyst_whenTooLong="dropTurns"
    ),
    "base URL": {"catalyst_url": "https://api.groq.com/openai/v1"},
    "key of a process variable": {"catalyst_secretSource": "variable", "catalyst_apiKey": "tenantKey"},
    "key of a placeholder": {"catalyst_secretSource": "variable", "catalyst_apiKey": "${tenantKey}"},
    "key of a file": {"catalyst_secretSource": "file", "catalyst_apiKey": "groq-team.key"},
    "transcription": TRANSCRIBE,
    "translation": {
        **TRANSCRIBE,
        "catalyst_translate": "true",
        "catalyst_model": "whisper-large-v3",
        "catalyst_responseFormat": "json",
        "catalyst_responseMapping": '{"text": "text"}',
    },
    "recording of a URL": {**TRANSCRIBE, "catalyst_audio": "https://example.com/a.mp3"},
    "recording of a placeholder": {**TRANSCRIBE, "catalyst_audio": "${recording}"},
    "words of a transcription": {
        **TRANSCRIBE,
        "catalyst_timestampGranularities": "word",
        "catalyst_responseMapping": '{"words": "words[].word", "first": "segments[0].text"}',
    },
}
TASK = '<bpmn:serviceTask id="Ask" camunda:type="external" camunda:topic="catalyst-groq">'
MAPPED = (
    '<camunda:field name="catalyst_responseMapping"><camunda:string>{"reply": "model"}</camunda:string></camunda:field>'
)
ITEMS = '<bpmn:multiInstanceLoopCharacteristics camunda:asyncAfter="true" camunda:collection="items"/>'
ELEMENTS = {
    "errors of their own": task_with({}).replace(
        CATCHER,
        "".join(
            f'<bpmn:boundaryEvent id="{code}" attachedToRef="Ask"><bpmn:errorEventDefinition errorRef="{code}"/>'
            "</bpmn:boundaryEvent>"
            for code in ("RATE_LIMITED", "AUTH_FAILED", "INVALID_REQUEST", "BUDGET_EXCEEDED")
        ),
    ),
    "event subprocess": task_with({"catalyst_errorMapping": '{"429": "BUSY"}'}).replace(
        CATCHER,
        '<bpmn:subProcess id="Busy" triggeredByEvent="true"><bpmn:startEvent id="Caught">'
        '<bpmn:errorEventDefinition errorRef="BUSY"/></bpmn:startEvent></bpmn:subProcess>',
    ),
    "message event": '<bpmn:endEvent id="Ask"><bpmn:messageEventDefinition camunda:type="external" '
    f'camunda:topic="catalyst-groq"><bpmn:extensionElements>{MAPPED}</bpmn:extensionElements>'
    "</bpmn:messageEventDefinition></bpmn:endEvent>",
    "send task": f"{TASK}</bpmn:serviceTask>".replace("serviceTask", "sendTask"),
    "items of a subprocess": '<bpmn:subProcess id="Each"><bpmn:extensionElements><camunda:inputOutput>'
    '<camunda:inputParameter name="reply"/><camunda:inputParameter name="catalyst_error"/></camunda:inputOutput>'
    f"</bpmn:extensionElements>{ITEMS}{TASK}<bpmn:extensionElements>{MAPPED}</bpmn:extensionElements></bpmn:serviceTask>"
    "</bpmn:subProcess>",
    "items one after the other": '<bpmn:subProcess id="Each"><bpmn:multiInstanceLoopCharacteristics '
    f'isSequential="true" camunda:collection="items"/>{TASK}</bpmn:serviceTask></bpmn:subProcess>',
    "error that the engine throws for a condition": task_with(
        {}, extensions='<camunda:errorEventDefinition errorRef="TOO_BUSY" expression="${externalTask.retries == 0}"/>'
    ).replace("<bpmn:errorEventDefinition/>", '<bpmn:errorEventDefinition errorRef="TOO_BUSY"/>'),
    "items that are collected": task_with({"catalyst_collect": "results"}, inside=ITEMS),
    "items that are collected by a key": task_with(
        {"catalyst_collect": "results", "catalyst_collectKey": "${items.id}", "catalyst_collectErrors": "false"},
        inside=ITEMS,
    ),
    "items that are collected in a computed variable": task_with({"catalyst_collect": "${name}_results"}, inside=ITEMS),
    "computed collecting of a single task": task_with({"catalyst_collect": "${name}"}),
    "nested items that are collected by a key": f'<bpmn:subProcess id="Each">{ITEMS}'
    + task_with({"catalyst_collect": "results", "catalyst_collectKey": "${name}"}, inside=ITEMS)
    + "</bpmn:subProcess>",
    "items that a listener collects": f"{TASK}<bpmn:extensionElements><camunda:executionListener event='end' "
    f"expression='${{replies.add(aiReply)}}'/></bpmn:extensionElements>{ITEMS}</bpmn:serviceTask>",
    "value of an input parameter": task_with(
        content('"Be ${tone} ${style}"'),
        extensions='<camunda:inputOutput><camunda:inputParameter name="style">${x}</camunda:inputParameter>'
        "</camunda:inputOutput>",
    ),
    "payload with escaped marks": task_with(
        {},
        extensions='<camunda:inputOutput><camunda:inputParameter name="catalyst_payload">'
        '{"messages": [{"role": "user", "content": "\\${userMessage}"}]}</camunda:inputParameter>'
        "</camunda:inputOutput>",
    ),
    "output that an output parameter keeps": task_with(
        {},
        extensions='<camunda:inputOutput><camunda:inputParameter name="aiReply"/>'
        '<camunda:outputParameter name="reply">${aiReply}</camunda:outputParameter></camunda:inputOutput>',
    ),
    "task of another worker": '<bpmn:serviceTask id="Other" camunda:type="external" camunda:topic="mail"/>',
    "process that is not executable": f'<bpmn:process id="test" isExecutable="false">{TASK}</bpmn:serviceTask>'
    "</bpmn:process>",
    "process of another worker without a time to live": '<bpmn:process id="test" isExecutable="true">'
    '<bpmn:serviceTask id="Other" camunda:type="external" camunda:topic="mail"/></bpmn:process>',
    "no task at all": '<bpmn:userTask id="Look"/>',
}


def problems_of(findings):
    return [finding for finding in findings if finding.severity is not Severity.HINT]


@pytest.mark.parametrize("fields", FIELDS.values(), ids=FIELDS)
def test_healthy_task_has_no_problem(fields):
    assert problems_of(lint_task(fields)) == []


@pytest.mark.parametrize("elements", ELEMENTS.values(), ids=ELEMENTS)
def test_healthy_process_has_no_problem(elements):
    assert problems_of(lint(elements)) == []


def test_variable_that_collects_is_set_by_the_diagram():
    collecting = task_with({"catalyst_collect": "results"}, inside=ITEMS)
    reading = task_with(content('"Sum up ${results}"')).replace('"Ask"', '"Sum"').replace('"Failed"', '"SumFailed"')

    assert lint(collecting + reading) == []


def test_time_to_live_is_not_asked_of_a_deployed_process():
    """The engine has taken it."""
    process = f'<bpmn:process id="test">{TASK}</bpmn:serviceTask></bpmn:process>'

    assert problems_of(lint(process, is_deployed=True)) == []
    assert [finding.rule_id for finding in problems_of(lint(process))] == ["missing-time-to-live"]


def test_healthy_diagram_of_any_shape_has_no_problem():
    context, tasks = replace(default_context(), topics=("shapes", "shapes-2")), 0
    for seed in range(100):
        shape = make_healthy_shape(seed)
        tasks += len(shape.tasks)

        assert problems_of(lint_diagram(shape.content, context)) == [], seed
    assert tasks > 100


def test_diagram_of_another_namespace_is_read_alike():
    """Operaton has a namespace of its own, and engines still read that of Activiti."""
    diagram = example_diagram({"catalyst_retries": "3"})
    camunda = "http://camunda.org/schema/1.0/bpmn"
    found = {
        namespace: lint_diagram(diagram.replace(camunda, namespace), default_context())
        for namespace in (camunda, "http://operaton.org/schema/1.0/bpmn", "http://activiti.org/bpmn")
    }

    assert [finding.rule_id for finding in found[camunda]] == ["invalid-retries"]
    assert list(found.values()) == [found[camunda]] * 3


def test_endpoints_and_other_urls_are_not_judged_as_groq():
    """Other servers have other models, parameters and answers."""
    fields = {
        "catalyst_model": "acme/assistant",
        "catalyst_payload": "{" + f'"top_k": 3, "reasoning_effort": "extreme", {HELLO}' + "}",
        "catalyst_responseMapping": '{"value": "choices[0].message.thoughts", "cost": "usage.cost"}',
        "catalyst_errorMapping": '{"capacity": "BUSY"}',
    }

    elsewhere = Endpoint("local", Account("http://localhost:8000/v1", "", ServerKind.OTHER))

    assert lint_task(fields, endpoints=(elsewhere,)) == []
    assert lint_task(fields | {"catalyst_url": "http://localhost:8000/v1"}, urls=ALLOWED) == []
    assert problems_of(lint_diagram(process_around(task_with(fields)), default_context())) != []
