"""What all tests share: the options, and one engine, emulator and worker for each test run."""

import gc
import os
import signal
from dataclasses import dataclass
from enum import StrEnum
from unittest.mock import patch

import pytest
from rich.console import Console

from catalyst_groq.sandbox.emulator import EmulatorConfig, running_emulator
from catalyst_groq.sandbox.engine import EngineProcess, Flavour
from catalyst_groq.sandbox.engine.java import JVM_FLAGS
from catalyst_groq.sandbox.progress import ProgressDisplay
from support.bpmn_shapes import NAMESPACES
from support.namespaces import NamespaceClient
from support.postgresql import MISSING, find_programs, running_postgresql
from support.process_instance import start
from support.redis_server import MISSING as NO_REDIS
from support.redis_server import find_program, running_redis
from support.worker_process import ORGANIZATIONS, WorkerProcess

pytest_plugins = ["catalyst_groq.sandbox.emulator.pytest_plugin"]


def pytest_addoption(parser):
    group = parser.getgroup("engine")
    group.addoption("--flavour", choices=list(Flavour), default=Flavour.CAMUNDA, help="the engine that tests start")
    group.addoption("--database", choices=list(Database), default=Database.H2, help="its database")
    group.addoption(
        "--namespace", choices=list(NAMESPACES), default="camunda", help="of the diagrams that tests deploy"
    )
    group.addoption("--engine", metavar="URL", help="REST URL of a running engine to use instead of starting one")
    group.addoption(
        "--record-outages", action="store_true", help="write where each outage was seen, for docs/outages.md"
    )
    group.addoption("--soak", metavar="TASKS", type=int, default=1000, help="how many tasks the soak test does")


def pytest_configure():
    # So that fixtures end what they started. A shell that runs pytest in the background makes it ignore SIGINT.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    os.environ.pop("COLUMNS", None)  # xdist sets it to 80, so that commands would print other tables than without it


def pytest_report_header(config):
    url, flavour, database, namespace = map(config.getoption, ("engine", "flavour", "database", "namespace"))
    return f"engine: {flavour} {f'at {url}' if url else f'on {database}'}, diagrams in the namespace of {namespace}"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    # One more than there are cores: a third of a run is waiting, for clocks and for other processes.
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish():
    # The collected tests and the modules live until the end; each full garbage collection would visit them anew.
    gc.freeze()


class Database(StrEnum):
    """The database of the engine that most tests share."""

    H2 = "h2"
    POSTGRESQL = "postgresql"


@dataclass(frozen=True, slots=True)
class RunningEngine:
    """An engine that ran before the tests."""

    rest_url: str


@pytest.fixture(scope="session")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="session")
def flavour(request):
    return Flavour(request.config.getoption("flavour"))


@pytest.fixture(scope="session")
def engine(request, flavour):
    """One engine for all tests. A test that stops or kills one starts an EngineProcess of its own."""
    if url := request.config.getoption("engine"):
        yield RunningEngine(url.rstrip("/"))
        return
    database = None
    if request.config.getoption("database") == Database.POSTGRESQL:
        database = request.getfixturevalue("postgresql").create_database("tests")
    uncaptured = request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled
    with ProgressDisplay(Console()) as show:
        engine = EngineProcess(flavour, database=database, on_progress=show)
        try:
            # The history of the whole run stays in the memory of this engine; the sandbox's own heap is for a demo.
            flags = (*JVM_FLAGS, "-Xmx2g")
            with uncaptured(), patch("catalyst_groq.sandbox.engine.process.JVM_FLAGS", flags):
                engine.start()
            yield engine
        finally:
            with uncaptured():
                engine.stop()


@pytest.fixture(scope="session")
def postgresql():
    """A PostgreSQL server; it has only the databases that tests create."""
    programs = find_programs()
    if programs is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(MISSING)
    with running_postgresql(programs) as server:
        yield server


@pytest.fixture(scope="session")
def redis():
    """The URL of a Redis server that workers share."""
    program = find_program()
    if program is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(NO_REDIS)
    with running_redis(program) as url:
        yield url


@pytest.fixture(scope="session")
def shared_emulator():
    """One Groq emulator for all tests of a run. Tests take `emulator`, which is reset before each test."""
    with running_emulator(EmulatorConfig(keys=ORGANIZATIONS)) as emulator:
        yield emulator


@pytest.fixture
def emulator(shared_emulator):
    """The emulator after a reset: each test sees only its own calls."""
    shared_emulator.reset()
    return shared_emulator


@pytest.fixture(scope="session")
def worker(engine, shared_emulator, tmp_path_factory):
    """A worker process for all tests that do not start their own."""
    with WorkerProcess(tmp_path_factory.mktemp("worker"), engine.rest_url, shared_emulator.base_url) as worker:
        yield worker


@pytest.fixture(scope="session")
def process_client(engine, request):
    """A client of the engine's REST API: it deploys, starts instances and queries them."""
    with NamespaceClient(engine.rest_url, request.config.getoption("namespace")) as process_client:
        yield process_client


@pytest.fixture
def start_instance(process_client, worker):
    """Deploy a diagram and start one instance of it, with a worker running."""

    def start_one(deployment, typed=None, **variables):
        return start(process_client, deployment, typed, **variables)

    return start_one
