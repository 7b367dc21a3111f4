"""The handler for workers of camunda-external-task-client-python3: its real workers, on a fake engine."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import catalyst_groq
from catalyst_groq.errors import CatalystError, SettingsError
from catalyst_groq.integrations.camunda_client import groq_handler
from catalyst_groq.integrations.task_service import EngineAccess
from support.worker_process import ENV_KEY

TOPIC = "catalyst-groq"
OWN = {"type": "Integer", "value": 1}
WRONG_KEY = {"catalyst_secretSource": "variable", "catalyst_apiKey": "gsk_wrong_key_of_this_task"}

PROGRAM = """
import sys
from camunda.external_task.external_task_worker import ExternalTaskWorker
from catalyst_groq.integrations.camunda_client import groq_handler

worker = ExternalTaskWorker("program", sys.argv[1], {"asyncResponseTimeout": 200})
worker.fetch_and_execute("catalyst-groq", groq_handler())
"""


def without_boundary(bpmn):
    start, end = bpmn.index(b"<boundaryEvent"), bpmn.index(b"</boundaryEvent>") + len(b"</boundaryEvent>")
    return (bpmn[:start] + bpmn[end:]).replace(b'<sequenceFlow id="f3" sourceRef="Failed" targetRef="Caught"/>', b"")


def test_sync_worker_completes_task(library, shared_handler):
    task = library.create()
    library.run(shared_handler)

    assert task.waits_at == "Review"
    assert task.variables["catalyst_success"]["value"] is True
    assert len(library.emulator.calls) == 1


@pytest.mark.slow
def test_async_worker_completes_tasks_at_the_same_time(library, shared_handler):
    library.emulator.set(latency=1)
    tasks = [library.create() for _ in range(3)]
    library.run_async(shared_handler, lambda: all(task.waits_at == "Review" for task in tasks))

    begins = sorted(call.at for call in library.emulator.calls)
    assert len(begins) == 3
    assert (begins[-1] - begins[0]).total_seconds() < 1


def test_sync_worker_in_running_loop_gets_result(library, shared_handler):
    async def work_in_notebook():
        library.run(shared_handler)

    task = library.create()
    asyncio.run(work_in_notebook())

    assert task.waits_at == "Review"


def test_bpmn_error_is_thrown_where_something_catches_it(library, shared_handler):
    task = library.create(WRONG_KEY)
    library.run(shared_handler)

    assert task.waits_at == "Caught"
    assert task.variables["errorCode"]["value"] == "AUTH_FAILED"
    assert task.variables["catalyst_statusCode"]["value"] == 401


def test_uncaught_bpmn_error_is_incident(library, shared_handler):
    task = library.create(WRONG_KEY)
    library.engine.bpmn = without_boundary(library.engine.bpmn)
    library.run(shared_handler)

    assert task.retries == 0
    assert "attach an error boundary event to 'Ask'" in task.incident


def test_properties_that_are_not_fetched_are_read_from_diagram(library, shared_handler):
    library.create({"catalyst_model": "openai/gpt-oss-20b"})
    library.run(shared_handler, includeExtensionProperties=False)

    assert library.emulator.calls[0].model == "openai/gpt-oss-20b"


def test_json_is_read_although_library_fetches_beans(library, shared_handler):
    library.create(variables={"userMessage": {"order": 17}})
    library.run(shared_handler, deserializeValues=True)

    assert '"order":17' in library.emulator.calls[0].messages[-1]["content"].replace(" ", "")


def test_variables_that_are_not_fetched_are_read(library, shared_handler):
    library.create(variables={"userMessage": "read all the same"})
    library.worker().fetch_and_execute(TOPIC, shared_handler, variables=["another"])

    assert library.emulator.calls[0].messages[-1]["content"] == "read all the same"


def test_lock_is_renewed_for_longer_than_library_fetched(library, shared_handler):
    library.emulator.set(latency=0.3)
    task, seen = library.create(), []
    timer = threading.Timer(0.2, lambda: seen.append(task.locked_until - time.time()))
    timer.start()
    library.run(shared_handler, lockDuration=250)
    timer.join()

    assert task.waits_at == "Review"
    assert seen[0] > 50


def test_refused_completion_is_replayed_from_journal(library, shared_handler):
    task = library.create({"catalyst_retries": "R3/PT0S"}, next_step_fails=True)
    for left in (2, 1, 0):
        library.run(shared_handler)
        assert task.retries == left

    assert "Unknown property used in expression" in task.incident
    assert len(library.emulator.calls) == 1
    task.next_step_fails, task.retries = False, 1
    library.run(shared_handler)
    assert task.waits_at == "Review"
    assert len(library.emulator.calls) == 1


def test_journal_keeps_no_response_that_engine_has(library):
    first, second = library.create(), library.create()
    handler = library.handler()
    library.run(handler)
    first_done = next(task for task in (first, second) if task.waits_at == "Review")
    first_done.waits_at, second.waits_at = "Ask", "Review"  # the engine offers the very task again
    first_done.worker_id, first_done.locked_until = None, 0.0
    library.run(handler)

    assert len(library.emulator.calls) == 2


def test_long_wait_is_handed_back_with_retries_unchanged(library, shared_handler):
    library.emulator.next(status=429, headers={"retry-after": "300"})
    task = library.create({"catalyst_model": "openai/gpt-oss-safeguard-20b"})
    library.run(shared_handler)

    assert task.waits_at == "Ask"
    assert task.retries == 3
    assert task.locked_until - time.time() > 200


def test_task_of_another_worker_is_left(library, shared_handler, caplog):
    task = library.create()

    def handle_late(fetched):
        task.worker_id = "another"
        return shared_handler(fetched)

    library.run(handle_late)

    assert (task.worker_id, task.waits_at, task.error_message) == ("another", "Ask", None)
    assert library.emulator.calls == ()
    assert "lock lost before its work began" in caplog.text


def test_hidden_variables_are_failure_with_remedy(library, shared_handler):
    library.engine.hides_variables = True
    task = library.create()
    library.run(shared_handler)

    assert task.retries == 2
    assert "The user needs READ and UPDATE on process instances" in task.error_message


def test_stop_of_async_worker_unlocks_task_and_keeps_retries(library, shared_handler):
    library.emulator.set(latency=5)
    task = library.create()
    library.run_async(shared_handler, lambda: library.emulator.calls)
    until(lambda: task.worker_id is None)

    assert (task.retries, task.error_message, task.waits_at) == (None, None, "Ask")


def test_handler_may_be_wrapped(library, shared_handler):
    async def handle(task):
        return await shared_handler(task)

    task = library.create()
    library.run_async(handle, lambda: task.waits_at == "Review")


def test_handler_in_thread_is_given_its_worker(library):
    task, worker = library.create(), library.worker()
    handler = library.handler(worker)

    def handle(fetched):
        results = []
        thread = threading.Thread(target=lambda: results.append(handler(fetched)))
        thread.start()
        thread.join()
        return results[0]

    worker.fetch_and_execute(TOPIC, handle)

    assert task.waits_at == "Review"


def test_replaced_result_is_logged_as_lost(library, shared_handler, caplog):
    def handle(fetched):
        shared_handler(fetched)
        return fetched.complete({"more": 1})

    task = library.create()
    library.run(handle)

    assert "more" not in task.variables
    assert f"Task {task.id}: the result of groq_handler was replaced" in caplog.text


def test_other_handlers_of_worker_report_as_before(library, shared_handler):
    worker = library.worker()
    first, second = library.create(), library.create()
    worker.fetch_and_execute(TOPIC, shared_handler)
    worker.fetch_and_execute(TOPIC, lambda task: task.complete({"own": OWN}))

    assert sorted("own" in task.variables for task in (first, second)) == [False, True]


def test_result_of_direct_call_is_left_to_caller(library):
    task = library.create()
    handler = library.handler(engine_url=library.backend.rest_url)
    result = handler(library.fetch())

    assert result.is_success()
    assert result.global_variables["catalyst_success"] == {"type": "Boolean", "value": True}
    assert task.waits_at == "Ask"
    worker = library.worker()
    assert worker.client.complete(task.id, result.global_variables, result.local_variables)
    assert task.waits_at == "Review"


def test_direct_call_in_event_loop_is_awaited(library):
    library.create(WRONG_KEY)
    handler = library.handler(engine_url=library.backend.rest_url)

    async def call():
        return await handler(library.fetch())

    result = asyncio.run(call())

    assert result.is_bpmn_error() == "AUTH_FAILED"


def test_failure_of_direct_call_has_retries_and_timeout(library):
    library.create({"catalyst_retries": "R2/PT7S"})
    library.emulator.next(None, status=500)
    result = library.handler(engine_url=library.backend.rest_url)(library.fetch())

    assert (result.is_failure(), result.retries, result.retry_timeout) == (True, 1, 7000)


def test_wrong_settings_are_raised_by_groq_handler(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CATALYST_LOCK_DURATION", "soon")

    with pytest.raises(SettingsError, match="CATALYST_LOCK_DURATION=soon"):
        groq_handler()


def test_incomplete_settings_are_raised_by_groq_handler(library):
    with pytest.raises(SettingsError, match="CATALYST_ENGINE_PASSWORD is set, but CATALYST_ENGINE_USER is not"):
        library.handler(engine_password="secret")


def test_collected_result_needs_report_of_handler(library):
    library.create({"catalyst_collect": "results", "catalyst_collectKey": "a"})
    bpmn, loop = library.engine.bpmn, b"<multiInstanceLoopCharacteristics/></serviceTask>"
    library.engine.bpmn = bpmn.replace(b"</serviceTask>", loop)
    result = library.handler(engine_url=library.backend.rest_url)(library.fetch())

    assert (result.is_failure(), result.retries) == (True, 0)
    assert "pass the worker: groq_handler(worker)" in result.error_message


@pytest.mark.slow
def test_program_ends_without_closing_its_handler(library, tmp_path):
    task = library.create()
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(catalyst_groq.__file__).parents[1]),
        "GROQ_API_KEY": ENV_KEY,
        "GROQ_API_URL": library.emulator.base_url,
        "CATALYST_JOURNAL": str(tmp_path / "journal.sqlite"),
    }
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, library.backend.rest_url],
        env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip

    assert (run.returncode, task.waits_at) == (0, "Review"), run.stderr
    assert "Traceback" not in run.stderr


def test_closed_handler_says_so(library):
    handler = library.handler()
    handler.close()
    library.create()

    with pytest.raises(CatalystError, match="it is closed"):
        handler(library.fetch())


def test_worker_of_another_library_is_refused():
    with pytest.raises(TypeError, match="must be an ExternalTaskWorker"):
        groq_handler(object())


def test_engine_that_only_library_reaches_is_failure(library, shared_handler, monkeypatch):
    elsewhere = EngineAccess(worker_id="any", url="http://127.0.0.1:9/engine-rest")
    monkeypatch.setattr("catalyst_groq.integrations.camunda_client.access_of", lambda _: elsewhere)
    task = library.create()
    library.run(shared_handler)

    assert task.retries == 2
    assert "Engine unreachable at http://127.0.0.1:9/engine-rest" in task.error_message
    assert "certificates and proxy of CATALYST_ENGINE_…" in task.error_message


def test_task_that_is_in_work_is_left_to_that_work(library, shared_handler, caplog):
    library.emulator.set(latency=0.3)
    task, worker, results = library.create(), library.worker(), []
    fetched = library.fetch()
    executor = worker.executor
    thread = threading.Thread(target=lambda: executor.execute_task(fetched, shared_handler))
    thread.start()
    until(lambda: library.emulator.calls)
    executor.execute_task(fetched, lambda again: results.append(shared_handler(again)) or results[0])
    thread.join()

    assert task.waits_at == "Review"
    assert "was fetched again while it is in work" in caplog.text
    assert len(library.emulator.calls) == 1


def test_internal_error_is_failure_with_retries(library, shared_handler, monkeypatch, caplog):
    monkeypatch.setattr("catalyst_groq.integrations.task_service._EngineTasks.process", lambda *_, **__: 1 / 0)
    task = library.create()
    library.run(shared_handler)

    assert (task.retries, task.error_message) == (2, "Internal error of the worker, see its log: ZeroDivisionError")
    assert "ZeroDivisionError" in caplog.text


def until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
