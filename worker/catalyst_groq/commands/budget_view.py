"""Prints what was spent of the budgets."""

import json
from collections.abc import Sequence
from decimal import Decimal

from rich.console import Console

from catalyst_groq.commands.budget import BudgetState
from catalyst_groq.commands.tables import print_rows, print_text
from catalyst_groq.domain.budgets import format_usd

HEADERS = ("account", "spent USD", "budget USD", "left USD", "state")


def show_budgets(console: Console, states: Sequence[BudgetState]) -> None:
    """Print the accounts as a table."""
    if not states:
        print_text(console, "Nothing was spent on any budget. Costs are counted only where a budget is set.")
        return
    print_rows(console, HEADERS, list(map(_to_row, states)))


def to_json(states: Sequence[BudgetState]) -> str:
    """Return the accounts as a JSON list; amounts are USD."""
    entries = [
        {
            "account": state.account,
            "spent": float(state.spent),
            "budget": None if state.limit is None else float(state.limit),
            "isExhausted": state.is_exhausted,
        }
        for state in states
    ]
    return json.dumps(entries, indent=2, ensure_ascii=False)


def _to_row(state: BudgetState) -> tuple[str, ...]:
    if state.limit is None:
        return state.account, format_usd(state.spent), "", "", "no budget now"
    left = max(state.limit - state.spent, Decimal())
    condition = "exhausted" if state.is_exhausted else ""
    return state.account, format_usd(state.spent), format_usd(state.limit), format_usd(left), condition
