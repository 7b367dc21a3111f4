"""What became of process instances: they have ended, have an incident, or wait for a person."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum

from catalyst_groq.camunda.instances import NO_HISTORY, Element, FailedAttempt, Incident, Instances, UnlockedTask
from catalyst_groq.domain.variables import TypedValueDto
from catalyst_groq.errors import EngineError, EngineUnreachable

POLL_INTERVAL_SECONDS = 0.5
LAST_LOOK_SECONDS = 5.0
"""After the timeout, for the tasks that no worker has fetched."""

COMPLETED = "COMPLETED"
NOT_SEEN = "the time was over before the engine had shown it. Give --wait a longer --timeout."


class Situation(StrEnum):
    """What an instance does, or has done."""

    ENDED = "ended"
    INCIDENT = "incident"
    USER_TASK = "user task"
    RUNNING = "running"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class InstanceOutcome:
    """An instance at one moment."""

    instance_id: str
    situation: Situation
    end_state: str = ""
    """How it has ended, such as `COMPLETED` or `EXTERNALLY_TERMINATED`."""
    end_events: Sequence[Element] = ()
    called: Sequence[str] = ()
    """The ids of the instances that it has called and that run."""
    user_tasks: Sequence[Element] = ()
    incidents: Sequence[Incident] = ()
    attempts: Sequence[FailedAttempt] = ()
    """Tasks that have failed, and that the engine will offer again."""
    unlocked_tasks: Sequence[UnlockedTask] = ()
    """Tasks that no worker has fetched when the wait ended."""
    variables: Mapping[str, TypedValueDto] = field(default_factory=dict)
    """Empty unless somebody has read them."""
    problem: str = ""
    """Why its situation is unknown; empty if it is not."""

    @property
    def instance_ids(self) -> Sequence[str]:
        """It, and the instances that it has called."""
        return [self.instance_id, *self.called]

    @property
    def is_settled(self) -> bool:
        """Whether it goes no further unless somebody does something."""
        return self.situation not in {Situation.RUNNING, Situation.UNKNOWN}

    @property
    def is_fine(self) -> bool:
        """Whether nobody has to look at it: it has completed, or waits for a person."""
        return self.situation is Situation.USER_TASK or self.end_state in {COMPLETED, NO_HISTORY}


OnAttempts = Callable[[Sequence[FailedAttempt]], None]
"""Is called when further attempts have failed."""

OnLook = Callable[[InstanceOutcome], None]
"""Is called with what each look at an instance has shown."""


async def wait_for_outcome(
    instances: Instances, instance_id: str, timeout_seconds: float, on_attempts: OnAttempts
) -> InstanceOutcome:
    """Wait for one instance, as `wait_for_outcomes` does."""
    attempts: Sequence[FailedAttempt] = ()

    def on_look(outcome: InstanceOutcome) -> None:
        nonlocal attempts
        if outcome.attempts and outcome.attempts != attempts:
            attempts = outcome.attempts
            on_attempts(attempts)

    [outcome] = await wait_for_outcomes(instances, {instance_id: ()}, timeout_seconds, on_look)
    return outcome


async def wait_for_outcomes(
    instances: Instances, changed_tasks: Mapping[str, Sequence[str]], timeout_seconds: float, on_look: OnLook
) -> list[InstanceOutcome]:
    """Wait until each instance has ended, has an incident, or waits for a person; after the timeout it is `RUNNING`.

    `changed_tasks`: by the id of each instance the ids of tasks. As long as one of these has retries left, the instance
    runs, whatever else is in it. Instances that it calls count, too. What the engine does not show is `UNKNOWN`; while
    it is unreachable, it is asked again.
    """
    outcomes = {id_: InstanceOutcome(id_, Situation.UNKNOWN, problem=NOT_SEEN) for id_ in changed_tasks}

    def keep(outcome: InstanceOutcome) -> None:
        outcomes[outcome.instance_id] = outcome
        on_look(outcome)

    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_seconds):
            await asyncio.gather(*(_follow(instances, *entry, keep) for entry in changed_tasks.items()))
    running = [outcome for outcome in outcomes.values() if outcome.situation is Situation.RUNNING]
    unlocked = await _find_unlocked_tasks(instances, [id_ for outcome in running for id_ in outcome.instance_ids])
    for outcome in running:
        tasks = [task for id_ in outcome.instance_ids for task in unlocked.get(id_, ())]
        outcomes[outcome.instance_id] = replace(outcome, unlocked_tasks=tasks)
    return list(outcomes.values())


async def _follow(instances: Instances, instance_id: str, tasks: Sequence[str], on_look: OnLook) -> None:
    """Look at an instance until nothing else is to be expected."""
    is_open = True
    while is_open:
        try:
            outcome = await _look(instances, instance_id, tasks)
            is_open = not outcome.is_settled
        except EngineError as error:
            outcome = InstanceOutcome(instance_id, Situation.UNKNOWN, problem=str(error))
            is_open = isinstance(error, EngineUnreachable)
        on_look(outcome)
        if is_open:
            await asyncio.sleep(POLL_INTERVAL_SECONDS)


async def _look(instances: Instances, instance_id: str, tasks: Sequence[str]) -> InstanceOutcome:
    """Return where an instance is, without its variables."""
    if tasks and await instances.has_retries(tasks):  # asked first: one request, where the others are five
        return InstanceOutcome(instance_id, Situation.RUNNING)
    if state := await instances.end_state(instance_id):
        return InstanceOutcome(instance_id, Situation.ENDED, state, await instances.end_events(instance_id))
    ids = await instances.with_called(instance_id)
    incidents = [incident for id_ in ids for incident in await instances.incidents(id_)]
    user_tasks = [task for id_ in ids for task in await instances.user_tasks(id_)]
    attempts = [attempt for id_ in ids for attempt in await instances.failed_attempts(id_)]
    situation = Situation.INCIDENT if incidents else Situation.USER_TASK if user_tasks else Situation.RUNNING
    return InstanceOutcome(
        instance_id, situation, called=ids[1:], user_tasks=user_tasks, incidents=incidents, attempts=attempts
    )


async def _find_unlocked_tasks(instances: Instances, ids: Sequence[str]) -> Mapping[str, Sequence[UnlockedTask]]:
    """Return unlocked tasks by instance, as far as the engine shows them within `LAST_LOOK_SECONDS`."""
    with suppress(EngineError, TimeoutError):
        async with asyncio.timeout(LAST_LOOK_SECONDS):
            return await instances.unlocked_tasks(ids)
    return {}
