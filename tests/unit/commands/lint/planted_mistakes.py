"""Mistakes that people made or may make, each with what lint says.

The numbers are the rows of the list of what new users stumbled over; `incident` is what the worker says when the task
runs: the same problem and the same fix.
"""

from typing import NamedTuple

from support.lint_diagrams import CATCHER, task_with

HELLO = '"messages": [{"role": "user", "content": "Hello"}]'
PICTURE = (
    '[{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]'
)
SCHEMA = (
    '"response_format": {"type": "json_schema", "json_schema": {"name": "order", "schema": {"type": "object", '
    '"properties": {"amount": {"type": "number"}, "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}}}, '
    '"$defs": {"line": {"type": "object", "properties": {"price": {"type": "number"}}}}}}}'
)
TOOL = (
    '"tools": [{"type": "function", "function": {"name": "look_up", "parameters": {"type": "object", '
    '"properties": {"order": {"type": "string"}}}}}]'
)


class Planted(NamedTuple):
    name: str
    inside: str
    rule_id: str
    problem: str
    fix: str
    incident: bool = False


def payload(text):
    return {"catalyst_payload": "{" + text + "}"}


def mapping(text):
    return {"catalyst_responseMapping": text}


def message(content):
    return payload(f'"messages": [{{"role": "user", "content": "{content}"}}]')


def field(name, fields, rule_id, problem, fix, *, incident=False):
    return Planted(name, task_with(fields), rule_id, problem, fix, incident)


