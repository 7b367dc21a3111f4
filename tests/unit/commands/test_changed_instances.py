"""The wait for what becomes of changed instances."""

from contextlib import nullcontext
from typing import Any, ClassVar

import pytest

from catalyst_groq.camunda.deployments import ProcessDefinition
from catalyst_groq.camunda.migrations import MigrationPlan
from catalyst_groq.commands.changed_instances import (
    NOT_AWAITED,
    REQUESTS_PER_SECOND,
    WaitReport,
    changed_tasks,
    find_obstacle,
    report_interrupted,
    wait_for_changed,
)
from catalyst_groq.commands.instance_outcome import InstanceOutcome, Situation
from catalyst_groq.commands.migrate import InstanceMigration
from catalyst_groq.commands.paced_run import PacedResult
from catalyst_groq.errors import EngineRefused
from support.failed_tasks import make_task

TASKS = [make_task("t1"), make_task("t2"), make_task("t3", instance_id="i2")]
VERSION = ProcessDefinition("order:1", "order", 1, "", "d1")


def test_changed_tasks_are_known_by_their_instances():
    migration = InstanceMigration("i1", VERSION, VERSION, TASKS[:2], MigrationPlan({}, frozenset()))

    assert changed_tasks(PacedResult(done=TASKS)) == {"i1": ["t1", "t2"], "i2": ["t3"]}
    assert changed_tasks(PacedResult(done=[migration])) == {"i1": ["t1", "t2"]}


@pytest.mark.parametrize(
    ("result", "obstacle"),
    [
        (None, "--wait: nothing was changed, so there is nothing to wait for."),
        (PacedResult(refused=[(TASKS[0], "no")]), "--wait: nothing was changed, so there is nothing to wait for."),
        (
            PacedResult(done=TASKS, is_interrupted=True),
            "--wait: the command has ended before all changes, so it did not wait.",
        ),
        (PacedResult(done=TASKS, refused=[(TASKS[0], "no")]), ""),
    ],
)
def test_wait_without_a_change_is_explained(result, obstacle):
    assert find_obstacle(result) == obstacle


@pytest.mark.anyio
async def test_wait_for_an_engine_that_shows_nothing_has_an_outcome_for_each():
    class RefusingEngine:
        url = "http://engine"

        async def post(self, url, body, shape):
            raise EngineRefused(403, "AuthorizationException", "no right")

    rest: Any = RefusingEngine()
    report = await wait_for_changed(rest, PacedResult(done=TASKS), 1, lambda _: None)

    assert [(outcome.instance_id, outcome.situation) for outcome in report.outcomes] == [
        ("i1", Situation.UNKNOWN),
        ("i2", Situation.UNKNOWN),
    ]
    assert (report.problem, report.is_fine) == ("", False)


@pytest.mark.anyio
async def test_wait_for_many_instances_keeps_its_timeout():
    class SlowEngine:
        url = "http://engine"
        asked: ClassVar[list[Any]] = []

        async def post(self, url, body, shape):
            self.asked.append(body)
            return [{"id": "t"}] if "externalTaskIdIn" in body else []

        def parsing(self):
            return nullcontext()

    rest: Any = SlowEngine()
    tasks = [make_task(f"t{number}", instance_id=f"i{number}") for number in range(1000)]
    report = await wait_for_changed(rest, PacedResult(done=tasks), 0.1, lambda _: None)

    *looks, last = rest.asked
    assert 0 < len(looks) <= REQUESTS_PER_SECOND / 10 + 1
    assert last["processInstanceIdIn"] == [f"i{number}" for number in range(len(looks))]
    assert [outcome.situation for outcome in report.outcomes] == [Situation.RUNNING] * len(looks) + [
        Situation.UNKNOWN
    ] * (1000 - len(looks))


def test_interrupted_wait_reports_what_was_seen():
    ended = InstanceOutcome("i2", Situation.ENDED, end_state="COMPLETED")
    report = report_interrupted(PacedResult(done=TASKS), {"i2": ended})

    assert report.outcomes == [InstanceOutcome("i1", Situation.UNKNOWN, problem=NOT_AWAITED), ended]
    assert (report.is_interrupted, report.problem) == (True, "--wait: interrupted. The changes are made.")


def test_wait_is_fine_if_each_outcome_is():
    ended = InstanceOutcome("i1", Situation.ENDED, end_state="COMPLETED")

    assert WaitReport([ended]).is_fine
    assert not WaitReport([ended, InstanceOutcome("i2", Situation.RUNNING)]).is_fine
