"""Each scenario runs on the fake engine and, marked `engine`, on the real one."""

import itertools

import pytest
from at_work import Handler, Worker, done, seconds
from contract_diagram import Diagram
from fake_engine import running_fake_engine
from stages import FakeStage, real_stage

from worker.camunda.engine import Engine
from worker.camunda.poller import Poller, all_places
from worker.camunda.variables import Encoder

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
        engine = Engine(
            rest_url,
            worker_id or f"worker-{topic}",
            lock_duration=seconds(lock),
            poll_duration=seconds(poll),
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

    def begin(rest_url, handle=done, *, watchers=(), concurrency=10, grace=0.5, room=all_places, **kind):
        engine = client(rest_url, **kind)
        handler, taken = Handler(handle), {}

        def remember(task, outcome, _):
            taken[task.id] = outcome

        watchers = [remember, *watchers]
        poller = Poller(
            engine, handler, watchers, topics=[topic], concurrency=concurrency, grace=seconds(grace), room=room
        )
        worker = Worker(engine, poller, handler, taken)
        workers.append(worker)
        worker.begin()
        return worker

    yield begin
    for worker in workers:
        await worker.end()
