"""What all tests share: the options and the one engine of a test run."""

import os
import signal
from dataclasses import dataclass

import pytest
from postgresql import MISSING, find_programs, running_postgresql
from rich.console import Console

from worker.sandbox.engine import EngineProcess, Flavour
from worker.sandbox.progress import ProgressDisplay


def pytest_addoption(parser):
    group = parser.getgroup("engine")
    group.addoption("--flavour", choices=list(Flavour), default=Flavour.CAMUNDA, help="the engine that tests start")
    group.addoption("--engine", metavar="URL", help="REST URL of a running engine to use instead of starting one")


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
