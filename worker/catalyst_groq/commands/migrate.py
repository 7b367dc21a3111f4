"""`catalyst-groq migrate`: which instances hang on another version of their process, and their migration."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from catalyst_groq.camunda.deployments import Deployments, ProcessDefinition
from catalyst_groq.camunda.failed_tasks import FailedTask, FailedTasks, group_by_instance
from catalyst_groq.camunda.migrations import MigrationPlan, Migrations
from catalyst_groq.camunda.rest_client import RestClient
from catalyst_groq.errors import CatalystError, EngineRefused


class UnknownVersion(CatalystError):  # noqa: N818 -- named after the state
    """The process has no such version."""


class InstanceMigration(NamedTuple):
    """One instance with failed tasks, and where it is to go. `plan` is how, or why it cannot."""

    instance_id: str
    source: ProcessDefinition
    target: ProcessDefinition
    tasks: Sequence[FailedTask]
    plan: MigrationPlan | str

    @property
    def problem(self) -> str:
        """Why it cannot be migrated; empty if it can, as far as the plan shows."""
        return self.plan if isinstance(self.plan, str) else ""


@dataclass(frozen=True, slots=True)
class MigrationPlanner:
    """Plans migrations. Asks the engine once for each definition and each plan."""

    deployments: Deployments
    migrations: Migrations
    _definitions: dict[str, ProcessDefinition] = field(default_factory=dict)
    _targets: dict[tuple[str, str], ProcessDefinition] = field(default_factory=dict)
    _plans: dict[tuple[str, str], MigrationPlan | str] = field(default_factory=dict)

    async def plan(self, tasks: Sequence[FailedTask], to_version: int | None) -> list[InstanceMigration]:
        """Return the migrations of the instances that are not at the target version, which is the latest if None.

        Raises `UnknownVersion`, `EngineError`.
        """
        planned = []
        for instance_id, own in group_by_instance(tasks).items():
            source = await self._definition(own[0].definition_id)
            target = await self._target(source, to_version)
            if source.id != target.id:
                plan = _check(await self._plan(source, target), target, own)
                planned.append(InstanceMigration(instance_id, source, target, own, plan))
        return planned

    async def _definition(self, id_: str) -> ProcessDefinition:
        if id_ not in self._definitions:
            self._definitions[id_] = await self.deployments.definition(id_)
        return self._definitions[id_]

    async def _target(self, source: ProcessDefinition, to_version: int | None) -> ProcessDefinition:
        key = source.key, source.tenant
        if key not in self._targets:
            if to_version is None:
                found = await self.deployments.latest(*key)
            else:
                found = await self.deployments.version(source.key, to_version, source.tenant)
            if found is None:
                raise UnknownVersion(
                    f"--to-version {to_version}: '{source.key}' has no such version. Name another one."
                )
            self._targets[key] = found
        return self._targets[key]

    async def _plan(self, source: ProcessDefinition, target: ProcessDefinition) -> MigrationPlan | str:
        key = source.id, target.id
        if key not in self._plans:
            try:
                self._plans[key] = await self.migrations.make_plan(*key)
            except EngineRefused as error:
                self._plans[key] = f"the engine makes no plan: {error.message}"
        return self._plans[key]


def _check(plan: MigrationPlan | str, target: ProcessDefinition, tasks: Sequence[FailedTask]) -> MigrationPlan | str:
    """Return the plan, or why an instance cannot follow it; the engine finds further reasons when it migrates."""
    missing = [
        task.activity for task in tasks if isinstance(plan, MigrationPlan) and task.activity not in plan.activities
    ]
    if not missing:
        return plan
    return (
        f"version {target.version} has no '{missing[0]}' that its task could move to. Deploy a version in which it has "
        "the same id, type and scope"
    )


async def migrate_instance(rest: RestClient, migration: InstanceMigration, retries: int | None) -> None:
    """Migrate an instance, and then raise the retries of its failed tasks if `retries` are given.

    Raises `EngineRefused`, `EngineUnreachable`.
    """
    assert isinstance(migration.plan, MigrationPlan)  # noqa: S101 -- the caller leaves out those with a problem
    await Migrations(rest).migrate(migration.plan, migration.instance_id)
    if retries is not None:
        for task in migration.tasks:
            await FailedTasks(rest).set_retries(task.id, retries)
