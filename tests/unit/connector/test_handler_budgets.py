"""Budgets in the flow of a task: what is reported once one is spent, and what is booked."""

import json
from decimal import Decimal

import pytest

from catalyst_groq.connector.budgets import BudgetLimits
from catalyst_groq.domain.incident_messages import IF_IN_DIAGRAM
from catalyst_groq.domain.outcomes import BpmnError, Completion, Failure
from catalyst_groq.errors import JournalError
from catalyst_groq.groq.api.error_kinds import ErrorKind
from catalyst_groq.journal import MemoryLedger, WriteBehindLedger
from support.handler_harness import CATCHING_TASK, HandlerHarness, InMemoryJournal

pytestmark = pytest.mark.anyio

COST = (18 * Decimal("0.15") + 5 * Decimal("0.60")) / 1_000_000
"""USD of one response of the fake client."""

EXHAUSTED = "not sent, budget exhausted: 0.0000057 of 0.000001 USD for this process instance"
ONE_MILLIONTH = BudgetLimits(per_instance=Decimal("1e-6"))


async def test_exhausted_budget_is_a_bpmn_error_and_sends_nothing():
    harness = HandlerHarness(process=CATCHING_TASK, budgets=ONE_MILLIONTH)
    first, second = [await harness.handle() for _ in range(2)]

    assert isinstance(first, Completion)
    assert isinstance(second, BpmnError)
    assert second.code == "BUDGET_EXCEEDED"
    assert second.variables["catalyst_error"].startswith(EXHAUSTED)
    meta = second.variables["catalyst_meta"]
    assert (meta["attemptCount"], meta["modelsTried"]) == (0, [])
    assert [attempt["result"] for attempt in meta["attempts"]] == ["not sent, budget exhausted"]
    assert len(harness.groq.requests) == 1


async def test_exhausted_budget_is_an_incident_where_uncaught():
    harness = HandlerHarness(budgets=ONE_MILLIONTH)
    _, outcome = [await harness.handle() for _ in range(2)]

    assert isinstance(outcome, Failure)
    assert outcome.message == (
        f"Groq: {EXHAUSTED} (CATALYST_BUDGET_PER_INSTANCE). {ErrorKind.BUDGET.remedy} "
        "Nothing catches the BPMN error BUDGET_EXCEEDED. If the process shall handle it, "
        f"attach an error boundary event to 'AskGroq'. {IF_IN_DIAGRAM}"
    )
    assert outcome.retries == 0
    assert len(harness.groq.requests) == 1


async def test_budget_counts_responses_that_could_not_be_used():
    harness = HandlerHarness(budgets=BudgetLimits(per_instance=Decimal(1)))
    payload = {"messages": [{"role": "user", "content": "Hi"}], "response_format": {"type": "json_object"}}
    outcome = await harness.handle({}, {"catalyst_payload": json.dumps(payload)})

    assert isinstance(outcome, Failure)
    assert outcome.variables["catalyst_meta"]["attemptCount"] == 2
    assert await harness.ledger.spent(["instance:instance-1"]) == [2 * COST]


async def test_exhausted_budget_does_not_stop_a_replay():
    harness = HandlerHarness(budgets=ONE_MILLIONTH, journal=InMemoryJournal())
    outcomes = [await harness.handle() for _ in range(2)]

    assert [type(outcome) for outcome in outcomes] == [Completion, Completion]
    assert len(harness.groq.requests) == 1


async def test_required_ledger_that_fails_sends_nothing():
    class FailingLedger(MemoryLedger):
        async def spent(self, accounts):
            raise JournalError(f"No {len(accounts)} sums")

    harness = HandlerHarness(budgets=ONE_MILLIONTH, ledger=WriteBehindLedger(FailingLedger(), required=True))
    outcome = await harness.handle(retries=2)

    assert isinstance(outcome, Failure)
    assert outcome.message == "No 1 sums. No request is sent until the journal is available"
    assert (outcome.retries, outcome.retry_timeout.total_seconds()) == (2, 30)
    assert not harness.groq.requests
