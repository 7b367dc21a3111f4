"""Commands that correct running instances: raise retries, migrate to another version of a process."""

from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer

from catalyst_groq.cli.conventions import (
    EngineSession,
    Json,
    Timeout,
    Yes,
    make_console,
    read_var_options,
    run_with_engine,
)
from catalyst_groq.cli.failed_tasks import Criteria, Report, carry_out

if TYPE_CHECKING:
    from catalyst_groq.camunda.failed_tasks import FailedTask
    from catalyst_groq.commands.failed_task_search import FoundTasks
    from catalyst_groq.commands.failed_tasks_view import Mask
    from catalyst_groq.commands.migrate import InstanceMigration
    from catalyst_groq.commands.paced_run import PacedResult
    from catalyst_groq.commands.variable_changes import VariableChange
    from catalyst_groq.commands.variable_options import GivenVariables

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
Wait = Annotated[
    bool,
    typer.Option("--wait", help="Wait until each changed instance has ended, has an incident, or waits for a person."),
]
Variables = Annotated[
    list[str] | None,
    typer.Option(
        "--var",
        help="Set a variable where the task sees it, before its retries are raised: name=text, name:=json, name@path "
        "for a File, or name:Date=text.",
    ),
]


def retry(  # noqa: PLR0913 -- its options
    *,
    process: Processes = None,
    instance: InstanceIds = None,
    cause: Causes = None,
    text: Texts = None,
    tenant: Tenants = None,
    var: Variables = None,
    retries: Retries = 1,
    wait: Wait = False,
    timeout: Timeout = 120,
    yes: Yes = False,
    rate: Rate = 10,
    as_json: Json = False,
) -> None:
    """Raise the retries of Groq tasks that have an incident, so that the worker takes them again.

    Without --yes it only shows which tasks these are; in a terminal it asks. --process, --instance, --cause, --text and
    --tenant may be repeated; of each that is given, a task must meet one. Ctrl-C stops between two tasks.

    --var, which may be repeated, sets a variable for each of these tasks first: in the nearest scope around the task
    that has it (the task itself, an item of a multi-instance, a subprocess), else in the process instance.

    Exit codes: 0 there was no such task, or all are done; 1 some are left, or with --wait: an instance has an
    incident, still runs, or is unknown; 2 wrong usage or settings; 130 interrupted.
    """
    from catalyst_groq.camunda.failed_tasks import FailedTasks, group_by_instance
    from catalyst_groq.camunda.scope_variables import ScopeVariables
    from catalyst_groq.commands import failed_tasks_view as view
    from catalyst_groq.commands.paced_run import run_paced
    from catalyst_groq.commands.tables import count
    from catalyst_groq.commands.variable_changes import TaskRetries, plan_changes

    console = make_console(quiet=as_json)
    search = Criteria(process, instance, cause, text, tenant).make_search()

    async def plan(session: EngineSession) -> "tuple[FoundTasks, GivenVariables, list[VariableChange], Mask]":
        given = read_var_options(session, var)
        found, mask = await search(session)
        scopes = ScopeVariables(session.rest)
        return found, given, await plan_changes(scopes, found.tasks, given.typed), mask

    found, given, planned, mask = run_with_engine(plan)
    view.show_tasks(console, found, mask)
    view.show_variables(console, planned, given.typed, mask)

    async def change(session: EngineSession) -> "PacedResult[FailedTask]":
        scopes, variables = ScopeVariables(session.rest), given.with_contents()
        task_retries = TaskRetries(FailedTasks(session.rest), scopes, planned, variables, retries)
        tasks = list(chain(*group_by_instance(found.tasks).values()))
        with view.show_progress(console, "Raising retries", len(tasks)) as advance:
            result = await run_paced(tasks, task_retries.raise_for, rate, advance)
        task_retries.add_unraised(result)
        return result

    raising = f"raise the retries of {count(len(found.tasks), 'task')} to {retries}?"
    question = f"Set the variables and {raising}" if given.typed else raising.capitalize()
    result = carry_out(change, question, has_work=bool(found.tasks), yes=yes, as_json=as_json)
    items = view.tasks_as_json(found, mask)
    if given.typed:
        items |= view.changes_as_json(planned, given.typed, mask)
    report = Report(console, found, mask, as_json, "task", timeout if wait else None)
    report.conclude(result, items, "retried", has_work=bool(found.tasks))


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
    wait: Wait = False,
    timeout: Timeout = 120,
    yes: Yes = False,
    rate: Rate = 10,
    as_json: Json = False,
) -> None:
    """Migrate instances whose Groq tasks have an incident to the latest version of their process.

    An instance stays on its version when a corrected diagram is deployed; this brings it to that one, by the plan that
    the engine makes: each activity to the one with the same id. Without --yes it only shows which instances these are;
    in a terminal it asks. --process, --instance, --cause, --text and --tenant may be repeated; of each that is given, a
    task must meet one. Ctrl-C stops between two instances. --wait needs --retry.

    Exit codes: 0 there was no such instance, or all are done; 1 some are left, or with --wait: an instance has an
    incident, still runs, or is unknown; 2 wrong usage or settings; 130 interrupted.
    """
    from catalyst_groq.camunda.deployments import Deployments
    from catalyst_groq.camunda.migrations import Migrations
    from catalyst_groq.commands import failed_tasks_view as view
    from catalyst_groq.commands.migrate import MigrationPlanner, migrate_instance
    from catalyst_groq.commands.paced_run import run_paced
    from catalyst_groq.commands.tables import count

    if to_version is not None and len(process or []) != 1:
        raise typer.BadParameter("--to-version is a version of one process. Add one --process")
    if wait and not retry:
        raise typer.BadParameter("--wait waits for tasks whose retries were raised. Add --retry")
    console = make_console(quiet=as_json)
    search = Criteria(process, instance, cause, text, tenant).make_search()

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
    result = carry_out(change, question, has_work=bool(possible), yes=yes, as_json=as_json)
    items = view.tasks_as_json(found, mask) | view.migrations_as_json(planned, mask)
    verb = "migrated and retried" if retry else "migrated; catalyst-groq retry raises their retries"
    report = Report(console, found, mask, as_json, "instance", timeout if wait else None)
    report.conclude(result, items, verb, has_work=bool(possible), is_left=len(possible) < len(planned))
