"""Lints one diagram: runs all checks and returns their findings. Pure; it may take any time."""

from collections.abc import Callable, Iterator

from catalyst_groq.commands.lint.checks import TaskCheck
from catalyst_groq.commands.lint.context import LintContext
from catalyst_groq.commands.lint.diagram import SAVE_AGAIN, Diagram, DiagramError, read_diagram
from catalyst_groq.commands.lint.error_checks import check_catchers, check_error_mapping
from catalyst_groq.commands.lint.field_checks import (
    check_duplicate_keys,
    check_field_names,
    check_field_places,
    check_field_values,
)
from catalyst_groq.commands.lint.fields import check_fields
from catalyst_groq.commands.lint.findings import Finding
from catalyst_groq.commands.lint.form_checks import check_form_types, check_recording
from catalyst_groq.commands.lint.mapping_checks import check_mapping, check_outputs, output_names
from catalyst_groq.commands.lint.model_checks import check_models
from catalyst_groq.commands.lint.placeholder_checks import (
    check_braces,
    check_mapping_functions,
    check_placeholders,
    check_variables,
)
from catalyst_groq.commands.lint.structure_checks import (
    check_elements,
    check_multi_instance,
    check_property_names,
    check_template,
    check_time_to_live,
    check_topic,
)
from catalyst_groq.commands.lint.tasks import WrittenTask, find_external_tasks, select_tasks
from catalyst_groq.commands.lint.variables import find_set_variables
from catalyst_groq.domain.extension_elements import FieldsError

UNREADABLE = "unreadable-diagram"
TASK_CHECKS: tuple[Callable[[TaskCheck], Iterator[Finding]], ...] = (
    check_field_values,
    check_field_names,
    check_field_places,
    check_duplicate_keys,
    check_placeholders,
    check_mapping_functions,
    check_mapping,
    check_outputs,
    check_error_mapping,
    check_catchers,
    check_models,
    check_template,
    check_time_to_live,
    check_multi_instance,
    check_recording,
)


def lint_diagram(content: bytes | str, context: LintContext) -> list[Finding]:
    """Return the findings of a diagram by line."""
    try:
        return find_all(read_diagram(content), context)[0]
    except DiagramError as error:
        return [unreadable(str(error), error.line, error.fix)]
    except RecursionError:
        return [unreadable("is nested too deeply")]


def unreadable(reason: str, line: int = 0, fix: str = SAVE_AGAIN) -> Finding:
    """Return the finding of a diagram that cannot be checked; `reason` continues a sentence about it."""
    return Finding(line, "", "", UNREADABLE, f"The diagram {reason}", fix)


def find_all(diagram: Diagram, context: LintContext) -> tuple[list[Finding], list[TaskCheck]]:
    """Return the findings of a diagram by line, and the tasks of this worker with all that was checked."""
    external = list(find_external_tasks(diagram))
    tasks = select_tasks(external, context.topics)
    findings, checks = [], []
    for task in tasks:
        try:
            checks.append(TaskCheck(diagram, task, check_fields(task, diagram.definition, context), context))
        except FieldsError as error:
            problem, _, fix = str(error).rpartition(". ")
            findings.append(Finding(task.line, task.id, task.name, UNREADABLE, f"The diagram {problem}", fix))
    return sorted({*findings, *_find(diagram, external, checks, context)}), checks


def _find(
    diagram: Diagram, external: list[WrittenTask], checks: list[TaskCheck], context: LintContext
) -> Iterator[Finding]:
    yield from check_elements(diagram, external)
    yield from check_form_types(diagram)
    for task in external:
        yield from check_topic(task, context)
        yield from check_property_names(diagram, task)
    outputs = frozenset(name for check in checks for name in (*output_names(check), check.collecting_variable))
    known = find_set_variables(diagram, outputs, [check.task for check in checks])
    for check in checks:
        for find in TASK_CHECKS:
            yield from find(check)
        yield from check_variables(check, known)
        yield from check_braces(check, known)
