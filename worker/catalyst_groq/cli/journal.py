"""Commands for the stored responses."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from catalyst_groq.cli.conventions import FAULTS, JournalSession, Json, Yes, ask, make_console, run_with_journal

app = typer.Typer(no_args_is_help=True)


@app.callback()
def journal() -> None:
    """Show and delete the stored responses: paid answers that the engine has not accepted yet."""


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
    now. Those that cannot be read come first, then the newest; their number is that of all, also of those not shown.
    Journal and key are those of the worker's settings here. It works while workers run.

    Exit codes: 0 all entries can be read, also those not shown; 1 some cannot, or there is no journal; 2 wrong usage
    or settings.
    """
    from catalyst_groq.commands.journal import JournalReport, list_entries
    from catalyst_groq.commands.journal_view import show_entries, to_json
    from catalyst_groq.config.factory import make_journal_cipher

    if contents and not tasks:
        raise typer.BadParameter("--contents shows the responses of single tasks. Name them")

    async def work(session: JournalSession) -> JournalReport:
        cipher = make_journal_cipher(session.settings)
        report = await list_entries(session.journal, cipher, tasks or [], limit, contents=contents)
        now = datetime.now(UTC)
        if as_json:
            typer.echo(to_json(report, now, session.mask))
        else:
            show_entries(make_console(), report, now, session.mask)
        return report

    if run_with_journal(work).unreadable_count:
        raise typer.Exit(FAULTS)


@app.command()
def forget(tasks: Annotated[list[str], typer.Argument(help="Ids of external tasks.")], *, yes: Yes = False) -> None:
    """Delete the stored responses of tasks: when they run again, Groq is asked, and paid, once more.

    Without --yes it only shows how many there are; in a terminal it asks.

    Exit codes: 0 deleted; 1 nothing was deleted; 2 wrong usage or settings.
    """
    from catalyst_groq.commands.journal import count_entries, forget_tasks
    from catalyst_groq.commands.tables import count

    numbers = run_with_journal(lambda session: count_entries(session.journal, tasks))
    for task, number in numbers.items():
        typer.echo(f"{task}: {count(number, 'entry', 'entries')}")
    if not any(numbers.values()):
        raise typer.Exit(FAULTS)
    if not yes and not ask("Delete them? The next attempt of these tasks pays Groq again."):
        typer.echo("Nothing was deleted. Add --yes to do it.")
        raise typer.Exit(FAULTS)
    deleted = run_with_journal(lambda session: forget_tasks(session.journal, tasks))
    typer.echo(f"{count(sum(deleted.values()), 'entry', 'entries')} deleted.")
