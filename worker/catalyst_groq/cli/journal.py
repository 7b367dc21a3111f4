"""Commands for the stored responses."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from catalyst_groq.cli.conventions import FAULTS, JournalSession, Json, Yes, ask, make_console, run_with_journal

if TYPE_CHECKING:
    from catalyst_groq.camunda.queries import EngineQueries

ENDED_CAUTION = (
    "The engine of the settings does not show these tasks to the worker's user. If they run in another one that shares "
    "the journal, Groq is paid again."
)

app = typer.Typer(no_args_is_help=True)


@app.callback()
def journal() -> None:
    """Show and delete the stored responses: paid answers that the engine has not accepted yet."""


@asynccontextmanager
async def _open_engine(session: JournalSession) -> "AsyncIterator[EngineQueries]":
    """Ask the engine that the settings name."""
    from catalyst_groq.camunda.queries import EngineQueries
    from catalyst_groq.config.factory import make_rest_client

    async with aclosing(make_rest_client(session.settings)) as rest:
        yield EngineQueries(rest, rest.url)


@app.command()
def show(
    tasks: Annotated[list[str] | None, typer.Argument(help="Ids of external tasks; default: all.")] = None,
    *,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The most entries to show.")] = 50,
    contents: Annotated[
        bool, typer.Option("--contents", help="Show the responses, too; only of the tasks that you name.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show the stored responses: task, request, age, size, model and state; never their contents unless asked.

    An entry that is *set aside* could not be read when its task needed it; *unreadable* is one that cannot be read
    now. Those that cannot be read come first, then the newest. The totals are those of all entries, or of all that the
    named tasks have, also of those not shown. The engine is asked which of the tasks it has: an entry of one that is
    not in this engine has no use, unless the task is another engine's. Journal, key and engine are those of the
    worker's settings here. It works while workers run.

    Exit codes: 0 all entries can be read, also those not shown; 1 some cannot; 2 wrong usage or settings; 3 there is
    no journal, or it cannot be reached.
    """
    from catalyst_groq.commands.journal import JournalReport, list_entries, look_up_tasks
    from catalyst_groq.commands.journal_view import show_entries, to_json
    from catalyst_groq.config.factory import make_journal_cipher

    if contents and not tasks:
        raise typer.BadParameter("--contents shows the responses of single tasks. Name them")

    async def work(session: JournalSession) -> JournalReport:
        cipher = make_journal_cipher(session.settings)
        report = await list_entries(session.journal, cipher, tasks or [], limit, contents=contents)
        async with _open_engine(session) as engine:
            report = await look_up_tasks(report, engine)
        now = datetime.now(UTC)
        if as_json:
            typer.echo(to_json(report, now, session.mask))
        else:
            show_entries(make_console(), report, now, session.mask)
        return report

    if run_with_journal(work).unreadable_count:
        raise typer.Exit(FAULTS)


@app.command()
def forget(
    tasks: Annotated[list[str] | None, typer.Argument(help="Ids of external tasks.")] = None,
    *,
    ended: Annotated[
        bool, typer.Option("--ended", help="All tasks that are not in the engine of the settings.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Delete the stored responses of tasks: when they run again, Groq is asked, and paid, once more.

    With --ended it deletes those of tasks that are not in the engine: they have ended, unless the worker's user may not
    see them or they are another engine's. If several engines share the journal, name the tasks instead. Without --yes
    it only shows how many there are; in a terminal it asks.

    Exit codes: 0 deleted; 1 nothing was deleted; 2 wrong usage or settings.
    """
    from catalyst_groq.commands.journal import count_entries, count_missing_tasks, forget_tasks
    from catalyst_groq.commands.tables import count

    if bool(tasks) == ended:
        raise typer.BadParameter("name tasks, or use --ended")

    async def count_them(session: JournalSession) -> dict[str, int]:
        if tasks:
            return await count_entries(session.journal, tasks)
        async with _open_engine(session) as engine:
            return await count_missing_tasks(session.journal, engine)

    numbers = run_with_journal(count_them)
    if not numbers:
        typer.echo("The engine has all tasks.")
    for task, number in numbers.items():
        typer.echo(f"{task}: {count(number, 'entry', 'entries')}")
    if not any(numbers.values()):
        raise typer.Exit(FAULTS)
    if ended:
        typer.echo(ENDED_CAUTION)
    question = "Delete them?" if ended else "Delete them? The next attempt of these tasks pays Groq again."
    if not yes and not ask(question):
        typer.echo("Nothing was deleted. Add --yes to do it.")
        raise typer.Exit(FAULTS)
    deleted = run_with_journal(lambda session: forget_tasks(session.journal, list(numbers)))
    typer.echo(f"{count(sum(deleted.values()), 'entry', 'entries')} deleted.")
