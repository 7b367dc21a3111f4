"""The examples of docs/python-api.md and docs/moving-over.md work, and the table lists what is public."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from datetime import timedelta

import pytest
from camunda.external_task.async_external_task_worker import AsyncExternalTaskWorker
from camunda.external_task.external_task_worker import ExternalTaskWorker

import catalyst_groq
from support.documented_code import DOCS, code_blocks, execute, named_blocks
from support.worker_harness import wait_until
from support.worker_process import ENV_KEY

EXAMPLES = named_blocks("python-api.md")
DRIVEN = {"embedded", "thread", "program", "settings", "secrets", "observer", "handler"}
"""The examples that a test below runs."""

URL = "http://localhost:8080/engine-rest"
NO_RETRY = {"catalyst_retries": "R1/PT0S"}


@pytest.fixture
def program(library, monkeypatch, tmp_path):
    """The environment of a program: a fake engine and the emulator."""
    monkeypatch.chdir(tmp_path)
    environ = {
        "CATALYST_ENGINE_URL": library.backend.rest_url,
        "CATALYST_WORKER_ID": library.worker_id,
        "CATALYST_ASYNC_RESPONSE_TIMEOUT": "PT0.1S",
        "CATALYST_JOURNAL": str(tmp_path / "journal.sqlite"),
        "CATALYST_LIMITS": "off",
        "GROQ_API_KEY": ENV_KEY,
        "GROQ_API_URL": library.emulator.base_url,
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return library


async def is_reviewed(task):
    await wait_until(lambda: task.waits_at == "Review")


async def run_until_reviewed(worker, task):
    async with worker:
        await is_reviewed(task)


def test_each_example_is_run():
    unnamed = [code for name, code in code_blocks("python-api.md") if not name]

    assert set(EXAMPLES) == DRIVEN
    assert [code.strip() for code in unnamed] == ["from catalyst_groq import Settings, Worker"]


def test_table_lists_all_public_names():
    text = (DOCS / "python-api.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.+?) \|", text, re.MULTILINE)

    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == {*catalyst_groq.__all__} - {"__version__"}


@pytest.mark.parametrize("name", catalyst_groq.__all__)
def test_public_name_is_there(name):
    assert getattr(catalyst_groq, name)
    assert name in dir(catalyst_groq)


def test_unknown_name_is_no_attribute():
    with pytest.raises(AttributeError, match="no attribute 'Workr'"):
        _ = catalyst_groq.Workr


@pytest.mark.slow
def test_import_of_package_loads_nothing_else():
    code = "import sys, catalyst_groq; print(*sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert [name for name in printed if name.startswith("catalyst_groq.")] == []
    assert {"pydantic", "aiohttp", "importlib.metadata"} & set(printed) == set()


def test_example_of_embedded_worker(program):
    main, task = execute(EXAMPLES["embedded"])["main"], program.create()

    async def run():
        closing = asyncio.Event()
        running = asyncio.create_task(main(closing))
        await is_reviewed(task)
        closing.set()
        await running

    asyncio.run(run())


def test_example_of_worker_in_thread(program):
    task = program.create()
    execute(EXAMPLES["thread"])["run_beside"](lambda: asyncio.run(is_reviewed(task)))

    assert task.waits_at == "Review"


@pytest.mark.slow
def test_example_of_worker_as_program(program):
    task, environ = program.create(), {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.Popen([sys.executable, "-c", EXAMPLES["program"]], env=environ, stderr=subprocess.PIPE)
    try:
        asyncio.run(is_reviewed(task))
        process.send_signal(signal.SIGTERM)
        log = process.communicate(timeout=20)[1].decode()
    finally:
        process.kill()
        process.wait()

    assert process.returncode == 0
    assert "Graceful shutdown started" in log
    # The engine may have the outcome a moment before the worker has finished the task.
    assert re.search(r"Graceful shutdown completed\. Tasks finished: [01], unlocked: 0, left locked: 0\n", log)


def test_example_of_settings(program):
    settings = execute(EXAMPLES["settings"])["settings"]

    assert (settings.engine_url, settings.lock_duration) == ("http://engine.example/engine-rest", timedelta(minutes=2))
    assert settings.limits == "off"  # of the environment


def test_example_of_secret_source(program):
    async def read_secret(path):
        return {"groq/groq_team": ENV_KEY}.get(path)

    task = program.create({"catalyst_secretSource": "vault", "catalyst_apiKey": "groq_team"})
    asyncio.run(run_until_reviewed(execute(EXAMPLES["secrets"])["make_worker"](read_secret), task))


def test_example_of_observer(program, capsys):
    names = execute(EXAMPLES["observer"])
    costs = names["Costs"]()

    async def run():
        async with names["make_worker"](costs):
            task = program.create(NO_RETRY)
            await is_reviewed(task)
            program.emulator.next(None, status=500)
            failed = program.create(NO_RETRY)
            await wait_until(lambda: failed.incident)

    asyncio.run(run())
    assert costs.dollars["contract"] > 0
    assert re.search(r"^Ask: \w+, after \d+\.\d s$", capsys.readouterr().out, re.MULTILINE)


@pytest.fixture
def subscribe_once(monkeypatch):
    """Workers of the library handle one task, and then return."""

    async def subscribe(worker, handlers, *args):
        await worker.fetch_and_execute("catalyst-groq", handlers["catalyst-groq"])
        await asyncio.gather(*worker.running_tasks)

    monkeypatch.setattr(ExternalTaskWorker, "subscribe", ExternalTaskWorker.fetch_and_execute)
    monkeypatch.setattr(AsyncExternalTaskWorker, "subscribe", subscribe)


def test_example_of_handler(program, subscribe_once):
    task = program.create()
    execute(EXAMPLES["handler"])["work"](program.worker())

    assert task.waits_at == "Review"


def test_examples_of_moving_over(program, subscribe_once, monkeypatch):
    monkeypatch.setattr(AsyncExternalTaskWorker, "DEFAULT_SLEEP_SECONDS", 0)
    sync, asynchronous = (code.replace(URL, program.backend.rest_url) for _, code in code_blocks("moving-over.md"))
    first = program.create()
    execute(sync)
    assert first.waits_at == "Review"

    second = program.create()
    asyncio.run(execute(f"send_letter = None\n{asynchronous}")["main"]())
    assert second.waits_at == "Review"
