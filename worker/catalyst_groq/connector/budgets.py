"""Budgets: what a process instance, a process definition and all processes may spend."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from catalyst_groq.domain.budgets import Budget
from catalyst_groq.domain.external_task import ExternalTask
from catalyst_groq.groq.api.requests import GroqClient, GroqRequest
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason, Response
from catalyst_groq.groq.models.catalog import ModelCatalog
from catalyst_groq.groq.models.pricing import cost_usd
from catalyst_groq.journal import Ledger

log = logging.getLogger(__name__)

MAX_KNOWN_BUDGETS = 200
"""Whose sums are remembered for the metrics: one for each process definition and day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetLimits:
    """The operator's budgets in USD. Those of a definition and of all processes are per day (UTC). None: no budget."""

    per_instance: Decimal | None = None
    per_definition: Decimal | None = None
    per_day: Decimal | None = None

    def for_task(self, task: ExternalTask) -> tuple[Budget, ...]:
        """Return the budgets that a task's requests count against, as of today."""
        if self.per_instance is None and self.per_definition is None and self.per_day is None:
            return ()
        key, today = task.process_definition_key, datetime.now(UTC).date()
        budgets = []
        if self.per_instance is not None:
            account, owner = instance_account(task.process_instance_id), "this process instance"
            budgets.append(Budget(account, self.per_instance, f"{owner} (CATALYST_BUDGET_PER_INSTANCE)"))
        if self.per_definition is not None:
            account, owner = definition_account(key, today), f"the process '{key}'"
            budgets.append(Budget(account, self.per_definition, f"{owner} (CATALYST_BUDGET_PER_DEFINITION)", today))
        if self.per_day is not None:
            budgets.append(Budget(day_account(today), self.per_day, "all processes (CATALYST_BUDGET_PER_DAY)", today))
        return tuple(budgets)


def day_account(day: date) -> str:
    """Return the account of all processes on a day (UTC)."""
    return f"day:{day}"


def definition_account(key: str, day: date) -> str:
    """Return the account of a process definition, by its key, on a day (UTC)."""
    return f"definition:{key}:{day}"


def instance_account(process_instance_id: str) -> str:
    """Return the account of a process instance."""
    return f"instance:{process_instance_id}"


class BudgetedClient:
    """A `GroqClient` that sends nothing once a budget of the request is spent, and books what each response costs.

    Requests that are in flight at the same time do not see each other's cost, so a budget may be exceeded by them.
    """

    def __init__(self, client: GroqClient, ledger: Ledger, catalog: ModelCatalog) -> None:
        self._client = client
        self._ledger = ledger
        self._catalog = catalog
        self._daily: dict[str, tuple[Budget, Decimal]] = {}
        """The budgets of a day and what was spent of each, as last known, by account."""

    def daily(self) -> Iterator[tuple[Budget, Decimal]]:
        """Yield today's budgets that requests have counted against, and what is known to be spent of each."""
        today = datetime.now(UTC).date()
        return ((budget, spent) for budget, spent in list(self._daily.values()) if budget.day == today)

    def _note(self, budget: Budget, spent: Decimal) -> None:
        """Remember what is spent of the budget of a day, and log it once when that is all of it."""
        if budget.day is None:
            return
        _, known = self._daily.get(budget.account, (budget, Decimal()))
        if (message := budget.exceeded_message(spent)) and not budget.exceeded_message(known):
            log.warning("Budget spent: %s. No request that counts against it is sent", message)
        if budget.account not in self._daily and len(self._daily) >= MAX_KNOWN_BUDGETS:
            del self._daily[next(iter(self._daily))]
        self._daily[budget.account] = budget, spent

    def exhausted(self) -> Iterator[str]:
        """Yield a message about each of today's budgets of which nothing is left, as last known."""
        messages = (budget.exceeded_message(spent) for budget, spent in self.daily())
        return (message for message in messages if message)

    async def send(self, request: GroqRequest) -> Response | NoResponse:
        """Send within the budgets. Raises `JournalError`, with nothing sent, when a required ledger is broken."""
        if not request.budgets:
            return await self._client.send(request)
        accounts = [budget.account for budget in request.budgets]
        sums = await self._ledger.spent(accounts)
        for budget, spent in zip(request.budgets, sums, strict=True):
            self._note(budget, spent)
            if message := budget.exceeded_message(spent):
                return NoResponse(NoResponseReason.BUDGET_EXHAUSTED, message, sent=False, seconds=0)
        response = await self._client.send(request)
        if cost := cost_usd(response, request.operation, self._catalog):
            await self._ledger.book(dict.fromkeys(accounts, cost))
            for budget, spent in zip(request.budgets, sums, strict=True):
                self._note(budget, spent + cost)
        return response
