"""Servers whose responses do not end, or unpack to gigabytes: the worker reads up to a bound and goes on."""

from urllib.parse import urlsplit

import pytest

from catalyst_groq.sandbox.process_client import wait_for
from support.hostile_server import running_hostile_server
from support.worker_process import WorkerProcess

pytestmark = pytest.mark.engine
HOSTILE_BODIES = ("bomb", "endless", "long", "line", "events")
MAX_GROWTH_BYTES = 250_000_000
"""Bytes that the worker's peak memory may grow by: several times the bound, less than what `bomb` holds."""


@pytest.fixture
def make_worker(fault_environment):
    def make(engine_url, groq_url, **settings):
        defaults = {"worker_id": fault_environment.topic, "topic": fault_environment.topic, "circuit_threshold": "100"}
        return WorkerProcess(fault_environment.folder, engine_url, groq_url, **(defaults | settings))

    return make


@pytest.fixture
def hostile_groq(fault_environment):
    """Groq, except for prompts that name a hostile body."""
    address = urlsplit(fault_environment.emulator.base_url)
    with running_hostile_server(f"http://{address.netloc}") as hostile:
        hostile.triggers = {f"<{kind}>": kind for kind in HOSTILE_BODIES}
        yield hostile


def test_oversized_response_of_groq_is_refused_with_flat_memory(fault_environment, engine, make_worker, hostile_groq):
    with make_worker(engine.rest_url, f"{hostile_groq.url}/openai/v1") as worker:
        assert fault_environment.instance().task() == "Review"
        before = worker.peak_memory()
        instances = [fault_environment.instance(variables={"userMessage": f"<{kind}>"}) for kind in HOSTILE_BODIES]
        bound = f"response too large: the response of {hostile_groq.url} is larger than 32,000,000 bytes"
        assert [bound in instance.incident() for instance in instances] == [True] * len(HOSTILE_BODIES)
        assert fault_environment.instance().task() == "Review"
        assert worker.peak_memory() - before < MAX_GROWTH_BYTES
    assert sorted(hostile_groq.requests) == sorted(HOSTILE_BODIES)
    assert "Traceback" not in worker.log


def test_endless_response_of_engine_is_an_outage_with_flat_memory(fault_environment, engine, make_worker):
    address = urlsplit(engine.rest_url)
    with running_hostile_server(f"http://{address.netloc}") as proxy:
        with make_worker(f"{proxy.url}{address.path}", fault_environment.emulator.base_url) as worker:
            assert fault_environment.instance().task() == "Review"
            before = worker.peak_memory()
            proxy.triggers = {"fetchAndLock": "endless", "locked=true": "bomb"}
            wait_for("hostile responses", lambda: len(proxy.requests) > 3, timeout=30)
            instance = fault_environment.instance()
            proxy.triggers = {}
            assert instance.task() == "Review"
            assert worker.peak_memory() - before < MAX_GROWTH_BYTES
        assert f"the response of {proxy.url} is larger than 64,000,000 bytes" in worker.log
        assert "Traceback" not in worker.log
    assert len(fault_environment.emulator.calls) == 2
