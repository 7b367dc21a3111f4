"""What the commands that correct running instances have in common: the search, the change, the wait and the report."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import typer

from catalyst_groq.cli.conventions import FAULTS, INTERRUPTED, EngineSession, ask, run_with_engine

if TYPE_CHECKING:
    from rich.console import Console

    from catalyst_groq.commands.changed_instances import Result, WaitReport
    from catalyst_groq.commands.failed_task_search import FoundTasks
    from catalyst_groq.commands.failed_tasks_view import Mask
    from catalyst_groq.commands.instance_outcome import InstanceOutcome

T = TypeVar("T")


class Criteria(NamedTuple):
    """The options that select failed tasks, as they are given."""

    processes: Sequence[str] | None
    instances: Sequence[str] | None
    causes: Sequence[str] | None
    texts: Sequence[str] | None
    tenants: Sequence[str] | None

    def make_search(self) -> "Callable[[EngineSession], Awaitable[tuple[FoundTasks, Mask]]]":
        """Return the search for the failed tasks that the options select."""
        from catalyst_groq.commands.failed_task_search import find_failed_tasks
        from catalyst_groq.commands.failed_task_selection import TaskSelection, UnknownCause, check_cause

        try:
            names = [check_cause(cause) for cause in self.causes or []]
        except UnknownCause as error:
            raise typer.BadParameter(str(error)) from error
        selection = TaskSelection(
            self.processes or (), self.instances or (), names, self.texts or (), self.tenants or ()
        )

        async def search(session: EngineSession) -> "tuple[FoundTasks, Mask]":
            return await find_failed_tasks(session.rest, session.settings.topic, selection), session.mask

        return search


def carry_out(
    change: Callable[[EngineSession], Awaitable[T]], question: str, *, has_work: bool, yes: bool, as_json: bool
) -> T | None:
    """Make the changes if they are wanted; None after a dry run."""
    is_wanted = has_work and (yes or (not as_json and ask(question)))
    return run_with_engine(change) if is_wanted else None


class Report(NamedTuple):
    """Prints what a command has done, and exits.

    `noun`: what it changes. `timeout`: the seconds to wait for instances, None for no wait.
    """

    console: "Console"
    found: "FoundTasks"
    mask: "Mask"
    as_json: bool
    noun: str
    timeout: float | None

    def conclude(
        self, result: "Result | None", items: Mapping[str, Any], verb: str, *, has_work: bool, is_left: bool = False
    ) -> None:
        """Print the result, wait, and print what became of the instances; exit with a code unless all is fine.

        `result`: None after a dry run. `items`: what JSON has beside it. `has_work`: whether there was something to
        change. `is_left`: whether there was something that cannot be changed.
        """
        from catalyst_groq.commands import failed_tasks_view as view

        if has_work:
            view.show_result(self.console, result, self.noun, verb, self.mask)
        waited = None if self.timeout is None else self._wait(result, self.timeout)
        if self.as_json:
            typer.echo(view.to_json({**items, **self._outcomes_as_json(waited)}, result, self.mask))
        if (result and result.is_interrupted) or (waited and waited.is_interrupted):
            raise typer.Exit(INTERRUPTED)
        is_left = is_left or (has_work and result is None) or bool(result and (result.refused or result.unreachable))
        if is_left or (result and waited and not waited.is_fine):
            raise typer.Exit(FAULTS)

    def _wait(self, result: "Result | None", timeout: float) -> "WaitReport":
        from catalyst_groq.commands.changed_instances import WaitReport, find_obstacle
        from catalyst_groq.commands.outcome_view import show_outcomes
        from catalyst_groq.commands.tables import print_text

        obstacle = find_obstacle(result)
        waited = WaitReport(problem=obstacle) if obstacle or result is None else self._wait_for(result, timeout)
        if waited.problem:
            print_text(self.console, self.mask(waited.problem))
        show_outcomes(self.console, waited.outcomes, self._processes(), self.mask)
        return waited

    def _wait_for(self, result: "Result", timeout: float) -> "WaitReport":
        from catalyst_groq.commands.changed_instances import changed_tasks, report_interrupted, wait_for_changed
        from catalyst_groq.commands.failed_tasks_view import show_progress

        seen: dict[str, InstanceOutcome] = {}

        async def wait(session: EngineSession) -> "WaitReport":
            with show_progress(self.console, "Waiting", len(changed_tasks(result))) as advance:

                def on_look(outcome: "InstanceOutcome") -> None:
                    seen[outcome.instance_id] = outcome
                    if outcome.is_settled:
                        advance()

                return await wait_for_changed(session.rest, result, timeout, on_look)

        try:
            return run_with_engine(wait)
        except KeyboardInterrupt:
            return report_interrupted(result, seen)

    def _outcomes_as_json(self, waited: "WaitReport | None") -> Mapping[str, Any]:
        from catalyst_groq.commands.outcome_view import outcomes_as_json

        if waited is None:
            return {}
        notes = [self.mask(waited.problem)] if waited.problem else []
        return {"outcomes": outcomes_as_json(waited.outcomes, self._processes(), self.mask), "notes": notes}

    def _processes(self) -> dict[str, str]:
        return {task.instance_id: task.process for task in self.found.tasks}
