"""Results of multi-instance items: none is lost, whatever several workers do at the same time."""

import asyncio
import itertools
import json
import random
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.camunda import result_collector
from catalyst_groq.camunda.result_collector import ResultCollector
from catalyst_groq.camunda.scope_variables import Scope, ScopeVariables
from catalyst_groq.domain.incident_messages import DEPLOY_AND_MIGRATE
from catalyst_groq.domain.outcomes import CollectedResult
from catalyst_groq.errors import EngineConflict, EngineRefused, ResultRefused
from support.factories import make_task

pytestmark = pytest.mark.anyio
STORED = "Groq's answer is used again if the journal has it."
BODY = "AskGroq#multiInstanceBody:1"


class Variables(ScopeVariables):
    """The variables of one multi-instance and of its process; `steps` yields how often others run before each call."""

    def __init__(self, steps=()):
        self.local = {}
        self.process = {}
        self.calls = []
        self.scopes = [Scope("body", BODY)]
        self.around = {}
        self.errors = []
        self._steps = iter(steps)

    async def _let_others_run(self, call):
        self.calls.append(call)
        for _ in range(next(self._steps, 0)):
            await asyncio.sleep(0)
        if self.errors and call == "write":
            raise self.errors.pop(0)

    async def scopes_with(self, process_instance_id, name):
        await self._let_others_run("scopes")
        assert (process_instance_id, name) == ("instance-1", "nrOfInstances")
        return self.scopes

    async def activity_instances(self, _):
        await self._let_others_run("tree")
        return self.around

    async def local_values(self, execution_id, prefix):
        await self._let_others_run("read")
        texts = {name: typed["value"] for (scope, name), typed in self.local.items() if scope == execution_id}
        assert all(name.startswith(prefix) for name in texts)
        return texts

    async def write_local(self, execution_id, variables):
        await self._let_others_run("write part")
        self.local |= {(execution_id, name): typed for name, typed in variables.items()}

    async def write(self, _, variables):
        await self._let_others_run("write")
        self.process |= variables

    @property
    def results(self):
        return json.loads(self.process["results"]["value"])


def result(item, *, key=None, value=None, **more):
    return CollectedResult(
        **{
            "variable": "results",
            "key": str(item) if key is None else key,
            "value": {"text": f"item {item}"} if value is None else value,
            "multi_instance": "AskGroq",
            "item": str(item),
            **more,
        }
    )


def task(item, **context):
    return make_task(id=f"task-{item}", activityInstanceId=f"AskGroq:{item}", **context)


async def store_all(collector, items):
    """Store the results of items as the reporter does: one after the other, while the others wait."""
    with ExitStack() as queue:
        for item in items:
            queue.enter_context(collector.queued(task(item), result(item)))
        for item in items:
            await collector.store(task(item))


@given(st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=9), min_size=2, max_size=3), st.integers())
def test_results_of_several_workers_are_all_there(shares, seed):
    """Each worker stores batches of items; the workers run in any order between their calls to the engine."""
    order, numbers = random.Random(seed), itertools.count()  # noqa: S311 -- no secret
    variables = Variables(order.randrange(8) for _ in itertools.count())

    async def work(batches):
        collector = ResultCollector(variables)
        for size in batches:
            await store_all(collector, [next(numbers) for _ in range(size)])

    async def run():
        await asyncio.gather(*map(work, shares))

    asyncio.run(run())
    assert variables.results == {str(item): {"text": f"item {item}"} for item in range(next(numbers))}


async def test_results_that_wait_are_stored_together():
    variables = Variables()
    await store_all(ResultCollector(variables), range(50))

    assert len(variables.results) == 50
    assert variables.calls == ["scopes", "read", "write part", "write", "read"]


async def test_result_of_a_later_attempt_replaces_the_earlier_one():
    variables = Variables()
    for collector, text in [(ResultCollector(variables), "first"), (ResultCollector(variables), "second")]:
        with collector.queued(task(1), result(1, value={"text": text})):
            await collector.store(task(1))
    await store_all(ResultCollector(variables), [0])

    assert variables.results == {"0": {"text": "item 0"}, "1": {"text": "second"}}


