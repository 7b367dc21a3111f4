"""Adds the results of the items of a multi-instance to one variable, without losing any to a race.

The engine has no operation that changes a variable only if it is still as it was read: two workers that read, add and
write would lose a result. So each worker writes a *part* of its own, a local variable of the multi-instance, and then
the results of all parts. After that it reads the parts again: if another worker has added something meanwhile, it
repeats the second step. Only then are its tasks completed. Whoever writes the shared variable last has thus seen every
part that belongs to a completed item; and as long as somebody may still write, an item is active.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from catalyst_groq.camunda.rest_client import JSON_FORMAT_MISSING
from catalyst_groq.camunda.scope_variables import BODY_SUFFIX, ScopeVariables
from catalyst_groq.common.lru_cache import LruCache
from catalyst_groq.common.threads import run_beside_loop_if_large
from catalyst_groq.domain.collected_parts import (
    PREFIX,
    is_part_of,
    make_entry,
    merge,
    other_owner,
    parse_part,
    part_name,
)
from catalyst_groq.domain.external_task import ExternalTask
from catalyst_groq.domain.incident_messages import DEPLOY_AND_MIGRATE, add_sentence
from catalyst_groq.domain.outcomes import CollectedResult
from catalyst_groq.domain.variables import Encoder, TypedValueDto
from catalyst_groq.errors import EngineConflict, EngineRefused, ResultRefused

MAX_COLLECTED_CHARS = 10_000_000
"""Maximum length of a collected variable as JSON. The engine takes texts of 20,000,000 characters."""

NUMBER_OF_ITEMS = "nrOfInstances"
"""A variable that each multi-instance has in its own scope."""

CACHED_INSTANCES = 16

NO_JSON_FORMAT = (
    "catalyst_collect: the engine has no JSON data format. Add camunda-engine-plugin-spin and "
    "camunda-spin-dataformat-json-jackson to the engine, or leave the field blank."
)


@dataclass(eq=False, slots=True)
class _Queued:
    """A result that waits to be stored."""

    task: ExternalTask
    collected: CollectedResult
    is_stored: bool = False
    problem: str = ""
    """Why it cannot be collected."""

    @property
    def target(self) -> tuple[str, str, str]:
        return self.task.process_instance_id, self.collected.multi_instance, self.collected.variable

    @property
    def body(self) -> str:
        """The activity id of the scope around all items."""
        return self.collected.multi_instance + BODY_SUFFIX


class ResultCollector:
    """Collects the results of one worker. The reports of one process instance come one after the other."""

    def __init__(self, variables: ScopeVariables) -> None:
        self._variables = variables
        self._worker = uuid4().hex[:12]
        """Names this worker's parts. It is new at each start: no two workers ever write the same part."""
        self._queued: dict[str, _Queued] = {}
        """By task id."""
        self._activity_instances: LruCache[dict[str, Mapping[str, str]]] = LruCache(CACHED_INSTANCES)
        """By process instance id, of instances that run several multi-instances at once."""

    @contextmanager
    def queued(self, task: ExternalTask, collected: CollectedResult | None) -> Iterator[None]:
        """While a report waits for its turn, let the one whose turn it is store this result together with its own."""
        if collected:
            self._queued[task.id] = _Queued(task, collected)
        try:
            yield
        finally:
            self._queued.pop(task.id, None)

    async def store(self, task: ExternalTask) -> None:
        """Add the queued result of a task to its variable. Raises `ResultRefused`, `EngineError`."""
        own = self._queued[task.id]
        if not own.is_stored and not own.problem:
            await self._store_with_others(own)
        if own.problem:
            raise ResultRefused(own.problem)

    async def _store_with_others(self, own: _Queued) -> None:
        """Store a result, together with all those that go into the same variable and wait for their turn."""
        scope_of = await self._find_scopes(own.task)
        scope = scope_of(own)
        if scope is None:
            raise ResultRefused(
                f"catalyst_collect: the multi-instance '{own.collected.multi_instance}' of this task cannot be found. "
                "Let the worker's user read variables (READ on process instances), and look whether it still runs."
            )
        waiting = [other for other in self._queued.values() if not other.is_stored and other.target == own.target]
        batch = [other for other in waiting if scope_of(other) == scope]
        try:
            await self._store(scope, batch)
        except (EngineRefused, ResultRefused) as refusal:
            if isinstance(refusal, EngineRefused) and JSON_FORMAT_MISSING.search(refusal.message):
                raise ResultRefused(NO_JSON_FORMAT) from refusal
            if isinstance(refusal, EngineConflict) or batch == [own]:
                raise
            await self._store(scope, [own])  # what another task collects is not this one's fault

    async def _find_scopes(self, task: ExternalTask) -> Callable[[_Queued], str | None]:
        """Return a function that returns the scope into which a result goes: the execution of its multi-instance."""
        instance = task.process_instance_id
        found = await self._variables.scopes_with(instance, NUMBER_OF_ITEMS)
        # A process that is called with all variables of a multi-instance has such a variable too.
        executions = {
            scope.activity_instance_id: scope.execution_id for scope in found if scope.execution_id != instance
        }
        if len(executions) == 1:
            [(body, execution)] = executions.items()
            # Where the activity's id is short, it is a part of the id of the activity instance.
            return lambda queued: execution if body.startswith(queued.body) or BODY_SUFFIX not in body else None
        around = self._activity_instances.get(instance) if instance in self._activity_instances else {}
        if task.activity_instance_id not in around:
            around = self._activity_instances.put(instance, await self._variables.activity_instances(instance))

        def scope_of(queued: _Queued) -> str | None:
            scopes = around.get(queued.task.activity_instance_id, {})
            return next((executions.get(scope) for scope, activity in scopes.items() if activity == queued.body), None)

        return scope_of

    async def _store(self, scope: str, batch: list[_Queued]) -> None:
        """Store the results of a batch in this worker's part, and write the results of all parts."""
        variable = batch[0].collected.variable
        name = part_name(self._worker, variable)
        others = await self._read_parts(scope, variable)
        earlier = others.pop(name, None)
        while True:
            texts = [earlier, *others.values()]
            part, results = await run_beside_loop_if_large(texts, _encode, name, variable, texts, batch)
            await self._variables.write_local(scope, part)
            await self._variables.write(scope, results)
            before, others = others, await self._read_parts(scope, variable)
            others.pop(name, None)
            if others == before:
                break
        for queued in batch:
            queued.is_stored = not queued.problem

    async def _read_parts(self, scope: str, variable: str) -> dict[str, Any]:
        values = await self._variables.local_values(scope, PREFIX)
        return {name: text for name, text in values.items() if is_part_of(name, variable)}


