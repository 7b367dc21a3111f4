"""`catalyst-groq budget`: what was spent of each budget, and starting one anew."""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from catalyst_groq.connector.budgets import BudgetLimits, day_account, definition_account, instance_account
from catalyst_groq.errors import CatalystError
from catalyst_groq.journal.administration import JournalAdministration

DAY_SUFFIX = re.compile(r":\d{4}-\d\d-\d\d")
ACCOUNTS_FIX = "Write day, definition:KEY, instance:ID, or an account that `catalyst-groq budget show` lists"


class UnknownAccount(CatalystError):  # noqa: N818 -- named after the state
    """No account is called so."""


class BudgetState(NamedTuple):
    """What was spent on an account; `limit` is None where no budget is set for it, or its day is over."""

    account: str
    spent: Decimal
    limit: Decimal | None

    @property
    def is_exhausted(self) -> bool:
        """Whether requests are refused because of it."""
        return self.limit is not None and self.spent >= self.limit


async def list_budgets(
    journal: JournalAdministration, limits: BudgetLimits, today: date, max_instances: int
) -> list[BudgetState]:
    """Return the accounts, those of today first. Raises `JournalError`."""
    found = await journal.accounts(max_instances)
    states = [BudgetState(account, spent, _limit_of(account, limits, today)) for account, spent in found]
    return sorted(states, key=lambda state: (state.limit is None, state.account.partition(":")[0], -state.spent))


def name_account(written: str, today: date) -> str:
    """Return an account of the ledger: `day` and `definition:KEY` are those of today. Raises `UnknownAccount`."""
    kind, _, rest = written.partition(":")
    if written == "day":
        return day_account(today)
    if kind == "definition" and rest:
        return written if DAY_SUFFIX.search(written, len(written) - 11) else definition_account(rest, today)
    if kind == "instance" and rest:
        return instance_account(rest)
    if kind == "day" and DAY_SUFFIX.fullmatch(f":{rest}"):
        return written
    raise UnknownAccount(f"{written}: there is no such account. {ACCOUNTS_FIX}")


async def find_sums(journal: JournalAdministration, accounts: Sequence[str]) -> dict[str, Decimal | None]:
    """Return what was spent on each account; None if nothing was ever booked to it. Raises `JournalError`."""
    return {account: await journal.spent(account) for account in accounts}


async def reset_accounts(journal: JournalAdministration, accounts: Sequence[str]) -> None:
    """Set what was spent on accounts to nothing. Raises `JournalError`."""
    for account in accounts:
        await journal.reset(account)


def _limit_of(account: str, limits: BudgetLimits, today: date) -> Decimal | None:
    if account == day_account(today):
        return limits.per_day
    if account.startswith("definition:") and account.endswith(f":{today}"):
        return limits.per_definition
    return limits.per_instance if account.startswith("instance:") else None
