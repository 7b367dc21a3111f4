"""Each scenario runs on the fake engine and, marked `engine`, on the real one."""

import itertools

import pytest

from catalyst_groq.camunda.client import EngineClient
from catalyst_groq.camunda.poller import Poller, no_fetch_limit
from catalyst_groq.domain.variables import Encoder
from support.contract_diagram import Diagram
from support.engine_backends import FakeStage, real_stage
from support.fake_engine import running_fake_engine
from support.worker_harness import Handler, Worker, done, seconds

numbers = itertools.count(1)


@pytest.fixture
async def fake():
    """An engine that can go away, refuse and lack a data format on demand."""
    async with running_fake_engine(bpmn=Diagram(topic="any").bpmn("contract")) as engine:
        yield engine


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.engine)])
def real_url(request):
    """The REST address of the real engine, none for the fake one."""
    return request.getfixturevalue("engine").rest_url if request.param == "real" else None


@pytest.fixture
async def stage(real_url, fake):
    if real_url is None:
        yield FakeStage(fake)
    else:
        async with real_stage(real_url) as stage:
            yield stage


@pytest.fixture
def topic():
    """A topic that no other test uses."""
    return f"contract-{next(numbers)}"


@pytest.fixture
async def client(topic):
    """Make clients of an engine for one worker id each; long texts pass unchanged if the limit is raised."""
    clients = []

    def make(rest_url, worker_id="", *, lock=60.0, poll=0.05, string_limit=4000):
        engine = EngineClient(
            rest_url,
            worker_id or f"worker-{topic}",
            lock_duration=seconds(lock),
            async_response_timeout=seconds(poll),
            encoder=Encoder(string_limit),
        )
        clients.append(engine)
        return engine

    yield make
    for engine in clients:
        await engine.aclose()


@pytest.fixture
async def held(stage, client, topic):
    """A client, and a task that it has locked."""
    engine = client(stage.rest_url)
    created = await stage.create(topic)
    [task] = await engine.fetch_and_lock([topic], 1)
    assert task.id == created.task_id
    return engine, created


@pytest.fixture
async def work(topic, client):
    """Put workers to work on the test's topic; all of them end with the test."""
    workers = []

    def begin(rest_url, handle=done, *, watchers=(), concurrency=10, grace=0.5, room=no_fetch_limit, **kind):
        engine = client(rest_url, **kind)
        handler, taken = Handler(handle), {}

        def remember(task, outcome, _):
            taken[task.id] = outcome

        watchers = [remember, *watchers]
        poller = Poller(
            engine,
            handler,
            watchers,
            topics=[topic],
            concurrency=concurrency,
            shutdown_timeout=seconds(grace),
            fetch_limit=room,
        )
        worker = Worker(engine, poller, handler, taken)
        workers.append(worker)
        worker.begin()
        return worker

    yield begin
    for worker in workers:
        await worker.end()
