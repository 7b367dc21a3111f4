"""Fixtures of the contract tests. Each scenario runs on the fake engine and, marked `engine`, on the real ones."""

import itertools

import pytest

from catalyst_groq.camunda.client import EngineClient
from catalyst_groq.camunda.outage import ignore_interruption
from catalyst_groq.camunda.poller import Poller, no_fetch_limit
from catalyst_groq.camunda.task_processor import NO_HELP_LINKS
from catalyst_groq.domain.outcomes import Outcome
from catalyst_groq.domain.variables import Encoder
from support.contract_diagram import Diagram
from support.engine_backends import FakeEngineBackend, real_backend
from support.fake_engine import running_fake_engine
from support.worker_harness import AcceptedOutcomes, RecordingHandler, WorkerHarness, complete_task, seconds

numbers = itertools.count(1)


@pytest.fixture
async def fake_engine():
    """An engine that can become unreachable and refuse reports on demand."""
    async with running_fake_engine(bpmn=Diagram(topic="any").bpmn("contract")) as engine:
        yield engine


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.engine)])
def real_url(request):
    """The REST URL of the real engine; None for the fake one."""
    return request.getfixturevalue("engine").rest_url if request.param == "real" else None


@pytest.fixture
async def backend(real_url, fake_engine):
    if real_url is None:
        yield FakeEngineBackend(fake_engine)
    else:
        async with real_backend(real_url) as backend:
            yield backend


@pytest.fixture
def topic():
    """A topic that no other test uses."""
    return f"contract-{next(numbers)}"


@pytest.fixture
async def make_client(topic):
    """Make clients with one worker id each."""
    clients = []

    def make(rest_url, worker_id="", *, lock_seconds=60.0, poll_seconds=0.05, string_limit=4000, authorization=""):
        engine = EngineClient(
            rest_url,
            worker_id or f"worker-{topic}",
            lock_duration=seconds(lock_seconds),
            async_response_timeout=seconds(poll_seconds),
            encoder=Encoder(string_limit),
            authorization=authorization,
        )
        clients.append(engine)
        return engine

    yield make
    for engine in clients:
        await engine.aclose()


@pytest.fixture
async def locked_task(backend, make_client, topic):
    """A make_client, and a task that it has locked."""
    engine = make_client(backend.rest_url)
    created = await backend.create_task(topic)
    [task] = await engine.fetch_and_lock([topic], 1)
    assert task.id == created.task_id
    return engine, created


@pytest.fixture
async def start_worker(topic, make_client):
    """Start workers on the test's topic; all of them are stopped at the end of the test."""
    workers = []

    def start(
        rest_url,
        handle=complete_task,
        *,
        observers=(),
        concurrency=10,
        shutdown_timeout=0.5,
        fetch_limit=no_fetch_limit,
        on_interruption=ignore_interruption,
        help_links=NO_HELP_LINKS,
        **kind,
    ):
        engine = make_client(rest_url, **kind)
        handler = RecordingHandler(handle)
        accepted: dict[str, Outcome] = {}

        poller = Poller(
            engine,
            handler,
            [AcceptedOutcomes(accepted), *observers],
            topics=[topic],
            concurrency=concurrency,
            shutdown_timeout=seconds(shutdown_timeout),
            fetch_limit=fetch_limit,
            on_interruption=on_interruption,
            help_links=help_links,
        )
        worker = WorkerHarness(engine, poller, handler, accepted)
        workers.append(worker)
        worker.start()
        return worker

    yield start
    for worker in workers:
        await worker.ensure_stopped()
