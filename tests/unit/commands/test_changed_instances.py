"""The wait for what becomes of changed instances."""

from typing import Any

import pytest

from catalyst_groq.camunda.deployments import ProcessDefinition
from catalyst_groq.camunda.migrations import MigrationPlan
from catalyst_groq.commands.changed_instances import WaitReport, changed_tasks, find_obstacle, wait_for_changed
from catalyst_groq.commands.instance_outcome import InstanceOutcome, Situation
from catalyst_groq.commands.migrate import InstanceMigration
from catalyst_groq.commands.paced_run import PacedResult
from catalyst_groq.errors import EngineUnreachable
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
async def test_wait_that_loses_the_engine_says_so():
    class AwayEngine:
        url = "http://engine"

        async def get(self, url, shape):
            raise EngineUnreachable("Engine unreachable.")

    rest: Any = AwayEngine()
    report = await wait_for_changed(rest, PacedResult(done=TASKS), 1, lambda: None)

    assert report.problem == "--wait: what became of the instances is unknown. Engine unreachable."
    assert not report.is_fine


def test_wait_is_fine_if_each_outcome_is():
    ended = InstanceOutcome("i1", Situation.ENDED, end_state="COMPLETED")

    assert WaitReport([ended]).is_fine
    assert not WaitReport([ended, InstanceOutcome("i2", Situation.RUNNING)]).is_fine