async def test_results_are_sorted_by_number_and_then_by_name():
    variables = Variables()
    await store_all(ResultCollector(variables), [10, 9, "b", "a", 1])

    assert list(variables.results) == ["1", "9", "10", "a", "b"]


@pytest.mark.parametrize("same_worker", [True, False])
async def test_result_with_the_key_of_another_item_is_refused(same_worker):
    variables = Variables()
    first = ResultCollector(variables)
    second = first if same_worker else ResultCollector(variables)
    with first.queued(task(1), result(1, key="same")):
        await first.store(task(1))
    with second.queued(task(2), result(2, key="same")), pytest.raises(ResultRefused) as caught:
        await second.store(task(2))

    assert variables.results == {"same": {"text": "item 1"}}
    assert "belongs to another item already (item 1 of 'AskGroq')" in str(caught.value)
    assert str(caught.value).endswith(f"such as ${{loopCounter}}. {STORED} {DEPLOY_AND_MIGRATE}")


async def test_result_that_is_refused_harms_no_other():
    variables = Variables()
    collector = ResultCollector(variables)
    with collector.queued(task(1), result(1)), collector.queued(task(2), result(2, key="1")):
        await collector.store(task(1))
        with pytest.raises(ResultRefused):
            await collector.store(task(2))

    assert variables.results == {"1": {"text": "item 1"}}


async def test_results_that_are_too_large_are_refused_alone(monkeypatch):
    monkeypatch.setattr(result_collector, "MAX_COLLECTED_CHARS", 100)
    variables = Variables()
    collector = ResultCollector(variables)
    with collector.queued(task(1), result(1)), collector.queued(task(2), result(2, value={"text": "x" * 100})):
        await collector.store(task(1))
        with pytest.raises(ResultRefused, match=f"100 are possible.* {DEPLOY_AND_MIGRATE}$"):
            await collector.store(task(2))

    assert variables.results == {"1": {"text": "item 1"}}


async def test_refused_batch_is_stored_one_by_one():
    variables = Variables()
    variables.errors = [EngineRefused(500, "ProcessEnginePersistenceException", "too long")]
    await store_all(ResultCollector(variables), range(3))

    assert len(variables.results) == 3


async def test_engine_without_json_format_is_named():
    variables = Variables()
    variables.errors = [EngineRefused(400, "RestException", "Unsupported value type 'Json'")]
    with pytest.raises(ResultRefused, match="the engine has no JSON data format"):
        await store_all(ResultCollector(variables), range(3))


async def test_conflict_is_left_to_the_reporter():
    variables = Variables()
    collector = ResultCollector(variables)
    variables.errors = [EngineConflict(500, "OptimisticLockingException", "again")]
    with pytest.raises(EngineConflict):
        await store_all(collector, [0, 1])
    await store_all(collector, [0, 1])

    assert len(variables.results) == 2


async def test_multi_instance_among_others_is_found_in_the_tree():
    variables = Variables()
    variables.scopes = [Scope("other", "1"), Scope("mine", "2"), Scope("instance-1", "instance-1")]
    variables.around = {f"AskGroq:{item}": {"0": "process", "2": "AskGroq#multiInstanceBody"} for item in range(3)}
    await store_all(ResultCollector(variables), range(3))

    assert {scope for scope, _ in variables.local} == {"mine"}
    assert variables.calls.count("tree") == 1


async def test_multi_instance_that_has_ended_is_named():
    variables = Variables()
    variables.scopes = [Scope("other", "Later#multiInstanceBody:1")]
    with pytest.raises(ResultRefused, match="the multi-instance 'AskGroq' of this task cannot be found"):
        await store_all(ResultCollector(variables), [0])


async def test_collected_part_that_somebody_replaced_is_ignored():
    variables = Variables()
    variables.local["body", "catalyst_collected_somebody_results"] = {"value": "no JSON"}
    variables.local["body", "catalyst_collected_other_results_of_others"] = {"value": '{"9": {"value": 9}}'}
    await store_all(ResultCollector(variables), [0])

    assert variables.results == {"0": {"text": "item 0"}}
