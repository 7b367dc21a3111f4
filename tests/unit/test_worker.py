"""The worker as a part of another program."""

import asyncio
import logging
import signal
import threading

import pytest

from catalyst_groq import CatalystError, Completion, Extensions, Settings, SettingsError, TaskObserver, Worker
from support.worker_harness import wait_until
from support.worker_process import ENV_KEY, ORGANIZATIONS

pytestmark = pytest.mark.anyio


class Seen(TaskObserver):
    def __init__(self):
        self.started, self.records = [], []

    def on_start(self, task):
        self.started.append(task.id)

    def on_end(self, record):
        self.records.append(record)


async def is_reviewed(task):
    await wait_until(lambda: task.waits_at == "Review")


@pytest.fixture
def make_worker(library):
    def make(environ=None, *, extensions=None, handles_signals=False, **values):
        settings = {"engine_url": library.backend.rest_url, "async_response_timeout": "PT0.1S", **values}
        return Worker(
            library.settings(worker_id=library.worker_id, **settings),
            environ={"GROQ_API_KEY": ENV_KEY} if environ is None else environ,
            extensions=extensions or Extensions(),
            handles_signals=handles_signals,
        )

    return make


async def test_worker_works_while_its_context_lasts(library, make_worker):
    handlers, loggers = signal.getsignal(signal.SIGTERM), list(logging.root.handlers)
    task = library.create()
    async with make_worker() as worker:
        await is_reviewed(task)
        assert worker.is_ready
        assert signal.getsignal(signal.SIGTERM) is handlers
        assert logging.root.handlers == loggers
    assert not worker.is_ready
    assert worker.active_tasks == 0


async def test_worker_is_stopped_by_another_thread(library, make_worker):
    worker, task = make_worker(), library.create()

    def stop_when_done():
        asyncio.run(is_reviewed(task))
        worker.stop()

    thread = threading.Thread(target=stop_when_done)
    thread.start()
    await worker.run()
    thread.join()


async def test_worker_that_was_stopped_before_does_not_work(library, make_worker):
    worker, task = make_worker(), library.create()
    worker.stop()
    await worker.run()

    assert task.waits_at == "Ask"


async def test_worker_runs_again_but_not_twice_at_once(library, make_worker):
    worker = make_worker()
    for _ in range(2):
        task = library.create()
        async with worker:
            await is_reviewed(task)
            with pytest.raises(CatalystError, match="it runs already"):
                await worker.run()
            with pytest.raises(CatalystError, match="it runs already"):
                async with worker:
                    pass


def test_worker_runs_forever_in_thread(library, make_worker):
    worker, task = make_worker(), library.create()
    thread = threading.Thread(target=worker.run_forever)
    thread.start()
    asyncio.run(is_reviewed(task))
    worker.stop()
    thread.join(10)

    assert not thread.is_alive()


async def test_cancelled_worker_ends_its_tasks_at_once(library, make_worker):
    library.emulator.set(latency=30)
    worker, task = make_worker(), library.create()
    running = asyncio.create_task(worker.run())
    await wait_until(lambda: library.emulator.calls)
    running.cancel()
    await asyncio.wait([running], timeout=5)

    await wait_until(lambda: not library.engine.waiting_polls)  # a poll that was given up still gets a task
    assert running.cancelled()
    assert task.worker_id == library.worker_id
    assert [other for other in asyncio.all_tasks() if "process" in repr(other.get_coro())] == []


async def test_worker_cancelled_while_it_starts_can_start_again(library, make_worker):
    worker, task = make_worker(), library.create()
    entering = asyncio.create_task(worker.__aenter__())
    await asyncio.sleep(0)
    entering.cancel()
    await asyncio.wait([entering])
    async with worker:
        await is_reviewed(task)


async def test_worker_handles_signals_on_request(library, make_worker):
    task = library.create()
    running = asyncio.create_task(make_worker(handles_signals=True).run())
    await is_reviewed(task)
    signal.raise_signal(signal.SIGTERM)
    await asyncio.wait_for(running, 10)

    assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler  # of tests/conftest.py, as before


async def test_worker_that_cannot_start_says_why(make_worker):
    worker = make_worker(endpoints=[{"name": "other", "url": "http://other.example", "key": "missing_key"}])

    with pytest.raises(SettingsError, match="Endpoint other: key not found"):
        async with worker:
            pass


def test_worker_reads_settings_as_the_command_does(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "worker.yaml").write_text("topc: mine")

    with pytest.raises(SettingsError, match="Did you mean topic"):
        Worker()


async def test_incomplete_settings_of_program_are_refused(library):
    settings = Settings(engine_url=library.backend.rest_url, engine_password="secret")

    with pytest.raises(SettingsError, match="CATALYST_ENGINE_PASSWORD is set, but CATALYST_ENGINE_USER is not"):
        await Worker(settings, environ={}).run()


async def test_worker_takes_keys_from_secret_source_of_program(library, make_worker):
    class Vault:
        async def get(self, name):
            return {"groq_team": ENV_KEY}.get(name)

    task = library.create({"catalyst_secretSource": "vault", "catalyst_apiKey": "groq_team"})
    extensions = Extensions(secret_providers={"vault": Vault()})
    async with make_worker({}, extensions=extensions):
        await is_reviewed(task)

    assert library.emulator.calls[0].organization == ORGANIZATIONS[ENV_KEY]


class SealedVault:
    async def get(self, name):
        raise ConnectionError(f"sealed: no {name}")


async def test_worker_starts_while_secret_source_of_program_fails(library, make_worker, caplog):
    task = library.create({"catalyst_secretSource": "vault", "catalyst_retries": "R1/PT0S"})
    async with make_worker({}, extensions=Extensions(secret_providers={"vault": SealedVault()})):
        await wait_until(lambda: task.error_message)

    assert "The secret source 'vault' fails: ConnectionError: sealed: no groq_api_key" in caplog.text
    assert "ConnectionError: sealed" in task.error_message


async def test_endpoint_names_secret_source_that_fails(make_worker):
    endpoints = [{"name": "other", "url": "http://other.example", "key": "other_key"}]
    worker = make_worker(endpoints=endpoints, extensions=Extensions(secret_providers={"vault": SealedVault()}))

    with pytest.raises(SettingsError, match="Endpoint other: the secret source 'vault' fails: ConnectionError"):
        await worker.run()


async def test_worker_shows_tasks_to_observer_of_program(library, make_worker):
    seen, task = Seen(), library.create()
    async with make_worker(extensions=Extensions(observers=[seen])):
        await wait_until(lambda: seen.records)

    [record] = seen.records
    assert seen.started == [task.id]
    assert isinstance(record.accepted, Completion)
    assert [attempt.result for attempt in record.call.attempts] == ["answered"]
    assert record.seconds > 0


def test_handler_shows_tasks_to_observer_of_program(library):
    seen, task = Seen(), library.create()
    library.run(library.handler(extensions=Extensions(observers=[seen])))

    assert [record.task.id for record in seen.records] == [task.id]
