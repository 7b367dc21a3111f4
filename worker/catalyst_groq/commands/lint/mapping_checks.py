"""The response mapping: what an answer can hold, and what becomes of the variables."""

import re
from collections.abc import Iterator, Mapping

from catalyst_groq.commands.lint.answers import Form, chat_form, tool_calls_form, transcription_form
from catalyst_groq.commands.lint.checks import TaskCheck
from catalyst_groq.commands.lint.diagram import LOOP
from catalyst_groq.commands.lint.fields import is_transcription
from catalyst_groq.commands.lint.findings import Finding
from catalyst_groq.commands.lint.paths import find_wrong_paths, functions_in
from catalyst_groq.commands.lint.tasks import OUTPUTS
from catalyst_groq.common.texts import shorten
from catalyst_groq.connector.fields.names import CONVERSATION, PAYLOAD, RESPONSE_FORMAT, RESPONSE_MAPPING

PATH_MARKS = re.compile(r"[.\[\]{}()$|\s]")
REQUIRED_MARK = "!"
"""At the end of a name whose value must not be missing."""


def output_names(check: TaskCheck) -> list[str]:
    """Return the names of the variables that the task sets, beside the standard ones."""
    entries = check.checked.structure(RESPONSE_MAPPING) or {}
    names = [str(name).partition(":")[0].removesuffix(REQUIRED_MARK) for name in entries]
    conversation = str(check.checked.samples.get(CONVERSATION, "")).strip()
    return [*names, conversation] if conversation else names


def check_mapping(check: TaskCheck) -> Iterator[Finding]:
    """Find paths that lead nowhere."""
    mapping, payload = check.checked.response_mapping(), check.checked.payload
    if mapping is None or payload is None:
        return
    answer = _form_of_answer(check, payload)
    for name, expression in mapping.expressions.items():
        for wrong in find_wrong_paths(expression, answer, tool_calls_form(payload))[:1]:
            problem = f"{RESPONSE_MAPPING}: '{shorten(name)}': {wrong.problem} (`{shorten(expression)}`)"
            yield check.finding(wrong.rule_id, problem, wrong.fix, RESPONSE_MAPPING)
    yield from _check_requests(check, mapping.expressions)


def _form_of_answer(check: TaskCheck, payload: Mapping[str, object]) -> Form:
    if is_transcription(check.checked):
        return transcription_form(str(check.checked.samples[RESPONSE_FORMAT]), is_groq=check.is_groq)
    return chat_form(payload, is_groq=check.is_groq)


def _check_requests(check: TaskCheck, expressions: Mapping[str, str]) -> Iterator[Finding]:
    """Find values that are mapped and not requested."""
    used = {function for expression in expressions.values() for function in functions_in(expression)}
    template = check.checked.structure(PAYLOAD) or {}
    if is_transcription(check.checked):
        return
    if "parse_json" in used and "response_format" not in template:
        problem = f"{RESPONSE_MAPPING}: parse_json(…) expects JSON, and the payload does not request it"
        fix = 'Add "response_format": {"type": "json_object"} to the payload, or a JSON schema'
        yield check.finding("json-not-requested", problem, fix, RESPONSE_MAPPING)
    if "tool_calls" in used and "tools" not in template:
        problem = f"{RESPONSE_MAPPING}: tool_calls(@) is mapped, and the payload has no tools"
        fix = 'Add "tools" to the payload, or remove the entry'
        yield check.finding("tool-calls-without-tools", problem, fix, RESPONSE_MAPPING)


def check_outputs(check: TaskCheck) -> Iterator[Finding]:
    """Find variables that cannot be used, or are lost."""
    names = output_names(check)
    for name in names:
        if PATH_MARKS.search(name) and not check.is_refused_by("mapping-name"):
            problem = f"{RESPONSE_MAPPING}: '{shorten(name)}' is no name of a variable that the process can use"
            fix = 'Write a name of letters and digits on the left, the path on the right: "aiReply": "choices[0]…"'
            yield check.finding("mapping-name", problem, fix, RESPONSE_MAPPING)
    for name in sorted(check.diagram.loop_variables_of(check.task.element).intersection(names)):
        yield check.describe("lost-output", RESPONSE_MAPPING, "loop", name=name)
    if check.task.element.find(LOOP) is None:
        yield from _check_lost(check, names)


def _check_lost(check: TaskCheck, names: list[str]) -> Iterator[Finding]:
    kept = " ".join("".join(output.itertext()) for output in check.task.element.iterfind(OUTPUTS))
    for name in dict.fromkeys(names):
        if name in check.task.inputs and not re.search(rf"\b{re.escape(name)}\b", kept):
            yield check.describe("lost-output", RESPONSE_MAPPING, "input", name=shorten(name))
