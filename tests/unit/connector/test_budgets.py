"""Budgets: nothing is sent once one is spent, and every paid response is counted."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.connector import budgets
from catalyst_groq.connector.budgets import BudgetedClient, BudgetLimits
from catalyst_groq.errors import JournalError
from catalyst_groq.groq.api.operations import CHAT_COMPLETION
from catalyst_groq.groq.api.requests import Account, GroqRequest
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason
from catalyst_groq.groq.models.catalog import shipped_catalog
from catalyst_groq.journal import MemoryLedger
from support.factories import REPLY, make_response, make_task
from support.groq_clients import FakeGroqClient

pytestmark = pytest.mark.anyio

COST = (18 * Decimal("0.15") + 5 * Decimal("0.60")) / 1_000_000
"""What `REPLY` costs."""

ACCOUNT = Account("http://groq", "key")
OTHER_INSTANCE = {"processInstanceId": "instance-2"}
OTHER_PROCESS = {"processInstanceId": "instance-3", "processDefinitionKey": "other"}


class BudgetHarness:
    """A budgeted client with a ledger in memory."""

    def __init__(self, limits, *responses, ledger=None):
        self.limits = limits
        self.groq = FakeGroqClient(*responses)
        self.client = BudgetedClient(self.groq, ledger or MemoryLedger(), shipped_catalog())

    async def send(self, *contexts):
        """Send a request for a task of each context; return why it was not sent, or None."""
        messages = []
        for context in contexts:
            payload, limits = {"model": "m", "messages": []}, self.limits.for_task(make_task(**context))
            result = await self.client.send(GroqRequest(CHAT_COMPLETION, ACCOUNT, payload, 1, "task-1", limits))
            messages.append(result.message if isinstance(result, NoResponse) else None)
        return messages


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test sets."""

    class Clock:
        time = datetime(2026, 11, 21, 23, 59, tzinfo=UTC)

        @classmethod
        def now(cls, zone):
            assert zone is UTC
            return cls.time

    monkeypatch.setattr(budgets, "datetime", Clock)
    return Clock


async def test_budget_of_an_instance_stops_only_that_instance():
    harness = BudgetHarness(BudgetLimits(per_instance=2 * COST))

    assert await harness.send({}, {}, {}, OTHER_INSTANCE) == [
        None,
        None,
        "0.0000114 of 0.0000114 USD for this process instance (CATALYST_BUDGET_PER_INSTANCE)",
        None,
    ]
    assert len(harness.groq.requests) == 3


async def test_budget_of_a_definition_is_renewed_on_the_next_day(clock):
    harness = BudgetHarness(BudgetLimits(per_definition=COST))
    today = await harness.send({}, OTHER_INSTANCE, OTHER_PROCESS)
    clock.time = datetime(2026, 11, 22, tzinfo=UTC)
    tomorrow = await harness.send(OTHER_INSTANCE)

    assert today == [
        None,
        "0.0000057 of 0.0000057 USD for the process 'ask' (CATALYST_BUDGET_PER_DEFINITION), until 2026-11-22 00:00 UTC",
        None,
    ]
    assert tomorrow == [None]


async def test_budget_of_all_processes_is_renewed_on_the_next_day(clock):
    harness = BudgetHarness(BudgetLimits(per_day=COST))
    today = await harness.send({}, OTHER_PROCESS)
    clock.time = datetime(2026, 11, 22, tzinfo=UTC)
    tomorrow = await harness.send(OTHER_PROCESS)

    assert today == [
        None,
        "0.0000057 of 0.0000057 USD for all processes (CATALYST_BUDGET_PER_DAY), until 2026-11-22 00:00 UTC",
    ]
    assert tomorrow == [None]


@given(requests=st.integers(1, 20), budget=st.decimals("0.000001", "0.0001", places=9))
async def test_budget_is_exceeded_by_less_than_one_response(requests, budget):
    harness = BudgetHarness(BudgetLimits(per_instance=budget))
    await harness.send(*[{}] * requests)

    sent = len(harness.groq.requests)
    assert sent * COST < budget + COST
    assert sent == requests or sent * COST >= budget


@pytest.mark.parametrize(
    "unpaid",
    [
        make_response(503, {}),
        make_response(200, {**REPLY, "model": "of my own"}),
        NoResponse(NoResponseReason.CONNECTION_RESET, "", sent=True, seconds=1),
    ],
)
async def test_budget_does_not_count_results_without_a_known_price(unpaid):
    harness = BudgetHarness(BudgetLimits(per_instance=Decimal("1e-9")), unpaid)
    await harness.send({}, {}, {})
    assert len(harness.groq.requests) == 3


async def test_budget_that_is_not_set_needs_no_ledger():
    class FailingLedger(MemoryLedger):
        async def spent(self, accounts):
            raise JournalError("broken")

    harness = BudgetHarness(BudgetLimits(), ledger=FailingLedger())

    assert BudgetLimits().for_task(make_task()) == ()
    assert await harness.send({}) == [None]
    with pytest.raises(JournalError):
        await BudgetHarness(BudgetLimits(per_day=COST), ledger=FailingLedger()).send({})


async def test_daily_budgets_show_what_is_known_to_be_spent(monkeypatch):
    limits = BudgetLimits(per_instance=Decimal(1), per_definition=Decimal(2), per_day=Decimal(3))
    harness = BudgetHarness(limits, *[make_response()] * 3)
    assert list(harness.client.daily()) == []
    await harness.send({}, OTHER_INSTANCE, OTHER_PROCESS)
    spent = {budget.account.rpartition(":")[0]: amount for budget, amount in harness.client.daily()}

    assert spent == {"day": 3 * COST, "definition:ask": 2 * COST, "definition:other": COST}
    monkeypatch.setattr(budgets, "datetime", NextDay)
    assert list(harness.client.daily()) == []


class NextDay(datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + timedelta(days=1)


async def test_budget_of_a_day_that_is_spent_is_logged_once(caplog, clock):
    harness = BudgetHarness(BudgetLimits(per_instance=COST, per_definition=2 * COST))
    await harness.send({})
    assert (caplog.messages, list(harness.client.exhausted())) == ([], []), "an instance is no concern of an operator"
    await harness.send(OTHER_INSTANCE, OTHER_INSTANCE, {})
    spent = (
        "0.0000114 of 0.0000114 USD for the process 'ask' (CATALYST_BUDGET_PER_DEFINITION), until 2026-11-22 00:00 UTC"
    )

    assert caplog.messages == [f"Budget spent: {spent}. No request that counts against it is sent"]
    assert list(harness.client.exhausted()) == [spent]


async def test_budget_spent_by_another_worker_is_logged(caplog, clock):
    ledger = MemoryLedger()
    await BudgetHarness(BudgetLimits(per_day=COST), ledger=ledger).send({})
    caplog.clear()
    await BudgetHarness(BudgetLimits(per_day=COST), ledger=ledger).send({}, {})

    assert len(caplog.messages) == 1
