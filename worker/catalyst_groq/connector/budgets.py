"""Budgets: what a process instance, a process definition and all of them may spend."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import ParamSpec

from catalyst_groq.domain.external_task import ExternalTask
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason, Response
from catalyst_groq.groq.models.pricing import cost_usd
from catalyst_groq.journal import Ledger, MemoryLedger

Sent = ParamSpec("Sent")
SHOWN_DECIMALS = 9
"""Decimals of USD that a message shows: the shortest answer costs a few millionths."""


@dataclass(frozen=True, slots=True)
class Budget:
    """One sum that is not to be passed, in USD."""

    account: str
    """What the ledger books it on."""
    limit: Decimal
    whose: str
    """Who may spend it, and the setting that says so."""
    day: date | None = None
    """The day that it is for, in UTC."""

    def exceeded_message(self, spent: Decimal) -> str | None:
        """Say that nothing is left of it, with the figures; None where something is."""
        if spent < self.limit:
            return None
        figures = f"{_dollars(spent)} of {_dollars(self.limit)} USD for {self.whose}"
        return f"{figures}, until {self.day + timedelta(days=1)} 00:00 UTC" if self.day else figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """The operator's budgets in USD; those of a definition and of all processes are for a day (UTC). None: no budget.

    Tasks that are asked at the same moment know nothing of each other's cost, so that a budget may be passed by what
    is in hand.
    """

    per_instance: Decimal | None = None
    per_definition: Decimal | None = None
    per_day: Decimal | None = None
    ledger: Ledger = field(default_factory=MemoryLedger)

    def around(
        self, send: Callable[Sent, Awaitable[Response | NoResponse]], task: ExternalTask
    ) -> Callable[Sent, Awaitable[Response | NoResponse]]:
        """Return a way of sending that books what each answer costs, and sends nothing once a budget is spent.

        It raises `JournalError` where the ledger is required and broken; nothing has been sent then.
        """
        if not any(self.for_task(task)):
            return send

        async def within_budgets(*args: Sent.args, **kwargs: Sent.kwargs) -> Response | NoResponse:
            budgets = list(self.for_task(task))
            accounts = [budget.account for budget in budgets]
            for budget, spent in zip(budgets, await self.ledger.spent(accounts), strict=True):
                if why_not := budget.exceeded_message(spent):
                    return NoResponse(NoResponseReason.BUDGET_EXHAUSTED, why_not, sent=False, seconds=0)
            answer = await send(*args, **kwargs)
            if cost := cost_usd(answer):
                await self.ledger.book(dict.fromkeys(accounts, cost))
            return answer

        return within_budgets

    def for_task(self, task: ExternalTask) -> Iterator[Budget]:
        """Yield the budgets that are for a task, today."""
        key, today = task.process_definition_key, datetime.now(UTC).date()
        if self.per_instance is not None:
            account, whose = f"instance:{task.process_instance_id}", "this process instance"
            yield Budget(account, self.per_instance, f"{whose} (CATALYST_BUDGET_PER_INSTANCE)")
        if self.per_definition is not None:
            account, whose = f"definition:{key}:{today}", f"the process '{key}'"
            yield Budget(account, self.per_definition, f"{whose} (CATALYST_BUDGET_PER_DEFINITION)", today)
        if self.per_day is not None:
            yield Budget(f"day:{today}", self.per_day, "all processes (CATALYST_BUDGET_PER_DAY)", today)


def _dollars(amount: Decimal) -> str:
    return f"{amount:.{SHOWN_DECIMALS}f}".rstrip("0").rstrip(".")
