"""Selects the task to preview in a diagram, and reads it as the worker and the engine do."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from catalyst_groq.commands.lint.diagram import SAVE_AGAIN, DiagramError, read_diagram
from catalyst_groq.commands.lint.tasks import WrittenTask, find_external_tasks, has_computed_topic, select_tasks
from catalyst_groq.commands.preview.errors import PreviewError
from catalyst_groq.common.texts import closest
from catalyst_groq.domain.definitions import Definition, parse_or_explain


class SelectedTask(NamedTuple):
    """A task of a diagram."""

    source: str
    """The file, or the id of the deployed definition."""
    written: WrittenTask
    definition: Definition
    """The diagram as the worker reads it."""
    is_fetched: bool
    """Whether a worker with these settings fetches its topic."""
    loop_variables: frozenset[str]
    """The variables that the engine sets for each item of the multi-instances on and around the task."""

    @property
    def topic(self) -> str | None:
        """The topic; None where an expression of the engine makes it up."""
        return None if has_computed_topic(self.written) else self.written.topic


def select_task(content: bytes, source: str, task_id: str | None, topics: Collection[str]) -> SelectedTask:
    """Return the task of that id; without an id the only one that this worker processes. Raises `PreviewError`."""
    try:
        diagram = read_diagram(content)
        external = list(find_external_tasks(diagram))
    except DiagramError as error:
        raise PreviewError(f"{source} {error}. {error.fix}.") from error
    definition = parse_or_explain(content)
    if isinstance(definition, str):
        raise PreviewError(f"{source} {definition}. {SAVE_AGAIN}.")
    own = select_tasks(external, topics)
    chosen = _find(external, task_id, source) if task_id else _find_only(own, source, topics)
    loop_variables = frozenset(diagram.loop_variables_of(chosen.element))
    return SelectedTask(source, chosen, definition, chosen in own, loop_variables)


def _find(tasks: Sequence[WrittenTask], task_id: str, source: str) -> WrittenTask:
    for task in tasks:
        if task.id == task_id:
            return task
    by_name = next((task.id for task in tasks if task.name == task_id), None)
    near = by_name or closest(task_id, (task.id for task in tasks))
    remedy = f"Did you mean {near}?" if near else f"It has {_list(tasks)}."
    raise PreviewError(f"{source} has no external task '{task_id}'. {remedy}")


def _find_only(tasks: Sequence[WrittenTask], source: str, topics: Collection[str]) -> WrittenTask:
    if not tasks:
        raise PreviewError(
            f"{source} has no task with the topic {' or '.join(topics)}. Apply the element template Catalyst - Groq to "
            "a service task, or name another task with --task."
        )
    if len(tasks) > 1:
        raise PreviewError(f"{source} has {_list(tasks)}. Name one of them with --task.")
    return tasks[0]


def _list(tasks: Sequence[WrittenTask]) -> str:
    named = (f"{task.id} ('{' '.join(task.name.split())}')" if task.name else task.id for task in tasks)
    number = f"{len(tasks)} external tasks" if len(tasks) != 1 else "one external task"
    return f"{number}: {', '.join(named)}" if tasks else "no external task"
