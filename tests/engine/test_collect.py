"""Collect: the results of all items of a multi-instance are in one variable, each exactly once."""

import itertools
import json
import signal
from collections import Counter
from contextlib import ExitStack
from functools import partial

import pytest

from catalyst_groq.sandbox.process_client import wait_for
from support.diagrams import process_with
from support.multi_instance import REVIEW, collecting_task, loop, subprocess
from support.process_instance import Instance, start
from support.worker_process import WorkerProcess

pytestmark = pytest.mark.engine
ITEMS = 200
KILLS = 3
LONG_ID = "Activity_with_a_long_id"
"""With this id, the engine does not put the activity's id into that of the activity instance."""

numbers = itertools.count(1)


def answer(content):
    return f"You asked: “{content}” The Groq emulator generated this response for openai/gpt-oss-20b."


def results_of(*contents):
    return {str(number): {"text": answer(content)} for number, content in enumerate(contents)}


def ran(start_instance, inside, **variables):
    """Run a process to its user task, and return its instance."""
    instance = start_instance(process_with(inside + REVIEW), **variables)
    assert instance.task() == "Review"
    return instance


def user_tasks(process_client, instance):
    return process_client.get("/task", processInstanceId=instance.id)


@pytest.fixture
def topic():
    return f"collect-{next(numbers)}"


@pytest.mark.parametrize(
    ("workers", "settings"),
    [(1, {"journal": "off"}), (3, {}), pytest.param(3, {"journal": "off"}, marks=pytest.mark.every_engine)],
    ids=["one without journal", "three", "three without journal"],
)
def test_collect_has_each_item_once(process_client, engine, emulator, tmp_path, topic, *, workers, settings):
    inside = collecting_task(inside=loop(ITEMS), topic=topic)
    with ExitStack() as started:
        for number in range(workers):
            own = {"topic": topic, "worker_id": f"{topic}-{number}", "concurrency": "20", **settings}
            started.enter_context(WorkerProcess(tmp_path / str(number), engine.rest_url, emulator.base_url, **own))
        instance = start(process_client, process_with(inside + REVIEW))
        instance.timeout_seconds = 120
        assert instance.task() == "Review"

    assert instance.variables()["results"] == results_of(*(f"item {number}" for number in range(ITEMS)))
    sent = Counter(call.messages[-1]["content"] for call in emulator.calls)
    assert sent == Counter(f"item {number}" for number in range(ITEMS))
    query = {"processInstanceId": instance.id, "failureLog": "true"}
    assert process_client.get("/history/external-task-log/count", **query)["count"] == 0


