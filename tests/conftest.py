"""What all tests share: the options and the one engine of a test run."""

import os
import shutil
import signal
from dataclasses import dataclass

import pytest
from rich.console import Console

from catalyst_groq.sandbox.emulator import EmulatorConfig, running_emulator
from catalyst_groq.sandbox.engine import EngineProcess, Flavour
from catalyst_groq.sandbox.process_client import ProcessClient
from catalyst_groq.sandbox.progress import ProgressDisplay
from support.postgresql import MISSING, find_programs, running_postgresql
from support.process_instance import start
from support.redis_server import MISSING as NO_REDIS
from support.redis_server import running_redis
from support.worker_process import ORGANIZATIONS, WorkerProcess


def pytest_addoption(parser):
    group = parser.getgroup("engine")
    group.addoption("--flavour", choices=list(Flavour), default=Flavour.CAMUNDA, help="the engine that tests start")
    group.addoption("--engine", metavar="URL", help="REST URL of a running engine to use instead of starting one")
    group.addoption("--soak", metavar="TASKS", type=int, default=1000, help="how many tasks the soak test does")


def pytest_configure():
    # So that fixtures end what they started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@dataclass(frozen=True, slots=True)
class RunningEngine:
    """An engine that was there before the tests."""

    rest_url: str


@pytest.fixture(scope="session")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="session")
def flavour(request):
    return Flavour(request.config.getoption("flavour"))


@pytest.fixture(scope="session")
def engine(request, flavour):
    """One engine for all tests; whoever needs to stop or kill one starts an EngineProcess of their own."""
    if url := request.config.getoption("engine"):
        yield RunningEngine(url.rstrip("/"))
        return
    uncaptured = request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled
    with ProgressDisplay(Console()) as show:
        engine = EngineProcess(flavour, on_progress=show)
        try:
            with uncaptured():
                engine.start()
            yield engine
        finally:
            with uncaptured():
                engine.stop()


@pytest.fixture(scope="session")
def postgresql():
    """A PostgreSQL server with no databases in it but what tests create."""
    programs = find_programs()
    if programs is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(MISSING)
    with running_postgresql(programs) as server:
        yield server


@pytest.fixture(scope="session")
def redis():
    """A Redis server for what workers share; its URL."""
    program = shutil.which("redis-server")
    if program is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(NO_REDIS)
    with running_redis(program) as url:
        yield url


@pytest.fixture(scope="session")
def emulator():
    """The Groq emulator of a test run."""
    with running_emulator(EmulatorConfig(keys=ORGANIZATIONS)) as groq:
        yield groq


@pytest.fixture
def groq(emulator):
    """The emulator, which has seen nothing yet: each test sees only its own calls."""
    emulator.reset()
    return emulator


@pytest.fixture(scope="session")
def worker(engine, emulator, tmp_path_factory):
    """A worker process for all tests that do not start their own."""
    with WorkerProcess(tmp_path_factory.mktemp("worker"), engine.rest_url, emulator.base_url) as worker:
        yield worker


@pytest.fixture(scope="session")
def people(engine):
    """Whoever uses the engine."""
    with ProcessClient(engine.rest_url) as people:
        yield people


@pytest.fixture
def process(people, worker):
    """Deploy a diagram and start one instance of it, with a worker at work."""

    def begin(made, typed=None, **variables):
        return start(people, made, typed, **variables)

    return begin
