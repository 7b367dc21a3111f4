"""The wait for what becomes of the instances that `retry` and `migrate` have changed."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from catalyst_groq.camunda.failed_tasks import FailedTask
from catalyst_groq.camunda.instances import Instances
from catalyst_groq.camunda.rest_client import RestClient
from catalyst_groq.commands.instance_outcome import InstanceOutcome, OnLook, Situation, wait_for_outcomes
from catalyst_groq.commands.migrate import InstanceMigration
from catalyst_groq.commands.paced_run import PacedResult
from catalyst_groq.common.pace import Pace

REQUESTS_PER_SECOND = 100.0
"""To the engine, however many instances are waited for: each look at one that waits is a request."""

NOT_AWAITED = "the wait was interrupted."
"""Why the situation of an instance is unknown."""

Result = PacedResult[FailedTask] | PacedResult[InstanceMigration]


class WaitReport(NamedTuple):
    """What became of the changed instances; `problem`: why the wait was not made, or ended early; empty if neither."""

    outcomes: Sequence[InstanceOutcome] = ()
    problem: str = ""
    is_interrupted: bool = False

    @property
    def is_fine(self) -> bool:
        """Whether nobody has to look at any of the instances."""
        return not self.problem and all(outcome.is_fine for outcome in self.outcomes)


def changed_tasks(result: Result) -> dict[str, list[str]]:
    """Return the ids of the tasks whose retries were raised, by the ids of their instances."""
    found: dict[str, list[str]] = {}
    for item in result.done:
        tasks = item.tasks if isinstance(item, InstanceMigration) else [item]
        found.setdefault(item.instance_id, []).extend(task.id for task in tasks)
    return found


def find_obstacle(result: Result | None) -> str:
    """Return why there is nothing to wait for; empty if there is. `result` is None after a dry run."""
    if result is not None and (result.is_interrupted or result.unreachable):
        return "--wait: the command has ended before all changes, so it did not wait."
    if result is None or not result.done:
        return "--wait: nothing was changed, so there is nothing to wait for."
    return ""


async def wait_for_changed(rest: RestClient, result: Result, timeout_seconds: float, on_look: OnLook) -> WaitReport:
    """Wait until each changed instance has ended, has an incident, or waits for a person, or until the timeout."""
    instances = Instances(rest, Pace(REQUESTS_PER_SECOND))
    return WaitReport(await wait_for_outcomes(instances, changed_tasks(result), timeout_seconds, on_look))


def report_interrupted(result: Result, seen: Mapping[str, InstanceOutcome]) -> WaitReport:
    """Return the report of a wait that Ctrl-C has ended. `seen`: by instance what the last look at it has shown."""
    outcomes = [
        seen.get(id_, InstanceOutcome(id_, Situation.UNKNOWN, problem=NOT_AWAITED)) for id_ in changed_tasks(result)
    ]
    return WaitReport(outcomes, "--wait: interrupted. The changes are made.", is_interrupted=True)