MISTAKES = [
    # What the worker refuses, in its own words
    field(
        "comma missing in payload",
        payload('"max_tokens": 1 "messages": []'),
        "invalid-payload",
        "is not JSON: Expecting ',' delimiter at line 1",
        "Check quotes, commas and braces there",
        incident=True,
    ),
    field(
        "payload without messages",
        payload('"prompt": "Hello"'),
        "invalid-payload",
        "has no list of messages",
        'Add "messages": [{"role": "user", "content": "…"}]',
        incident=True,
    ),
    field(
        "payload is a list",
        {"catalyst_payload": "[1]"},
        "invalid-payload",
        "is a list",
        "Write a JSON object",
        incident=True,
    ),
    field(
        "payload asks for two choices",
        payload(f'"n": 2, {HELLO}'),
        "invalid-payload",
        "more than one choice",
        "Remove it",
        incident=True,
    ),
    field(
        "payload has a name in a message",
        payload('"messages": [{"role": "user", "name": "Ann", "content": "Hello"}]'),
        "invalid-payload",
        "'name' in messages[0]",
        "Remove it",
        incident=True,
    ),
    field(
        "tools beside a schema",
        payload(f"{TOOL}, {SCHEMA}, {HELLO}"),
        "invalid-payload",
        "tools and a JSON schema",
        "Remove one",
        incident=True,
    ),
    field(
        "payload with five stops",
        payload(f'"stop": ["a", "b", "c", "d", "e"], {HELLO}'),
        "invalid-payload",
        "5 entries in 'stop'",
        "Groq accepts at most 4",
        incident=True,
    ),
    field(
        "schema with an unknown type",
        payload(
            '"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "text"}}}, '
            + HELLO
        ),
        "invalid-payload",
        "has an invalid JSON schema",
        "Correct 'response_format'",
        incident=True,
    ),
    field(
        "operation misspelt",
        {"catalyst_operation": "transcription"},
        "invalid-operation",
        "'transcription' is not an operation",
        "Write one of chat, transcribe",
        incident=True,
    ),
    field(
        "retries as a number",
        {"catalyst_retries": "3"},
        "invalid-retries",
        "'3' is not an ISO 8601 duration",
        "R3/PT10S",
        incident=True,
    ),
    field(
        "wait in words",
        {"catalyst_giveUpAfter": "15m"},
        "invalid-give-up-after",
        "'15m' is not an ISO 8601 duration",
        "Write for example PT15M",
        incident=True,
    ),
    field(
        "timeout with unit",
        {"catalyst_timeout": "60s"},
        "invalid-timeout",
        "'60s' is not a number",
        "Write for example 60",
        incident=True,
    ),
    field(
        "timeout of zero",
        {"catalyst_timeout": "0"},
        "invalid-timeout",
        "'0' is not a number",
        "Write for example 60",
        incident=True,
    ),
    field(
        "URL without scheme",
        {"catalyst_url": "api.groq.com"},
        "invalid-url",
        "is not a plain http(s) URL",
        "Write https://api.groq.com",
        incident=True,
    ),
    field(
        "URL of another server",
        {"catalyst_url": "https://evil.example/v1/chat/completions"},
        "invalid-url",
        "is not allowed here",
        "CATALYST_ALLOWED_URLS",
        incident=True,
    ),
    field(
        "unknown secret source",
        {"catalyst_secretSource": "vault"},
        "invalid-secret",
        "'vault' is not a valid value",
        "It must be one of env, file, properties, variable",
        incident=True,
    ),
    field(
        "secret that is not allowed",
        {"catalyst_apiKey": "AWS_SECRET_ACCESS_KEY"},
        "invalid-secret",
        "is not allowed here (allowed: groq*)",
        "CATALYST_ALLOWED_SECRETS",
        incident=True,
    ),
    field(
        "secret as a path",
        {"catalyst_apiKey": "../groq_api_key"},
        "invalid-secret",
        "is not the bare name of a secret",
        "Write a name such as groq_api_key",
        incident=True,
    ),
    field(
        "key instead of a name",
        {"catalyst_apiKey": "gsk_abcdefghijklmnopqrstuvwxyz0123456789"},
        "invalid-secret",
        "holds a key instead of the name",
        "revoke the key",
        incident=True,
    ),
    field(
        "overflow misspelt",
        {"catalyst_whenTooLong": "cut"},
        "invalid-choice",
        "'cut' is not a valid value",
        "It must be one of fail",
        incident=True,
    ),
    field(
        "language in words",
        {"catalyst_operation": "transcribe", "catalyst_language": "english"},
        "invalid-transcription",
        "'english' is not an ISO 639-1 code",
        "Write for example de",
        incident=True,
    ),
    field(
        "word timestamps in json",
        {
            "catalyst_operation": "transcribe",
            "catalyst_responseFormat": "json",
            "catalyst_timestampGranularities": "word",
            "catalyst_responseMapping": '{"text": "text"}',
        },
        "invalid-transcription",
        "requests word timestamps",
        "Choose segment, or another Response Format",
        incident=True,
    ),
    field(
        "chat model for a transcription",
        {"catalyst_operation": "transcribe", "catalyst_model": "openai/gpt-oss-120b"},
        "invalid-model",
        "does not support audio input",
        "Use whisper-large-v3",
        incident=True,
    ),
    field(
        "turbo model for a translation",
        {"catalyst_operation": "transcribe", "catalyst_translate": "true"},
        "invalid-model",
        "does not support translation",
        "Use whisper-large-v3",
        incident=True,
    ),
    field(
        "mapping to a standard variable",
        mapping('{"catalyst_reply": "model"}'),
        "invalid-response-mapping",
        "'catalyst_reply' cannot be set",
        "Choose another name",
        incident=True,
    ),
    field(
        "mapping with an unknown type",
        mapping('{"total:Number": "usage.total_tokens"}'),
        "invalid-response-mapping",
        "has an unknown type",
        "It must be one of",
        incident=True,
    ),
    field(
        "mapping with a broken path",
        mapping('{"reply": "choices[0.message"}'),
        "invalid-response-mapping",
        "is not JMESPath",
        "See jmespath.org",
        incident=True,
    ),
    field(
        "mapping of a number",
        mapping('{"reply": 1}'),
        "invalid-response-mapping",
        "the expression of 'reply' is not a text",
        '"reply": "choices[0].message.content"',
        incident=True,
    ),
    field(
        "error mapping without a code",
        {"catalyst_errorMapping": '{"429": true}'},
        "invalid-error-mapping",
        "'429' has no BPMN error code",
        'Write "429": "SOME_CODE"',
        incident=True,
    ),
    field(
        "error mapping reversed",
        {"catalyst_errorMapping": '{"RATE-LIMITED": "429"}'},
        "invalid-error-mapping",
        "'RATE-LIMITED' is not a valid cause",
        "Write a status (429)",
        incident=True,
    ),
    field(
        "conversation with a reserved name",
        {"catalyst_conversation": "catalyst_meta"},
        "invalid-conversation",
        "'catalyst_meta' cannot be set",
        "Choose another name",
        incident=True,
    ),
    field(
        "placeholder not closed",
        message("Hello ${userMessage"),
        "invalid-placeholder",
        "opens a placeholder that is not closed",
        "See ${…} in the README",
        incident=True,
    ),
    field(
        "8: question mark of JUEL",
        message("${fast ? 'a' : 'b'}"),
        "invalid-placeholder",
        "is not JMESPath",
        "See ${…} in the README",
        incident=True,
    ),
    field(
        "8: plus of JUEL",
        message("${name + '!'}"),
        "invalid-placeholder",
        "is not JMESPath",
        "See ${…} in the README",
        incident=True,
    ),
    field(
        "image for a model without vision",
        payload(f'"messages": [{{"role": "user", "content": {PICTURE}}}]'),
        "model-cannot",
        "does not support images",
        "Use the model qwen/qwen3.8-27b",
        incident=True,
    ),
    # What Groq refuses
    field(
        "10: max_token", payload(f'"max_token": 9, {HELLO}'), "groq-refuses", "did you mean 'max_tokens'?", "Correct"
    ),
    field("10: decimal comma", payload(f'"temperature": "0,7", {HELLO}'), "groq-refuses", "'temperature'", "Correct"),
    field(
        "10: role misspelt",
        payload('"messages": [{"role": "usr", "content": "Hello"}]'),
        "groq-refuses",
        "'role' has invalid value",
        "Correct",
    ),
    field(
        "temperature too high", payload(f'"temperature": 3, {HELLO}'), "groq-refuses", "must be at most 2", "Correct"
    ),
    field(
        "JSON mode without the word JSON",
        payload(f'"response_format": {{"type": "json_object"}}, {HELLO}'),
        "groq-refuses",
        "must contain the word 'json'",
        "Correct",
    ),
    field(
        "image without a URL",
        payload('"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": 7}]}]'),
        "groq-refuses",
        "'image_url' is missing",
        "Correct",
    ),
    # What is ignored, lost, or never happens
    field(
        "11: case of a field",
        {"catalyst_timeOut": "9"},
        "unknown-field",
        "catalyst_timeOut",
        "Did you mean catalyst_timeout?",
    ),
    field("unknown field", {"catalyst_colour": "red"}, "unknown-field", "catalyst_colour", "Remove it"),
    field(
        "field of a transcription",
        {"catalyst_prompt": "Names"},
        "unused-field",
        "catalyst_prompt",
        "template of the other",
    ),
    field(
        "11: error mapping names a word",
        {"catalyst_errorMapping": '{"rate": "BUSY"}'},
        "unknown-cause",
        "'rate'",
        "rate",
    ),
    field(
        "cause misspelt",
        {"catalyst_errorMapping": '{"timeouts": "BUSY"}'},
        "unknown-cause",
        "'timeouts'",
        "Did you mean timeout?",
    ),
    field(
        "2: path into the content",
        mapping('{"category": "choices[0].message.content.category"}'),
        "path-through-text",
        "'category' is sought in a text",
        "parse_json",
    ),
    field(
        "2: reversed mapping",
        mapping('{"choices[0].message.content": "reply"}'),
        "mapping-name",
        "'choices[0].message.content'",
        "name",
    ),
    field("placeholder in a name", mapping('{"reply_${name}": "model"}'), "mapping-name", "'reply_${name}'", "letters"),
    field("name with a blank", mapping('{"AI reply": "model"}'), "mapping-name", "'AI reply'", "name"),
    field(
        "prefix in another case",
        {"Catalyst_model": "a"},
        "unknown-field",
        "Catalyst_model",
        "Did you mean catalyst_model?",
    ),
    field("hyphen in a field", {"catalyst-retries": "a"}, "unknown-field", "catalyst-retries", "catalyst_retries?"),
    field(
        "blank after a field", {"catalyst_url ": "a"}, "unknown-field", "catalyst_url ", "Did you mean catalyst_url?"
    ),
    field(
        "same name twice in YAML",
        {"catalyst_responseMapping": "a: model\nb: id\na: object"},
        "duplicate-key",
        "has 'a' twice",
        "Remove one",
    ),
    field(
        "same name twice inside",
        {"catalyst_payload": "messages:\n  - {role: user, role: system, content: a}"},
        "duplicate-key",
        "has 'role' twice",
        "Remove one",
    ),
    field(
        "fallback models with semicolons",
        {"catalyst_fallbackModels": "openai/gpt-oss-20b; qwen/qwen3.8-27b"},
        "invalid-fallback-models",
        "is not the",
        "commas",
    ),
    field(
        "index forgotten",
        mapping('{"reply": "choices.message.content"}'),
        "path-leads-nowhere",
        "'message' is sought in a list",
        "Write [0].message",
    ),
    field(
        "usage in camel case",
        mapping('{"tokens": "usage.totalTokens"}'),
        "path-leads-nowhere",
        "there is no 'totalTokens'",
        "total_tokens",
    ),
    field(
        "name that the schema has not",
        {**payload(f"{SCHEMA}, {HELLO}"), **mapping('{"total": "parse_json(choices[0].message.content).total"}')},
        "path-leads-nowhere",
        "there is no 'total'",
        "There are amount, lines",
    ),
    field(
        "name that a part of the schema has not",
        {**payload(f"{SCHEMA}, {HELLO}"), **mapping('{"p": "parse_json(choices[0].message.content).lines[].cost"}')},
        "path-leads-nowhere",
        "there is no 'cost'",
        "There are price",
    ),
    field(
        "argument that the tool has not",
        {**payload(f"{TOOL}, {HELLO}"), **mapping('{"id": "tool_calls(@)[0].arguments.orderId"}')},
        "path-leads-nowhere",
        "there is no 'orderId'",
        "There are order",
    ),
    field(
        "segments of a plain transcription",
        {
            "catalyst_operation": "transcribe",
            "catalyst_responseFormat": "text",
            "catalyst_responseMapping": '{"segments": "segments"}',
        },
        "path-leads-nowhere",
        "there is no 'segments'",
        "There are text, model",
    ),
    field(
        "tool calls without tools",
        mapping('{"calls": "tool_calls(@)"}'),
        "tool-calls-without-tools",
        "the payload has no tools",
        'Add "tools"',
    ),
    field(
        "placeholder in the mapping",
        mapping('{"reply": "${choices[0].message.content}"}'),
        "placeholder-in-mapping",
        "is filled before Groq is asked",
        "Write choices[0].message.content without",
    ),
    field(
        "function of another language",
        mapping('{"reply": "upper(choices[0].message.content)"}'),
        "unknown-function",
        "there is no function upper()",
        "See jmespath.org",
    ),
    field(
        "function misspelt",
        mapping('{"reply": "parse_jsn(choices[0].message.content)"}'),
        "unknown-function",
        "there is no function parse_jsn()",
        "parse_js",
    ),
    field(
        "8: function of the engine", message("It is ${now()}"), "unknown-function", "there is no function now()", "now"
    ),
    field(
        "8: method of the engine",
        message("${execution.getVariable('name')}"),
        "engine-expression",
        "execution.getVariable('name')",
        "${name}",
    ),
    field("9: mark of JUEL", message("Hello #{name}"), "foreign-placeholder", "'#{name}'", "Write ${name}"),
    field("9: mark of FEEL templates", message("Hello {{name}}"), "foreign-placeholder", "'{{name}}'", "Write ${name}"),
    field(
        "9: mark of a secret",
        message("{{secrets.GROQ}}"),
        "foreign-placeholder",
        "{{secrets.GROQ}}",
        "Groq API Key field",
    ),
    field(
        "variable misspelt", message("${userMesage}"), "missing-variable", "'userMesage'", "Did you mean userMessage?"
    ),
    field("same name twice", mapping('{"a": "model", "a": "id"}'), "duplicate-key", "has 'a' twice", "Remove one"),
    field(
        "conversation and mapping of one name",
        {**mapping('{"turns": "model"}'), "catalyst_conversation": "turns"},
        "duplicate-output",
        "the name 'turns'",
        "another name",
    ),
    field(
        "key of Groq in the diagram",
        {"catalyst_secretSource": "variable", "catalyst_apiKey": "gsk_abcdefghijklmnopqrstuvwxyz0123456789"},
        "key-in-diagram",
        "holds a key",
        "Revoke it",
    ),
    field(
        "milliseconds",
        {"catalyst_timeout": "30000"},
        "milliseconds-timeout",
        "30000 seconds are 8 hours",
        "number of seconds",
    ),
    # Models
    field(
        "retired model",
        {"catalyst_model": "llama3-70b-8192"},
        "retired-model",
        "is retired since",
        "Write openai/gpt-oss-120b",
    ),
    field(
        "retired fallback",
        {"catalyst_fallbackModels": "llama-3.1-8b-instant"},
        "retired-model",
        "catalyst_fallbackModels",
        "Write openai/",
    ),
    field(
        "case of a model",
        {"catalyst_model": "OpenAI/GPT-OSS-120B"},
        "misspelt-model",
        "there is no model",
        "Write openai/gpt-oss-120b",
    ),
    field(
        "audio model for a chat",
        {"catalyst_model": "whisper-large-v3"},
        "model-cannot",
        "no model for chat",
        "Choose another",
    ),
    field(
        "effort of another model",
        payload(f'"reasoning_effort": "none", {HELLO}'),
        "parameter-refused",
        "reasoning_effort: none",
        "Write one of low, medium, high",
    ),
    field(
        "longer than the longest answer",
        payload(f'"max_tokens": 100000, {HELLO}'),
        "parameter-refused",
        "max_tokens: 100000",
        "Write 65536",
    ),
    field(
        "strict schema of a model that has none",
        {
            "catalyst_model": "openai/gpt-oss-safeguard-20b",
            **payload(f"{SCHEMA}, {HELLO}".replace('"name": "order"', '"name": "order", "strict": true')),
        },
        "parameter-refused",
        "json_schema: strict",
        "Remove it",
    ),
    # The diagram
    Planted(
        "11: template on a user task",
        '<bpmn:userTask id="Ask"><bpmn:extensionElements><camunda:properties>'
        '<camunda:property name="catalyst_model" value=""/>'
        "</camunda:properties></bpmn:extensionElements></bpmn:userTask>",
        "template-on-wrong-element",
        "userTask",
        "Make it a service task",
    ),
    Planted(
        "template on a service task of Java",
        '<bpmn:serviceTask id="Ask" camunda:class="a.B" camunda:modelerTemplate="io.catalyst.template.groq"/>',
        "template-on-wrong-element",
        "serviceTask",
        "apply the template",
    ),
    Planted(
        "topic on a user task",
        '<bpmn:userTask id="Ask" camunda:topic="catalyst-groq" camunda:modelerTemplate="io.catalyst.template.groq"/>',
        "template-on-wrong-element",
        "userTask",
        "Make it a service task",
    ),
    Planted(
        "type of the external task missing",
        task_with({"catalyst_model": ""}).replace('camunda:type="external"', ""),
        "template-on-wrong-element",
        "serviceTask",
        "camunda:type=external",
    ),
    Planted(
        "output named like the item",
        task_with(
            mapping('{"item": "model"}'),
            inside='<bpmn:multiInstanceLoopCharacteristics camunda:collection="items" camunda:elementVariable="item"/>',
        ),
        "lost-output",
        "'item' is a variable of the multi-instance",
        "another name",
    ),
    Planted(
        "topic of an expression",
        task_with({"catalyst_retries": "3"}).replace('topic="catalyst-groq"', 'topic="${topic}"'),
        "invalid-retries",
        "'3' is not",
        "R3/PT10S",
    ),
    Planted(
        "11: topic misspelt",
        task_with({}, 'camunda:modelerTemplate="io.catalyst.template.groq"').replace(
            'camunda:topic="catalyst-groq"', 'camunda:topic="catalyst_groq"'
        ),
        "misspelt-topic",
        "'catalyst_groq' is not fetched",
        "Did you mean catalyst-groq?",
    ),
    Planted(
        "1: parallel multi-instance",
        task_with({}, inside='<bpmn:multiInstanceLoopCharacteristics camunda:collection="items"/>'),
        "multi-instance-one-variable",
        "all items write the same variable: aiReply",
        "catalyst_collect",
    ),
    Planted(
        "1: sequential multi-instance",
        task_with({}, inside='<bpmn:multiInstanceLoopCharacteristics isSequential="true" camunda:collection="items"/>'),
        "multi-instance-one-variable",
        "all items write the same variable",
        "subprocess with an input parameter",
    ),
    Planted(
        "1: output parameter in a multi-instance",
        task_with(
            {},
            extensions='<camunda:inputOutput><camunda:outputParameter name="a">b</camunda:outputParameter>'
            "</camunda:inputOutput>",
            inside='<bpmn:multiInstanceLoopCharacteristics camunda:collection="items"/>',
        ),
        "multi-instance-output-parameter",
        "refuses to deploy",
        "Remove it",
    ),
    Planted(
        "payload as an input parameter",
        task_with(
            {},
            extensions='<camunda:inputOutput><camunda:inputParameter name="catalyst_payload">'
            f"{{{HELLO.replace('Hello', '${userMessage}')}}}</camunda:inputParameter></camunda:inputOutput>",
        ),
        "placeholder-for-engine",
        "the engine fills",
        "Apply the element template",
    ),
    Planted(
        "error that nothing catches",
        task_with({"catalyst_errorMapping": '{"429": "BUSY"}'}).replace(CATCHER, ""),
        "uncaught-error",
        "nothing catches the BPMN error BUSY",
        "Attach an error boundary event to 'Ask'",
    ),
    Planted(
        "code misspelt at the boundary event",
        task_with({}).replace("<bpmn:errorEventDefinition/>", '<bpmn:errorEventDefinition errorRef="RATE_LIMIT"/>'),
        "unthrown-error",
        "RATE_LIMIT, which the task does not throw",
        "Did you mean RATE_LIMITED?",
    ),
    Planted(
        "element not closed", "<bpmn:serviceTask>", "unreadable-diagram", "is not well-formed XML", "Save it again"
    ),
]
