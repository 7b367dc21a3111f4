"""The wait for what becomes of the instances that `retry` and `migrate` have changed."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from catalyst_groq.camunda.failed_tasks import FailedTask
from catalyst_groq.camunda.instances import Instances
from catalyst_groq.camunda.rest_client import RestClient
from catalyst_groq.commands.instance_outcome import InstanceOutcome, wait_for_outcomes
from catalyst_groq.commands.migrate import InstanceMigration
from catalyst_groq.commands.paced_run import PacedResult
from catalyst_groq.common.pace import Pace
from catalyst_groq.errors import EngineError

REQUESTS_PER_SECOND = 100.0
"""To the engine, however many instances are waited for: each look at one that waits is a request."""

Result = PacedResult[FailedTask] | PacedResult[InstanceMigration]


class WaitReport(NamedTuple):
    """What became of the changed instances; `problem`: why that is unknown, empty if it is not."""

    outcomes: Sequence[InstanceOutcome] = ()
    problem: str = ""

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


async def wait_for_changed(
    rest: RestClient, result: Result, timeout_seconds: float, on_outcome: Callable[[], None]
) -> WaitReport:
    """Wait until each changed instance has ended, has an incident, or waits for a person, or until the timeout."""
    instances = Instances(rest, Pace(REQUESTS_PER_SECOND))
    try:
        return WaitReport(await wait_for_outcomes(instances, changed_tasks(result), timeout_seconds, on_outcome))
    except EngineError as error:
        return WaitReport(problem=f"--wait: what became of the instances is unknown. {error}")
