"""The diagram around the task."""

from support.lint_diagrams import CATCHER, task_with
from support.planted_mistakes.mistake import ACTIVE, COMPLETED, HELLO, Mistake, Place, Shown, mapping, payload

REFUSED = payload(f'"max_token": 9, {HELLO}')
"""Groq answers 400."""

LOOP = '<bpmn:multiInstanceLoopCharacteristics camunda:collection="items"/>'

DIAGRAMS = [
    Mistake(
        "11: template on a user task",
        '<bpmn:userTask id="Ask"><bpmn:extensionElements><camunda:properties>'
        '<camunda:property name="catalyst_model" value=""/>'
        "</camunda:properties></bpmn:extensionElements></bpmn:userTask>",
        "template-on-wrong-element",
        "userTask",
        "Make it a service task",
        shown=Shown(Place.NOTHING, ACTIVE, "a person gets the task"),
    ),
    Mistake(
        "template on a service task of Java",
        '<bpmn:serviceTask id="Ask" camunda:expression="${true}" camunda:modelerTemplate="io.catalyst.template.groq"/>',
        "template-on-wrong-element",
        "serviceTask",
        "apply the template",
        shown=Shown(Place.NOTHING, COMPLETED, "the engine executes its expression; nothing is sent to Groq"),
    ),
    Mistake(
        "topic on a user task",
        '<bpmn:userTask id="Ask" camunda:topic="catalyst-groq" camunda:modelerTemplate="io.catalyst.template.groq"/>',
        "template-on-wrong-element",
        "userTask",
        "Make it a service task",
        shown=Shown(Place.NOTHING, ACTIVE, "a person gets the task"),
    ),
    Mistake(
        "type of the external task missing",
        task_with({"catalyst_model": ""}).replace('camunda:type="external"', ""),
        "template-on-wrong-element",
        "serviceTask",
        "camunda:type=external",
        shown=Shown(
            Place.DEPLOYMENT,
            "One of the attributes 'class', 'delegateExpression', 'type', or 'expression' is mandatory",
        ),
    ),
    Mistake(
        "output named like the item",
        task_with(
            mapping('{"item": "model"}'),
            inside='<bpmn:multiInstanceLoopCharacteristics camunda:collection="items" camunda:elementVariable="item"/>',
        ),
        "lost-output",
        "'item' is a variable of the multi-instance",
        "another name",
        shown=Shown(Place.NOTHING, COMPLETED, "the output takes the place of the item"),
    ),
    Mistake(
        "wrong retries of a task with a topic from an expression",
        task_with({"catalyst_retries": "3"}).replace('topic="catalyst-groq"', 'topic="${topic}"'),
        "invalid-retries",
        "'3' is not",
        "R3/PT10S",
    ),
    Mistake(
        "11: topic misspelt",
        task_with({}, 'camunda:modelerTemplate="io.catalyst.template.groq"').replace(
            'camunda:topic="catalyst-groq"', 'camunda:topic="catalyst_groq"'
        ),
        "misspelt-topic",
        "'catalyst_groq' is not fetched",
        "Did you mean catalyst-groq?",
        shown=Shown(Place.NOTHING, ACTIVE, "the task waits forever"),
    ),
    Mistake(
        "1: parallel multi-instance",
        task_with({}, inside='<bpmn:multiInstanceLoopCharacteristics camunda:collection="items"/>'),
        "multi-instance-one-variable",
        "all items write the same variable: aiReply",
        "catalyst_collect",
        shown=Shown(Place.NOTHING, COMPLETED, "the answer of the last item is left"),
    ),
    Mistake(
        "1: sequential multi-instance",
        task_with({}, inside='<bpmn:multiInstanceLoopCharacteristics isSequential="true" camunda:collection="items"/>'),
        "multi-instance-one-variable",
        "all items write the same variable",
        "subprocess with an input parameter",
        shown=Shown(Place.NOTHING, COMPLETED, "the answer of the last item is left"),
    ),
    Mistake(
        "results of a task that is no multi-instance",
        task_with({"catalyst_collect": "results"}),
        "invalid-collect",
        "is not in a multi-instance, so there are no items to collect",
        "Make the task, or a subprocess around it, a multi-instance",
    ),
    Mistake(
        "blank in the name of the results",
        task_with({"catalyst_collect": "all results"}, inside=LOOP),
        "invalid-collect",
        "'all results' is not the name of a process variable",
        "Write for example results",
    ),
    Mistake(
        "results named like an output",
        task_with({"catalyst_collect": "aiReply"}, inside=LOOP),
        "duplicate-output",
        "'aiReply' is also a name in the Response Mapping",
        "Choose another name",
    ),
    Mistake(
        "collect errors in words",
        task_with({"catalyst_collect": "results", "catalyst_collectErrors": "yes"}, inside=LOOP),
        "invalid-collect",
        "'yes' is not a valid value",
        "It must be one of true, false",
    ),
    Mistake(
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
        shown=Shown(Place.DEPLOYMENT, "camunda:outputParameter not allowed for multi-instance constructs"),
    ),
    Mistake(
        "form field of the type file",
        '<bpmn:userTask id="Upload"><bpmn:extensionElements><camunda:formData>'
        '<camunda:formField id="invoice" type="file"/>'
        f"</camunda:formData></bpmn:extensionElements></bpmn:userTask>{task_with({})}",
        "unknown-form-type",
        "the form field 'invoice' has the type 'file': the engine knows none for files",
        "Use an embedded form",
        shown=Shown(Place.DEPLOYMENT, "unknown type 'file'"),
    ),
    Mistake(
        "property without a name",
        task_with({"catalyst_retries": "R1/PT0S"}).replace('name="catalyst_retries" ', ""),
        "nameless-property",
        "a camunda:property has no name",
        "Give it a name, or remove it",
        shown=Shown(Place.NOTHING, COMPLETED, "the value has no effect"),
    ),
    Mistake(
        "process without a time to live",
        f'<bpmn:process id="test" isExecutable="true">{task_with({})}</bpmn:process>',
        "missing-time-to-live",
        "the process has no time to live for its history",
        'Add camunda:historyTimeToLive="P180D", or another number of days, to the process',
        shown=Shown(Place.DEPLOYMENT, "Set historyTimeToLive in the model"),
    ),
    Mistake(
        "payload as an input parameter",
        task_with(
            {},
            extensions='<camunda:inputOutput><camunda:inputParameter name="catalyst_payload">'
            f"{{{HELLO.replace('Hello', '${userMessage}')}}}</camunda:inputParameter></camunda:inputOutput>",
        ),
        "placeholder-for-engine",
        "the engine fills",
        "Apply the element template",
        shown=Shown(Place.NOTHING, COMPLETED, "a quotation mark in the value would break the JSON"),
    ),
    Mistake(
        "error that nothing catches",
        task_with({"catalyst_errorMapping": '{"400": "BAD"}', **REFUSED}).replace(CATCHER, ""),
        "uncaught-error",
        "nothing catches the BPMN error BAD",
        "Attach an error boundary event to 'Ask'",
        shown=Shown(Place.INCIDENT, "attach an error boundary event to 'Ask'"),
    ),
    Mistake(
        "code misspelt at the boundary event",
        task_with(REFUSED).replace(
            "<bpmn:errorEventDefinition/>", '<bpmn:errorEventDefinition errorRef="BAD_REQUEST"/>'
        ),
        "unthrown-error",
        "BAD_REQUEST, which the task does not throw",
        "Name it in catalyst_errorMapping",
        shown=Shown(Place.INCIDENT, "attach an error boundary event to 'Ask'"),
    ),
    Mistake(
        "element not closed",
        "<bpmn:serviceTask>",
        "unreadable-diagram",
        "is not well-formed XML",
        "Save it again",
        shown=Shown(Place.DEPLOYMENT, "must be terminated by the matching end-tag"),
    ),
    Mistake(
        "field in two namespaces",
        task_with(
            payload(HELLO),
            extensions='<o:field xmlns:o="http://operaton.org/schema/1.0/bpmn" name="catalyst_payload"><o:string>{}'
            "</o:string></o:field>",
        ),
        "unreadable-diagram",
        "has two texts of 'catalyst_payload' at 'Ask'",
        "Keep one of them",
        Shown(Place.INCIDENT, "has two texts of 'catalyst_payload' at 'Ask'"),
    ),
    Mistake(
        "field in a namespace of no engine",
        task_with({}, extensions='<x:field xmlns:x="http://example.org" name="catalyst_payload"/>'),
        "unreadable-diagram",
        "has 'catalyst_payload' in the namespace http://example.org",
        "Write it in one of http://operaton.org/schema/1.0/bpmn",
        Shown(Place.INCIDENT, "has 'catalyst_payload' in the namespace http://example.org"),
    ),
    Mistake(
        "element in the text of a field",
        task_with(
            {},
            extensions='<camunda:field name="catalyst_errorMapping"><camunda:string>{"400": "<b>BAD</b>"}'
            "</camunda:string></camunda:field>",
        ),
        "unreadable-diagram",
        "has the element <b> in the text of a field",
        "Write &lt; for <",
        Shown(Place.INCIDENT, "has the element <b> in the text of a field"),
    ),
]