def test_collect_survives_kills_of_workers(process_client, engine, emulator, tmp_path, topic):
    inside = collecting_task(inside=loop(ITEMS), topic=topic)

    def worker(number):
        own = {"topic": topic, "worker_id": f"{topic}-{number}", "concurrency": "10", "lock_duration": "PT3S"}
        return WorkerProcess(tmp_path / str(number), engine.rest_url, emulator.base_url, journal="off", **own)

    instance = start(process_client, process_with(inside + REVIEW))
    instance.timeout_seconds = 120
    query = {"processInstanceId": instance.id, "activityId": "Ask", "finished": "true"}

    def completes_more_than(count):
        return process_client.get("/history/activity-instance/count", **query)["count"] > count

    with ExitStack() as started:
        for number in range(2):
            started.enter_context(worker(number))
        for killed in range(KILLS):
            with worker(2) as victim:
                wait_for(
                    "completed items", partial(completes_more_than, (killed + 1) * ITEMS // (KILLS + 2)), timeout=120
                )
                victim.signal(signal.SIGKILL)
                victim.wait()
        assert instance.task() == "Review"

    assert instance.variables()["results"] == results_of(*(f"item {number}" for number in range(ITEMS)))
    assert process_client.get("/history/activity-instance/count", **query)["count"] == ITEMS


PLACES = {
    "task": collecting_task(inside=loop(5)),
    "sequential task": collecting_task(inside=loop(5, sequential=True)),
    "subprocess": subprocess("Item", collecting_task("Item"), around=loop(5)),
    "sequential subprocess": subprocess("Item", collecting_task("Item"), around=loop(5, sequential=True)),
    "subprocess in subprocess": subprocess(
        "Inner", subprocess("Item", collecting_task("Item"), subprocess_id="Inner"), around=loop(5)
    ),
    "long id": subprocess(LONG_ID, collecting_task(LONG_ID, inside=loop(5))),
}


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.every_engine
def test_collect_works_at_every_place_of_the_loop(start_instance, place):
    instance = ran(start_instance, PLACES[place])

    assert instance.variables()["results"] == results_of(*(f"item {number}" for number in range(5)))


@pytest.mark.usefixtures("emulator")
@pytest.mark.every_engine
def test_collect_leaves_no_variables_of_items_behind(start_instance, process_client):
    instance = ran(start_instance, collecting_task(inside=loop(3)))

    remaining = process_client.get(f"/process-instance/{instance.id}/variables", deserializeValues="false")
    assert set(remaining) == {"results"}


@pytest.mark.usefixtures("emulator")
def test_collect_key_is_an_expression(start_instance):
    task = collecting_task(
        inside=loop(2),
        content="${order.id}",
        collectKey="${order.id}",
        parameters={"order": "${orders.elements().get(loopCounter)}"},
    )
    instance = ran(start_instance, task, orders=[{"id": "A-7"}, {"id": "B-8"}])

    assert instance.variables()["results"] == {"A-7": {"text": answer("A-7")}, "B-8": {"text": answer("B-8")}}


@pytest.mark.usefixtures("emulator")
def test_collect_refuses_a_key_of_another_item(start_instance):
    instance = start_instance(process_with(collecting_task(inside=loop(2), collectKey="same") + REVIEW))

    assert instance.incident().startswith(
        "catalyst_collectKey: the key 'same' in 'results' belongs to another item already (item "
    )


@pytest.mark.usefixtures("emulator")
@pytest.mark.every_engine
def test_collect_begins_anew_in_each_run_of_the_loop(start_instance, process_client):
    again = """<bpmn:sequenceFlow id="f2" sourceRef="Ask" targetRef="Review"/><bpmn:userTask id="Review"/>
        <bpmn:sequenceFlow id="f3" sourceRef="Review" targetRef="Ask"/>"""
    many = loop(1).replace(">1<", ">${items}<")
    instance = start_instance(process_with(collecting_task(inside=many) + again), items=3)
    assert instance.task() == "Review"
    process_client.complete_user_task(instance.id, {"items": 2})
    wait_for("the second run", lambda: len(instance.variables()["results"] or ()) == 2, timeout=20)

    assert instance.task() == "Review"
    assert instance.variables()["results"] == results_of("item 0", "item 1")


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize("sequential", [False, True])
@pytest.mark.every_engine
def test_collect_ends_with_the_completion_condition(start_instance, sequential):
    task = collecting_task(inside=loop(4, sequential=sequential, until="${nrOfCompletedInstances >= 2}"))
    instance = ran(start_instance, task)

    results = instance.variables()["results"]
    assert len(results) >= 2
    assert results.items() <= results_of(*(f"item {number}" for number in range(4))).items()


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize("sequential", [False, True])
@pytest.mark.every_engine
def test_collect_of_nested_loops_is_one_variable(start_instance, sequential):
    inner = collecting_task(
        "Item", inside=loop(3), content="${outer}/${loopCounter}", collectKey="${outer}/${loopCounter}"
    )
    nested = subprocess("Item", inner, around=loop(3, sequential=sequential), parameters={"outer": "${loopCounter}"})
    instance = ran(start_instance, nested)

    pairs = [f"{outer}/{inner}" for outer in range(3) for inner in range(3)]
    assert instance.variables()["results"] == {pair: {"text": answer(pair)} for pair in pairs}


@pytest.mark.usefixtures("emulator")
def test_collect_of_nested_loops_needs_a_key(start_instance):
    nested = subprocess("Item", collecting_task("Item", inside=loop(2)), around=loop(2))
    instance = start_instance(process_with(nested + REVIEW))

    assert instance.incident().startswith(
        "catalyst_collectKey: 'loopCounter' of 'Item' begins anew in each item of 'Ask'. Write a key"
    )


@pytest.mark.usefixtures("emulator")
@pytest.mark.every_engine
def test_collect_of_nested_loops_with_own_variables(start_instance, process_client):
    inner = collecting_task("Item", inside=loop(2), content="${outer}/${loopCounter}")
    look = '<bpmn:sequenceFlow id="i2" sourceRef="Item" targetRef="Look"/><bpmn:userTask id="Look"/>'
    parameters = {"outer": "${loopCounter}", "results": ""}
    nested = subprocess("Item", inner + look, around=loop(2), parameters=parameters)
    instance = start_instance(process_with(nested + REVIEW))
    tasks = wait_for("both items", lambda: (found := user_tasks(process_client, instance))[1:] and found, timeout=20)

    seen = [
        process_client.get(f"/task/{task['id']}/variables", deserializeValues="false")["results"]["value"]
        for task in tasks
    ]
    expected = [{str(item): {"text": answer(f"{outer}/{item}")} for item in range(2)} for outer in range(2)]
    assert sorted(map(json.loads, seen), key=str) == expected


@pytest.mark.usefixtures("emulator")
def test_collect_outside_of_a_loop_is_an_incident(start_instance, emulator):
    instance = start_instance(process_with(collecting_task() + REVIEW))

    assert instance.incident().startswith("catalyst_collect: the task 'Ask' is not in a multi-instance")
    assert not emulator.calls


@pytest.mark.usefixtures("emulator")
def test_collect_in_a_called_process_is_an_incident(start_instance, process_client):
    called, xml = process_with(collecting_task())
    process_client.deploy_texts({f"{called}.bpmn": xml})
    call = f"""<bpmn:callActivity id="Ask" calledElement="{called}"><bpmn:extensionElements>
        <camunda:in variables="all"/></bpmn:extensionElements>{loop(1)}</bpmn:callActivity>"""
    instance = start_instance(process_with(call + REVIEW))
    [child] = wait_for(
        "the called process",
        lambda: process_client.get("/process-instance", superProcessInstance=instance.id),
        timeout=20,
    )

    message = Instance(process_client, child["id"]).incident()
    assert message.startswith("catalyst_collect: the task 'Ask' is not in a multi-instance")


@pytest.mark.every_engine
def test_collect_has_the_errors_of_items(start_instance, emulator):
    emulator.next(status=400, when={"equals": "item 1"})
    instance = ran(start_instance, collecting_task(inside=loop(3)))

    results = instance.variables()["results"]
    assert (results["0"], results["2"]) == ({"text": answer("item 0")}, {"text": answer("item 2")})
    error = results["1"]["error"]
    assert (error["code"], error["status"]) == ("INVALID_REQUEST", 400)
    assert error["message"].startswith("Groq: ")


def test_collect_has_errors_that_remain_after_the_retries(start_instance, emulator):
    emulator.next(9, status=503, when={"equals": "item 1"})
    instance = ran(start_instance, collecting_task(inside=loop(2), retries="R2/PT0.1S"))

    assert instance.variables()["results"]["1"]["error"]["status"] == 503


def test_collect_has_errors_in_the_data_of_items(start_instance, emulator):
    parameters = {"words": "${texts.elements().get(loopCounter)}"}
    task = collecting_task(inside=loop(2), content="${join('-', words)}", parameters=parameters)
    instance = ran(start_instance, task, texts=[["a", "b"], 7])

    results = instance.variables()["results"]
    assert results["0"] == {"text": answer("a-b")}
    assert results["1"]["error"]["message"].startswith("catalyst_payload: ")
    assert len(emulator.calls) == 1


def test_collect_without_errors_leaves_them_to_the_process(start_instance, emulator):
    emulator.next(status=400, when={"equals": "item 1"})
    instance = start_instance(process_with(collecting_task(inside=loop(2), collectErrors="false") + REVIEW))

    assert instance.incident().startswith("Groq: ")


def test_collect_leaves_errors_of_all_items_to_the_process(start_instance, emulator):
    emulator.next(2, status=403)
    instance = start_instance(process_with(collecting_task(inside=loop(2)) + REVIEW))

    assert "403" in instance.incident()


@pytest.mark.every_engine
def test_collect_throws_errors_that_the_item_catches(start_instance, process_client, emulator):
    emulator.next(status=400, when={"equals": "item 1"})
    caught = """<bpmn:boundaryEvent id="Failed" attachedToRef="Item"><bpmn:errorEventDefinition/></bpmn:boundaryEvent>
        <bpmn:sequenceFlow id="i2" sourceRef="Failed" targetRef="Repair"/><bpmn:userTask id="Repair"/>"""
    instance = start_instance(
        process_with(subprocess("Item", collecting_task("Item") + caught, around=loop(2)) + REVIEW)
    )

    assert instance.task() == "Repair"
    results = wait_for("both results", lambda: (now := instance.variables()["results"]).get("0") and now, timeout=20)
    assert results["0"] == {"text": answer("item 0")}
    assert results["1"]["error"]["code"] == "INVALID_REQUEST"


def test_collect_does_not_let_an_error_end_the_loop(start_instance, emulator):
    """A boundary event on the multi-instance would end all its items."""
    emulator.next(status=400, when={"equals": "item 1"})
    caught = """<bpmn:boundaryEvent id="Failed" attachedToRef="Ask"><bpmn:errorEventDefinition/></bpmn:boundaryEvent>
        <bpmn:sequenceFlow id="f4" sourceRef="Failed" targetRef="Caught"/><bpmn:userTask id="Caught"/>"""
    instance = ran(start_instance, collecting_task(inside=loop(3)) + caught)

    assert sorted(instance.variables()["results"]) == ["0", "1", "2"]
