"""What all tests share: the options and the one engine of a test run."""

from dataclasses import dataclass

import pytest
from rich.console import Console

from worker.sandbox.engine import EngineProcess, Flavour
from worker.sandbox.progress import ProgressDisplay


def pytest_addoption(parser):
    group = parser.getgroup("engine")
    group.addoption("--flavour", choices=list(Flavour), default=Flavour.CAMUNDA, help="the engine that tests start")
    group.addoption("--engine", metavar="URL", help="REST URL of a running engine to use instead of starting one")


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
    engine = EngineProcess(flavour, on_progress=ProgressDisplay(Console()))
    try:
        with uncaptured():
            engine.start()
        yield engine
    finally:
        with uncaptured():
            engine.stop()
