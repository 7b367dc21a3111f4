"""The diagram around the tasks: elements, topics, templates and multi-instances."""

from collections.abc import Iterator
from xml.etree import ElementTree as ET

from catalyst_groq.commands.lint.checks import TaskCheck
from catalyst_groq.commands.lint.context import TEMPLATE_VERSIONS, LintContext
from catalyst_groq.commands.lint.diagram import LOOP, Diagram
from catalyst_groq.commands.lint.findings import Finding
from catalyst_groq.commands.lint.mapping_checks import output_names
from catalyst_groq.commands.lint.names import BPMN, CAMUNDA, EXTENSION_ELEMENTS, MESSAGE_EVENT
from catalyst_groq.commands.lint.rules import all_rules
from catalyst_groq.commands.lint.tasks import (
    FIELDS,
    INPUTS,
    OUTPUTS,
    PROPERTIES,
    TEMPLATE_ATTRIBUTE,
    WrittenTask,
    has_computed_topic,
    is_templated,
)
from catalyst_groq.common.texts import closest, shorten
from catalyst_groq.connector.fields.names import RESPONSE_MAPPING
from catalyst_groq.domain.diagram_scopes import is_executable, read_name
from catalyst_groq.domain.extension_elements import FIELD_PREFIX

WRONG_ELEMENT = "template-on-wrong-element"
NAMELESS = "nameless-property"
PROCESS = f"{BPMN}process"
TIME_TO_LIVE = f"{CAMUNDA}historyTimeToLive"
END_LISTENER = f"{EXTENSION_ELEMENTS}/{CAMUNDA}executionListener[@event='end']"
RETRY_CYCLE = f"{EXTENSION_ELEMENTS}/{CAMUNDA}failedJobRetryTimeCycle"


def check_elements(diagram: Diagram, tasks: list[WrittenTask]) -> Iterator[Finding]:
    """Find fields and templates of this worker on elements that are no external tasks."""
    external = {part for task in tasks for part in (task.element, *task.element.iterfind(MESSAGE_EVENT))}
    for element in diagram.root.iter():
        if element in external or not (_has_fields(element) or is_templated(element)):
            continue
        owner = diagram.owner_of(element)
        kind = owner.tag.rpartition("}")[2]
        problem, fix = all_rules()[WRONG_ELEMENT].describe(kind=kind)
        yield Finding(
            diagram.lines[element], read_name(owner, "id"), owner.get("name", ""), WRONG_ELEMENT, problem, fix
        )


def check_topic(task: WrittenTask, context: LintContext) -> Iterator[Finding]:
    """Find tasks with fields of this worker whose topic it does not fetch."""
    if task.topic in context.topics or has_computed_topic(task) or not task.has_catalyst_fields:
        return
    near = closest(task.topic, list(context.topics))
    rule_id = "topic-not-fetched" if context.is_deployed else "misspelt-topic" if near else "other-topic"
    values = {"topic": shorten(task.topic), "topics": ", ".join(context.topics), "near": near}
    problem, fix = all_rules()[rule_id].describe(**values)
    yield Finding(task.line, task.id, task.name, rule_id, problem, fix)


def check_property_names(diagram: Diagram, task: WrittenTask) -> Iterator[Finding]:
    """Find properties without a name: this worker ignores them, and clients that ask for properties get no task."""
    for item in task.element.iterfind(PROPERTIES):
        if item.get("name") is None:
            problem, fix = all_rules()[NAMELESS].describe()
            yield Finding(diagram.lines[item], task.id, task.name, NAMELESS, problem, fix)


def check_template(check: TaskCheck) -> Iterator[Finding]:
    """Find old versions of the template, and settings of the engine that have no effect."""
    element = check.task.element
    newest = TEMPLATE_VERSIONS.get(element.get(TEMPLATE_ATTRIBUTE, ""))
    version = element.get(f"{TEMPLATE_ATTRIBUTE}Version", "")
    if newest and version.isdecimal() and int(version) < newest:
        yield check.describe("old-template", version=version, newest=newest)
    if element.find(RETRY_CYCLE) is not None:
        yield check.describe("engine-retry-cycle")


def check_time_to_live(check: TaskCheck) -> Iterator[Finding]:
    """Find the process of the task without a time to live. An engine that has it deployed did not ask for one."""
    if check.context.is_deployed:
        return
    for process in check.diagram.scopes_of(check.task.element):
        if process.tag == PROCESS and is_executable(process) and not process.get(TIME_TO_LIVE, "").strip():
            line, id_, name = check.diagram.lines[process], read_name(process, "id"), process.get("name", "")
            finding = check.describe("missing-time-to-live")
            yield finding._replace(line=line, element_id=id_, element_name=name)


def check_multi_instance(check: TaskCheck) -> Iterator[Finding]:
    """Find multi-instances whose items write the same variables, and what the engine refuses there."""
    element = check.task.element
    loops = [(scope, loop) for scope in check.diagram.scopes_of(element) if (loop := scope.find(LOOP)) is not None]
    if not loops:
        return
    own = element.find(LOOP)
    if own is not None and element.find(OUTPUTS) is not None:
        yield check.describe("multi-instance-output-parameter")
    if check.collects:
        return
    parallel = [scope for scope, loop in loops if loop.get("isSequential") != "true"]
    if parallel and not any(map(_is_async_after, [loop for _, loop in loops] + ([] if own is not None else [element]))):
        yield check.describe("parallel-without-async")
    if own is not None or parallel:
        yield from _check_outputs(check, element if own is not None else parallel[0])


def _check_outputs(check: TaskCheck, loop: ET.Element) -> Iterator[Finding]:
    if names := _shared_outputs(check, loop):
        listed = ", ".join(map(shorten, names))
        yield check.describe("multi-instance-one-variable", RESPONSE_MAPPING, names=listed)


def _shared_outputs(check: TaskCheck, loop: ET.Element) -> list[str]:
    """Return the outputs that no scope within the loop makes local to an item."""
    element = check.task.element
    if loop is element and element.find(END_LISTENER) is not None:
        return []
    local: set[str] = set()
    for scope in check.diagram.scopes_of(element):
        local |= {item.get("name", "") for item in scope.iterfind(INPUTS)}
        if scope is loop:
            break
    return [name for name in dict.fromkeys(output_names(check)) if name not in local]


def _is_async_after(element: ET.Element) -> bool:
    return element.get(f"{CAMUNDA}asyncAfter") == "true"


def _has_fields(element: ET.Element) -> bool:
    return any(
        item.get("name", "").startswith(FIELD_PREFIX)
        for path in (FIELDS, PROPERTIES)
        for item in element.iterfind(path)
    )
