"""Budgets: nothing is asked once one is spent, and whatever was paid for is counted."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.connector import budgets
from catalyst_groq.connector.budgets import Budgets
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason
from support.factories import REPLY, make_answer, make_task

pytestmark = pytest.mark.anyio

COST = (18 * Decimal("0.15") + 5 * Decimal("0.60")) / 1_000_000
"""What `REPLY` costs."""

OTHER = {"processInstanceId": "instance-2"}
OTHERS = {"processInstanceId": "instance-3", "processDefinitionKey": "other"}


class Groq:
    """Counts how often it is asked."""

    def __init__(self, *answers):
        self.answers = answers or (make_answer(),)
        self.asked = 0

    async def __call__(self, request):
        assert request == "request"
        self.asked += 1
        return self.answers[min(self.asked, len(self.answers)) - 1]


@pytest.fixture
def clock(monkeypatch):
    """A calendar that a test turns over."""

    class Clock:
        now_ = datetime(2026, 11, 21, 23, 59, tzinfo=UTC)

        @classmethod
        def now(cls, zone):
            assert zone is UTC
            return cls.now_

    monkeypatch.setattr(budgets, "datetime", Clock)
    return Clock


async def asked(groq, kept, *contexts):
    """Ask for a task each; return why it was not asked, or nothing."""
    answers = [await kept.around(groq, make_task(**context))("request") for context in contexts]
    return [answer.message if isinstance(answer, NoResponse) else None for answer in answers]


async def test_what_an_instance_spends_ends_at_its_budget():
    groq = Groq()
    found = await asked(groq, Budgets(per_instance=2 * COST), {}, {}, {}, OTHER)

    assert found == [
        None,
        None,
        "0.0000114 of 0.0000114 USD for this process instance (CATALYST_BUDGET_PER_INSTANCE)",
        None,
    ]
    assert groq.asked == 3


async def test_what_a_definition_spends_goes_on_the_next_day(clock):
    groq, kept = Groq(), Budgets(per_definition=COST)
    today = await asked(groq, kept, {}, OTHER, OTHERS)
    clock.now_ = datetime(2026, 11, 22, tzinfo=UTC)
    tomorrow = await asked(groq, kept, OTHER)

    assert today == [
        None,
        "0.0000057 of 0.0000057 USD for the process 'ask' (CATALYST_BUDGET_PER_DEFINITION), until 2026-11-22 00:00 UTC",
        None,
    ]
    assert tomorrow == [None]


async def test_what_all_spend_together_goes_on_the_next_day(clock):
    groq, kept = Groq(), Budgets(per_day=COST)
    today = await asked(groq, kept, {}, OTHERS)
    clock.now_ = datetime(2026, 11, 22, tzinfo=UTC)
    tomorrow = await asked(groq, kept, OTHERS)

    assert today == [
        None,
        "0.0000057 of 0.0000057 USD for all processes (CATALYST_BUDGET_PER_DAY), until 2026-11-22 00:00 UTC",
    ]
    assert tomorrow == [None]


@given(answers=st.integers(1, 20), budget=st.decimals("0.000001", "0.0001", places=9))
async def test_one_after_the_other_no_more_is_spent_than_the_budget_and_one_answer(answers, budget):
    groq, kept = Groq(), Budgets(per_instance=budget)
    await asked(groq, kept, *[{}] * answers)

    assert groq.asked * COST < budget + COST
    assert groq.asked == answers or groq.asked * COST >= budget


@pytest.mark.parametrize(
    "unpaid",
    [
        make_answer(503, {}),
        make_answer(200, {**REPLY, "model": "of my own"}),
        NoResponse(NoResponseReason.CONNECTION_RESET, "", sent=True, seconds=1),
    ],
)
async def test_what_costs_nothing_that_is_known_is_not_counted(unpaid):
    groq = Groq(unpaid)
    await asked(groq, Budgets(per_instance=Decimal("1e-9")), {}, {}, {})

    assert groq.asked == 3


def test_without_a_budget_nothing_stands_between_the_worker_and_groq():
    groq = Groq()

    assert Budgets().around(groq, make_task()) is groq
