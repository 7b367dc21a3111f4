"""One worker process and one Groq stand-in for all tests on the engine; each test sees only its own calls."""

import pytest
from instances import start
from worker_process import ORGANIZATIONS, WorkerProcess

from worker.sandbox.emulator import EmulatorConfig, running_emulator
from worker.sandbox.people import People


@pytest.fixture(scope="session")
def stand_in():
    with running_emulator(EmulatorConfig(keys=ORGANIZATIONS)) as groq:
        yield groq


@pytest.fixture
def groq(stand_in):
    stand_in.reset()
    return stand_in


@pytest.fixture(scope="session")
def worker(engine, stand_in, tmp_path_factory):
    with WorkerProcess(tmp_path_factory.mktemp("worker"), engine.rest_url, stand_in.base_url) as worker:
        yield worker


@pytest.fixture(scope="session")
def people(engine):
    with People(engine.rest_url) as people:
        yield people


@pytest.fixture
def process(people, worker):
    """Deploy a diagram and start one instance of it, with a worker at work."""

    def begin(made, typed=None, **variables):
        return start(people, made, typed, **variables)

    return begin
