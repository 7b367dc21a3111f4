"""The worker, the engine or both are killed at every moment of a task: each instance ends as if nothing had been."""

import signal
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import pytest

from catalyst_groq.sandbox.engine import EngineProcess
from catalyst_groq.sandbox.process_client import ProcessClient, wait_for
from support.fault_environment import PATIENCE, Scene
from support.tcp_proxy import running_proxy

pytestmark = pytest.mark.engine


@contextmanager
def held_request(scene, path):
    scene.proxy.hold_request(path)
    yield scene.proxy.held.is_set


@contextmanager
def held_answer(scene, path):
    scene.proxy.hold_answer(path)
    yield scene.proxy.held.is_set


@contextmanager
def slow_groq(scene):
    scene.groq.next(1, delay=5)
    yield lambda: scene.groq.calls


@contextmanager
def held_journal(scene):
    with scene.journal.unwritable():
        yield lambda: scene.groq.calls and scene.groq.calls[0].status == 200


@dataclass(frozen=True, slots=True)
class Moment:
    """Where the worker is held; how often Groq is asked, and what the journal keeps, if the worker dies there."""

    hold: Callable[[Scene], AbstractContextManager[Callable[[], object]]]
    calls: int
    answers: int


MOMENTS = {
    "before the call": Moment(lambda scene: held_request(scene, "/xml"), 1, 0),
    "during the call": Moment(slow_groq, 2, 0),
    "between the answer and the journal": Moment(held_journal, 2, 0),
    "after the journal": Moment(lambda scene: held_request(scene, "/complete"), 1, 0),
    "after complete": Moment(lambda scene: held_answer(scene, "/complete"), 1, 1),
}


@pytest.fixture(scope="module")
def mortal(flavour, tmp_path_factory):
    """An engine that may be killed: it loses no commit."""
    file = tmp_path_factory.mktemp("mortal") / "engine"
    with EngineProcess(flavour, database=f"jdbc:h2:file:{file};DB_CLOSE_ON_EXIT=FALSE;WRITE_DELAY=0") as engine:
        yield engine


@pytest.fixture
def mortal_scene(mortal, groq, tmp_path):
    with running_proxy(mortal.port) as proxy, ProcessClient(mortal.rest_url) as people:
        yield Scene(people, groq, proxy, tmp_path)


def killed(worker):
    worker.signal(signal.SIGKILL)
    worker.wait()


def check_end(scene, instance, calls, answers):
    """What is left when the last life has ended in order."""
    assert instance.people.user_task(instance.id) == "Review"
    assert instance.people.incidents(instance.id) == []
    assert len(scene.groq.calls) == calls
    assert scene.journal.answers() == answers


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_worker_that_is_killed_goes_on_in_its_next_life(scene, moment):
    there = MOMENTS[moment]
    with there.hold(scene) as reached:
        instance = scene.instance()
        with scene.worker() as worker:
            wait_for(moment, reached, within=PATIENCE)
            killed(worker)
        scene.proxy.cut()
    scene.proxy.mend()
    with scene.worker():
        assert instance.task() == "Review"
    check_end(scene, instance, there.calls, there.answers)


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_engine_that_is_killed_with_the_worker_goes_on_too(mortal_scene, mortal, moment):
    scene, there = mortal_scene, MOMENTS[moment]
    with there.hold(scene) as reached:
        instance = scene.instance()
        with scene.worker() as worker:
            wait_for(moment, reached, within=PATIENCE)
            killed(worker)
            mortal.kill()
        scene.proxy.cut()
    scene.proxy.mend()
    mortal.start()
    with scene.worker():
        assert instance.task() == "Review"
    check_end(scene, instance, there.calls, there.answers)


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_engine_that_is_killed_alone_costs_no_call(mortal_scene, mortal, moment):
    scene, there = mortal_scene, MOMENTS[moment]
    with scene.worker():
        with there.hold(scene) as reached:
            instance = scene.instance()
            wait_for(moment, reached, within=PATIENCE)
            mortal.kill()
            scene.proxy.cut()
        scene.proxy.mend()
        mortal.start()
        assert instance.task() == "Review"
    check_end(scene, instance, 1, there.answers)
