"""Plans of migrations."""

from typing import Any

import pytest

from catalyst_groq.camunda.deployments import ProcessDefinition
from catalyst_groq.camunda.migrations import MigrationPlan
from catalyst_groq.commands.migrate import MigrationPlanner, UnknownVersion
from catalyst_groq.errors import EngineRefused
from support.failed_tasks import make_task

pytestmark = pytest.mark.anyio


class FakeEngine:
    """Deployed versions and their plans; counts what it is asked."""

    def __init__(self, versions=(1, 2, 3), activities=("Ask",), refusal=""):
        self.versions, self.activities, self.refusal, self.asked = versions, activities, refusal, []

    async def definition(self, id_):
        self.asked.append(id_)
        return self._make(int(id_.split(":")[1]))

    async def latest(self, key, tenant):
        return self._make(self.versions[-1])

    async def version(self, key, number, tenant):
        return self._make(number) if number in self.versions else None

    async def make_plan(self, source, target):
        self.asked.append((source, target))
        if self.refusal:
            raise EngineRefused(400, "BadUserRequestException", self.refusal)
        return MigrationPlan({"source": source}, frozenset(self.activities))

    @staticmethod
    def _make(number):
        return ProcessDefinition(f"order:{number}", "order", number, "", "d1")


def task(id_, instance_id, version=1, activity="Ask"):
    return make_task(id_, instance_id=instance_id, definition_id=f"order:{version}", activity=activity)


async def plan(tasks, to_version=None, **options):
    engine: Any = FakeEngine(**options)
    return await MigrationPlanner(engine, engine).plan(tasks, to_version), engine


async def test_plan_has_one_migration_for_each_instance():
    planned, engine = await plan([task("1", "a"), task("2", "a"), task("3", "b"), task("4", "c", version=2)])

    assert [(entry.instance_id, entry.source.version, entry.target.version) for entry in planned] == [
        ("a", 1, 3),
        ("b", 1, 3),
        ("c", 2, 3),
    ]
    assert [[entry.id for entry in migration.tasks] for migration in planned] == [["1", "2"], ["3"], ["4"]]
    assert len(engine.asked) == len(set(engine.asked)), "each is asked once"


async def test_plan_leaves_out_instances_at_the_target_version():
    assert (await plan([task("1", "a", version=3)]))[0] == []
    [entry] = (await plan([task("1", "a", version=3), task("2", "b", version=2)], to_version=3))[0]
    assert entry.instance_id == "b"


async def test_plan_without_the_activity_is_a_problem():
    [entry] = (await plan([task("1", "a"), task("2", "a", activity="Other")]))[0]

    assert entry.problem.startswith("version 3 has no 'Other' that its task could move to. ")


async def test_plan_that_the_engine_refuses_is_a_problem():
    [entry] = (await plan([task("1", "a")], refusal="no way"))[0]

    assert entry.problem == "the engine makes no plan: no way"


async def test_plan_for_a_version_that_does_not_exist_is_refused():
    with pytest.raises(UnknownVersion, match="--to-version 9: 'order' has no such version"):
        await plan([task("1", "a")], to_version=9)