def _encode(
    name: str, variable: str, texts: list[Any], batch: list[_Queued]
) -> tuple[dict[str, TypedValueDto], dict[str, TypedValueDto]]:
    """Return the own part and the collected variable. Sets the problem of a result whose key another item has.

    `texts`: the own part as it was before, and those of the other workers.
    """
    earlier, *others = map(parse_part, texts)
    part = dict(earlier)
    for queued in batch:
        if queued.problem:
            continue
        activity_id, collected = queued.task.activity_id, queued.collected
        if owner := other_owner(activity_id, collected, [part, *others]):
            queued.problem = _describe_duplicate(collected, owner)
        else:
            part[collected.key] = make_entry(activity_id, collected, [earlier, *others])
    results = Encoder().encode(variable, merge([part, *others]))
    if len(results["value"]) > MAX_COLLECTED_CHARS:
        problem = (
            f"catalyst_collect: the results in '{variable}' have {len(results['value']):,} characters as JSON; "
            f"{MAX_COLLECTED_CHARS:,} are possible. Map less of each response."
        )
        raise ResultRefused(add_sentence(problem, DEPLOY_AND_MIGRATE))
    return {name: Encoder().encode(name, part)}, {variable: results}


def _describe_duplicate(collected: CollectedResult, owner: Mapping[str, Any]) -> str:
    problem = (
        f"catalyst_collectKey: the key '{collected.key}' in '{collected.variable}' belongs to another item already "
        f"(item {owner.get('item')} of '{owner.get('task')}'). Use a key that differs for each item, such as "
        "${loopCounter}. Groq's answer is used again if the journal has it."
    )
    return add_sentence(problem, DEPLOY_AND_MIGRATE)
