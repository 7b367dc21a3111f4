"""Commands for the budgets."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from catalyst_groq.cli.conventions import FAULTS, JournalSession, Json, Yes, ask, make_console, run_with_journal

app = typer.Typer(no_args_is_help=True)


@app.callback()
def budget() -> None:
    """Show what was spent of the budgets, and start single ones anew."""


@app.command()
def show(
    *,
    instances: Annotated[
        int, typer.Option(min=0, max=100_000, help="How many process instances to show, those that spent most.")
    ] = 20,
    as_json: Json = False,
) -> None:
    """Show what was spent: today, by process definition, and by the process instances that have spent the most.

    Limits are those of the worker's settings here (CATALYST_BUDGET_…), sums those beside its journal. It works while
    workers run; what they could not store yet, while the journal was unavailable, is not in the sums.

    Exit codes: 0 something is left of each budget; 1 one is exhausted; 2 wrong usage or settings; 3 there is
    no journal, or it cannot be reached.
    """
    from catalyst_groq.commands.budget import BudgetState, list_budgets
    from catalyst_groq.commands.budget_view import show_budgets, to_json
    from catalyst_groq.config.factory import make_budget_limits

    async def work(session: JournalSession) -> list[BudgetState]:
        limits, today = make_budget_limits(session.settings), datetime.now(UTC).date()
        return await list_budgets(session.journal, limits, today, instances)

    states = run_with_journal(work)
    if as_json:
        typer.echo(to_json(states))
    else:
        show_budgets(make_console(), states)
    if any(state.is_exhausted for state in states):
        raise typer.Exit(FAULTS)


@app.command()
def reset(
    accounts: Annotated[
        list[str], typer.Argument(help="day, definition:KEY, instance:ID, or an account that `budget show` lists.")
    ],
    *,
    yes: Yes = False,
) -> None:
    """Set what was spent on budgets to nothing, so that their tasks may spend the whole budget once more.

    Without --yes it only shows the sums; in a terminal it asks. A task that has an incident because of its budget waits
    for its retries: `catalyst-groq retry --cause budget`.

    Exit codes: 0 reset; 1 nothing was reset; 2 wrong usage or settings; 3 there is no journal, or it cannot be reached.
    """
    from catalyst_groq.commands.budget import UnknownAccount, find_sums, name_account, reset_accounts
    from catalyst_groq.domain.budgets import format_usd

    today = datetime.now(UTC).date()
    try:
        names = [name_account(account, today) for account in accounts]
    except UnknownAccount as error:
        raise typer.BadParameter(str(error)) from error
    sums = run_with_journal(lambda session: find_sums(session.journal, names))
    for account, spent in sums.items():
        typer.echo(f"{account}: {format_usd(spent)} USD spent" if spent else f"{account}: nothing was spent")
    if not any(sums.values()):
        raise typer.Exit(FAULTS)
    if not yes and not ask("Set these sums to nothing?"):
        typer.echo("Nothing was reset. Add --yes to do it.")
        raise typer.Exit(FAULTS)
    run_with_journal(lambda session: reset_accounts(session.journal, names))
    typer.echo("Reset.")
