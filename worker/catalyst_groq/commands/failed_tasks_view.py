"""Prints which failed tasks there are, and what became of their retries and migrations."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import Progress

from catalyst_groq.camunda.failed_tasks import FailedTask
from catalyst_groq.camunda.scope_variables import BODY_SUFFIX
from catalyst_groq.commands.failed_task_search import FoundTasks
from catalyst_groq.commands.failed_task_selection import group_tasks
from catalyst_groq.commands.migrate import InstanceMigration
from catalyst_groq.commands.paced_run import PacedResult
from catalyst_groq.commands.process_variables import value_text
from catalyst_groq.commands.tables import count, print_rows, print_text
from catalyst_groq.commands.variable_changes import VariableChange
from catalyst_groq.common.texts import end_sentence
from catalyst_groq.connector.results.incident_causes import UNREADABLE_ENTRY, find_causes
from catalyst_groq.domain.variables import TypedValueDto

UNREADABLE_ENTRY_REMEDY = (
    "{} a paid answer in the journal that cannot be read: remedy that first, as the message of the incident says, or "
    "Groq is paid again. catalyst-groq journal show TASK names the problem."
)
HEADERS = ("process", "version", "activity", "cause", "tasks", "message")
MAX_MESSAGE_CHARS = 120
"""Of a message or a value in a table; JSON has all of it."""

Mask = Callable[[str], str]


def show_tasks(console: Console, found: FoundTasks, mask: Mask) -> None:
    """Print the failed tasks by process, version, activity and cause."""
    if not found.tasks:
        print_text(console, "No Groq task has such an incident.")
        return
    rows = [
        (
            group.process,
            str(found.versions[group.definition_id]),
            group.activity,
            group.cause,
            f"{group.size:,}",
            mask(group.message),
        )
        for group in group_tasks(found.tasks)
    ]
    print_rows(console, HEADERS, rows, folds_last=True, max_last_chars=MAX_MESSAGE_CHARS)
    if suspended := sum(task.is_suspended for task in found.tasks):
        print_text(console, f"{count(suspended, 'task')} of suspended instances: activate these in Cockpit, too.")
    if unreadable := sum(UNREADABLE_ENTRY in find_causes(task.message) for task in found.tasks):
        print_text(console, UNREADABLE_ENTRY_REMEDY.format(count(unreadable, "task has", "tasks have")))


def show_migrations(console: Console, found: FoundTasks, migrations: Sequence[InstanceMigration], mask: Mask) -> None:
    """Print from which version to which the instances go, which of them cannot, and how many are there already."""
    groups = Counter(
        (f"{entry.source.key}: version {entry.source.version} → {entry.target.version}", entry.problem)
        for entry in migrations
    )
    for (move, problem), number in groups.items():
        reason = f", not possible: {mask(problem)}." if problem else ""
        print_text(console, f"{move}, {count(number, 'instance')}{reason}")
    arrived = {task.instance_id for task in found.tasks} - {entry.instance_id for entry in migrations}
    if arrived:
        hint = "catalyst-groq retry raises their retries"
        print_text(console, f"{count(len(arrived), 'instance')} at that version already: {hint}.")


def show_variables(
    console: Console, changes: Sequence[VariableChange], typed: Mapping[str, TypedValueDto], mask: Mask
) -> None:
    """Print which variables are set, to what, and where. `typed`: the variables by name."""
    if not changes:
        return
    print_text(console, "Variables to set, each in the nearest scope around its task that has it:")
    groups = Counter(
        (change.name, _describe_type(change, str(typed[change.name]["type"])), _describe_scope(change))
        for change in changes
    )
    rows = [
        (name, kind, scope, f"{tasks:,}", mask(value_text(typed[name])))
        for (name, kind, scope), tasks in groups.items()
    ]
    headers = ("variable", "type", "set in", "tasks", "value")
    print_rows(console, headers, rows, folds_last=True, max_last_chars=MAX_MESSAGE_CHARS)


def _describe_type(change: VariableChange, kind: str) -> str:
    return f"{kind} instead of {change.earlier_type}" if change.earlier_type not in {"", kind} else kind


def _describe_scope(change: VariableChange) -> str:
    if not change.activity:
        return "process instance (new)" if change.is_new else "process instance"
    activity = change.activity.removesuffix(BODY_SUFFIX)
    return f"'{activity}'" if activity == change.activity else f"multi-instance '{activity}'"


@contextmanager
def show_progress(console: Console, title: str, total: int) -> Iterator[Callable[[], None]]:
    """Show a progress bar in a terminal, nothing in a pipe. Call what it returns after each step."""
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=total)
        yield lambda: progress.advance(task)


def show_result(console: Console, result: PacedResult[Any] | None, noun: str, verb: str, mask: Mask) -> None:
    """Print what became of the changes: `3 tasks retried.`, what the engine refused, and what ended the run.

    `result` is None after a dry run.
    """
    if result is None:
        print_text(console, "Nothing was changed. Add --yes to do it.")
        return
    print_text(console, f"{count(len(result.done), noun)} {verb}.")
    for item, reason in result.refused:
        print_text(console, f"{noun} {id_of(item)}: {mask(reason)}")
    if result.unreachable:
        problem = end_sentence(mask(result.unreachable))
        print_text(console, f"{problem} The others are unchanged: run the command again for them.")
    elif result.is_interrupted:
        print_text(console, "Interrupted. The others are unchanged: run the command again for them.")


def tasks_as_json(found: FoundTasks, mask: Mask) -> dict[str, Any]:
    """Return the tasks, each as an object."""
    return {"tasks": [_task_as_json(task, found.versions, mask) for task in found.tasks]}


def _task_as_json(task: FailedTask, versions: Mapping[str, int], mask: Mask) -> dict[str, Any]:
    return {
        "id": task.id,
        "topic": task.topic,
        "process": task.process,
        "version": versions[task.definition_id],
        "instance": task.instance_id,
        "businessKey": task.business_key or None,
        "tenant": task.tenant or None,
        "activity": task.activity,
        "causes": list(find_causes(task.message)),
        "message": mask(task.message),
        "suspended": task.is_suspended,
    }


def migrations_as_json(migrations: Sequence[InstanceMigration], mask: Mask) -> dict[str, Any]:
    """Return the migrations, each as an object."""
    return {
        "instances": [
            {
                "id": entry.instance_id,
                "process": entry.source.key,
                "fromVersion": entry.source.version,
                "toVersion": entry.target.version,
                "tasks": [task.id for task in entry.tasks],
                "problem": mask(entry.problem) or None,
            }
            for entry in migrations
        ]
    }


def changes_as_json(
    changes: Sequence[VariableChange], typed: Mapping[str, TypedValueDto], mask: Mask
) -> dict[str, Any]:
    """Return the variables to set, each as an object with the tasks that it is set for."""
    return {
        "variables": [
            {
                "name": name,
                "type": entry["type"],
                "value": mask(value_text(entry)),
                "tasks": [
                    {
                        "id": change.task.id,
                        "instance": change.task.instance_id,
                        "scope": change.activity or None,
                        "isNew": change.is_new,
                        "earlierType": change.earlier_type or None,
                    }
                    for change in changes
                    if change.name == name
                ],
            }
            for name, entry in typed.items()
        ]
    }


def to_json(items: Mapping[str, Any], result: PacedResult[Any] | None, mask: Mask) -> str:
    """Return items and what became of them as a JSON object; `result` is None after a dry run."""
    content = {**items, "dryRun": result is None}
    if result is not None:
        refused = [{"id": id_of(item), "reason": mask(reason)} for item, reason in result.refused]
        content |= {
            "done": [id_of(item) for item in result.done],
            "refused": refused,
            "interrupted": result.is_interrupted,
            "unreachable": mask(result.unreachable) or None,
        }
    return json.dumps(content, indent=2, ensure_ascii=False)


def id_of(item: FailedTask | InstanceMigration) -> str:
    """Return the id of a task, or of the instance that is migrated."""
    return item.instance_id if isinstance(item, InstanceMigration) else item.id
