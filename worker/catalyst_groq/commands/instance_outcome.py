"""What became of process instances: they have ended, have an incident, or wait for a person."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from catalyst_groq.camunda.instances import NO_HISTORY, Element, FailedAttempt, Incident, Instances, UnlockedTask
from catalyst_groq.domain.variables import TypedValueDto

POLL_INTERVAL_SECONDS = 0.5
COMPLETED = "COMPLETED"


class Situation(StrEnum):
    """What an instance does, or has done."""

    ENDED = "ended"
    INCIDENT = "incident"
    USER_TASK = "user task"
    RUNNING = "running"


@dataclass(frozen=True, slots=True)
class InstanceOutcome:
    """An instance at one moment."""

    instance_id: str
    situation: Situation
    end_state: str = ""
    """How it has ended, such as `COMPLETED` or `EXTERNALLY_TERMINATED`."""
    end_events: Sequence[Element] = ()
    user_tasks: Sequence[Element] = ()
    incidents: Sequence[Incident] = ()
    attempts: Sequence[FailedAttempt] = ()
    """Tasks that have failed, and that the engine will offer again."""
    unlocked_tasks: Sequence[UnlockedTask] = ()
    """Tasks that no worker has fetched when the wait ended."""
    variables: Mapping[str, TypedValueDto] = field(default_factory=dict)
    """Empty unless somebody has read them."""

    @property
    def is_fine(self) -> bool:
        """Whether nobody has to look at it: it has completed, or waits for a person."""
        return self.situation is Situation.USER_TASK or self.end_state in {COMPLETED, NO_HISTORY}


OnAttempts = Callable[[Sequence[FailedAttempt]], None]
"""Is called when further attempts have failed."""


async def wait_for_outcome(
    instances: Instances,
    instance_id: str,
    timeout_seconds: float,
    on_attempts: OnAttempts,
    changed_tasks: Collection[str] = (),
) -> InstanceOutcome:
    """Wait until an instance has ended, has an incident, or waits for a person; `RUNNING` after the timeout.

    An instance runs as long as one of its `changed_tasks` (ids) has retries left, whatever else is in it. Instances
    that it calls count, too. Raises `EngineError`.
    """
    deadline = asyncio.get_running_loop().time() + timeout_seconds
    attempts: Sequence[FailedAttempt] = ()
    while True:
        is_pending = await _has_retries(instances, instance_id, changed_tasks)
        outcome = InstanceOutcome(instance_id, Situation.RUNNING) if is_pending else await _look(instances, instance_id)
        if outcome.attempts and outcome.attempts != attempts:
            on_attempts(outcome.attempts)
        attempts = outcome.attempts
        if outcome.situation is not Situation.RUNNING:
            return outcome
        if asyncio.get_running_loop().time() > deadline:
            ids = [instance_id] if is_pending else await instances.with_called(instance_id)
            return replace(
                outcome, unlocked_tasks=[task for id_ in ids for task in await instances.unlocked_tasks(id_)]
            )
        await asyncio.sleep(POLL_INTERVAL_SECONDS)


async def wait_for_outcomes(
    instances: Instances,
    changed_tasks: Mapping[str, Collection[str]],
    timeout_seconds: float,
    on_outcome: Callable[[], None],
) -> list[InstanceOutcome]:
    """Wait for instances together, as `wait_for_outcome` does for one.

    `changed_tasks`: by the id of each instance those of its tasks. `on_outcome` is called when one has its outcome.
    """

    async def wait(instance_id: str, tasks: Collection[str]) -> InstanceOutcome:
        outcome = await wait_for_outcome(instances, instance_id, timeout_seconds, lambda _: None, tasks)
        on_outcome()
        return outcome

    return list(await asyncio.gather(*(wait(*entry) for entry in changed_tasks.items())))


async def _has_retries(instances: Instances, instance_id: str, tasks: Collection[str]) -> bool:
    """Whether one of these tasks has retries left. It is asked first: one request, where a look takes five."""
    return bool(tasks) and not (await instances.tasks_with_retries(instance_id)).isdisjoint(tasks)


async def _look(instances: Instances, instance_id: str) -> InstanceOutcome:
    """Return where an instance is, without its variables."""
    if state := await instances.end_state(instance_id):
        return InstanceOutcome(instance_id, Situation.ENDED, state, await instances.end_events(instance_id))
    ids = await instances.with_called(instance_id)
    incidents = [incident for id_ in ids for incident in await instances.incidents(id_)]
    user_tasks = [task for id_ in ids for task in await instances.user_tasks(id_)]
    attempts = [attempt for id_ in ids for attempt in await instances.failed_attempts(id_)]
    situation = Situation.INCIDENT if incidents else Situation.USER_TASK if user_tasks else Situation.RUNNING
    return InstanceOutcome(instance_id, situation, user_tasks=user_tasks, incidents=incidents, attempts=attempts)
