"""Commands that correct running instances: raise retries, migrate to another version of a process."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from catalyst_groq.cli.conventions import (
    FAULTS,
    INTERRUPTED,
    EngineSession,
    Json,
    Yes,
    ask,
    make_console,
    run_with_engine,
)

if TYPE_CHECKING:
    from catalyst_groq.camunda.failed_tasks import FailedTask
    from catalyst_groq.commands.failed_task_search import FoundTasks
    from catalyst_groq.commands.failed_tasks_view import Mask
    from catalyst_groq.commands.migrate import InstanceMigration
    from catalyst_groq.commands.paced_run import PacedResult

T = TypeVar("T")
Rate = Annotated[float, typer.Option(min=0.01, max=1000, help="The most changes per second.")]
Processes = Annotated[list[str] | None, typer.Option("--process", help="Only this process (its id in the diagram).")]
InstanceIds = Annotated[list[str] | None, typer.Option("--instance", help="Only this process instance (its id).")]
Causes = Annotated[
    list[str] | None,
    typer.Option("--cause", help="Only this cause: transient, bad_request, …; catalyst_payload, …; 503, …"),
]
Texts = Annotated[list[str] | None, typer.Option("--text", help="Only incidents with this text in their message.")]
Tenants = Annotated[list[str] | None, typer.Option("--tenant", help="Only this tenant.")]
Retries = Annotated[int, typer.Option(min=1, max=1000, help="How many attempts each task gets.")]


def retry(  # noqa: PLR0913 -- its options
    *,
    process: Processes = None,
    instance: InstanceIds = None,
    cause: Causes = None,
    text: Texts = None,
    tenant: Tenants = None,
    retries: Retries = 1,
    yes: Yes = False,
    rate: Rate = 10,
    as_json: Json = False,
) -> None:
    """Raise the retries of Groq tasks that have an incident, so that the worker takes them again.

    Without --yes it only shows which tasks these are; in a terminal it asks. --process, --instance, --cause, --text and
    --tenant may be repeated; of each that is given, a task must meet one. Ctrl-C stops between two tasks.

    Exit codes: 0 there was no such task, or all are done; 1 some are left; 2 wrong usage or settings; 130 interrupted.
    """
    from catalyst_groq.camunda.failed_tasks import FailedTasks
    from catalyst_groq.commands import failed_tasks_view as view
    from catalyst_groq.commands.paced_run import run_paced
    from catalyst_groq.commands.tables import count

    console = make_console(quiet=as_json)
    search = _make_search(process, instance, cause, text, tenant)
    found, mask = run_with_engine(search)
    view.show_tasks(console, found, mask)

    async def change(session: EngineSession) -> "PacedResult[FailedTask]":
        failed_tasks = FailedTasks(session.rest)
        with view.show_progress(console, "Raising retries", len(found.tasks)) as advance:
            return await run_paced(found.tasks, lambda task: failed_tasks.set_retries(task.id, retries), rate, advance)

    question = f"Raise the retries of {count(len(found.tasks), 'task')} to {retries}?"
    result = _carry_out(change, question, has_work=bool(found.tasks), yes=yes, as_json=as_json)
    if as_json:
        typer.echo(view.to_json(view.tasks_as_json(found, mask), result, mask))
    elif found.tasks:
        view.show_result(console, result, "task", "retried", mask)
    _exit(result, is_left=bool(found.tasks) and result is None)


def migrate(  # noqa: PLR0913 -- its options
    *,
    process: Processes = None,
    instance: InstanceIds = None,
    cause: Causes = None,
    text: Texts = None,
    tenant: Tenants = None,
    to_version: Annotated[
        int | None, typer.Option(min=1, help="The version to migrate to; default: the latest. Needs one --process.")
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Raise the retries of the migrated tasks, too.")] = False,
    retries: Retries = 1,
    yes: Yes = False,
    rate: Rate = 10,
    as_json: Json = False,
) -> None:
    """Migrate instances whose Groq tasks have an incident to the latest version of their process.

    An instance stays on its version when a corrected diagram is deployed; this brings it to that one, by the plan that
    the engine makes: each activity to the one with the same id. Without --yes it only shows which instances these are;
    in a terminal it asks. --process, --instance, --cause, --text and --tenant may be repeated; of each that is given, a
    task must meet one. Ctrl-C stops between two instances.

    Exit codes: 0 there was no such instance, or all are done; 1 some are left; 2 wrong usage or settings;
    130 interrupted.
    """
    from catalyst_groq.camunda.deployments import Deployments
    from catalyst_groq.camunda.migrations import Migrations
    from catalyst_groq.commands import failed_tasks_view as view
    from catalyst_groq.commands.migrate import MigrationPlanner, migrate_instance
    from catalyst_groq.commands.paced_run import run_paced
    from catalyst_groq.commands.tables import count

    if to_version is not None and len(process or []) != 1:
        raise typer.BadParameter("--to-version is a version of one process. Add one --process")
    console = make_console(quiet=as_json)
    search = _make_search(process, instance, cause, text, tenant)

    async def plan(session: EngineSession) -> "tuple[FoundTasks, list[InstanceMigration], Mask]":
        found, mask = await search(session)
        planner = MigrationPlanner(Deployments(session.rest), Migrations(session.rest))
        return found, await planner.plan(found.tasks, to_version), mask

    found, planned, mask = run_with_engine(plan)
    possible = [migration for migration in planned if not migration.problem]
    view.show_tasks(console, found, mask)
    view.show_migrations(console, found, planned, mask)

    async def change(session: EngineSession) -> "PacedResult[InstanceMigration]":
        raised = retries if retry else None
        with view.show_progress(console, "Migrating", len(possible)) as advance:
            return await run_paced(possible, lambda entry: migrate_instance(session.rest, entry, raised), rate, advance)

    instances = count(len(possible), "instance")
    question = f"Migrate {instances} and raise their retries?" if retry else f"Migrate {instances}?"
    result = _carry_out(change, question, has_work=bool(possible), yes=yes, as_json=as_json)
    if as_json:
        typer.echo(view.to_json(view.tasks_as_json(found, mask) | view.migrations_as_json(planned, mask), result, mask))
    elif possible:
        verb = "migrated and retried" if retry else "migrated; catalyst-groq retry raises their retries"
        view.show_result(console, result, "instance", verb, mask)
    _exit(result, is_left=len(possible) < len(planned) or (bool(possible) and result is None))


def _make_search(
    processes: list[str] | None,
    instances: list[str] | None,
    causes: list[str] | None,
    texts: list[str] | None,
    tenants: list[str] | None,
) -> "Callable[[EngineSession], Awaitable[tuple[FoundTasks, Mask]]]":
    """Return the search for the failed tasks that the options select."""
    from catalyst_groq.commands.failed_task_search import find_failed_tasks
    from catalyst_groq.commands.failed_task_selection import TaskSelection, UnknownCause, check_cause

    try:
        names = [check_cause(cause) for cause in causes or []]
    except UnknownCause as error:
        raise typer.BadParameter(str(error)) from error
    selection = TaskSelection(processes or (), instances or (), names, texts or (), tenants or ())

    async def search(session: EngineSession) -> "tuple[FoundTasks, Mask]":
        return await find_failed_tasks(session.rest, session.settings.topic, selection), session.mask

    return search


def _carry_out(
    change: Callable[[EngineSession], Awaitable[T]], question: str, *, has_work: bool, yes: bool, as_json: bool
) -> T | None:
    """Make the changes if they are wanted; None after a dry run."""
    is_wanted = has_work and (yes or (not as_json and ask(question)))
    return run_with_engine(change) if is_wanted else None


def _exit(result: "PacedResult[Any] | None", *, is_left: bool) -> None:
    """Exit with a code unless all is done. `is_left`: whether there is something that was not tried."""
    if result and result.is_interrupted:
        raise typer.Exit(INTERRUPTED)
    if is_left or (result and (result.refused or result.unreachable)):
        raise typer.Exit(FAULTS)
