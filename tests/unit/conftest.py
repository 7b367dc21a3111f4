"""Hypothesis profiles of the unit tests, and fixtures of several folders."""

import pytest
from hypothesis import settings

from support.fake_engine_thread import running_fake_engine_thread

# A busy machine is no reason to fail; bench/ measures how fast something is.
settings.register_profile("unit", deadline=None)
# `make test-fast` searches less deeply than `make test`.
settings.register_profile("fast", deadline=None, max_examples=15)
settings.load_profile("unit")


@pytest.fixture(scope="session")
def engine_thread():
    """A fake engine in a thread of its own."""
    with running_fake_engine_thread() as backend:
        yield backend


@pytest.fixture
def library(engine_thread, emulator, tmp_path):
    """Workers of camunda-external-task-client-python3 on a fake engine without tasks."""
    from support.library_harness import LibraryHarness  # noqa: PLC0415 -- most tests need neither it nor the library

    engine_thread.engine.hides_variables = False
    engine_thread.engine.tasks.all.clear()
    harness = LibraryHarness(engine_thread, emulator, tmp_path)
    yield harness
    harness.close()


@pytest.fixture(scope="session")
def shared_handler(engine_thread, shared_emulator, tmp_path_factory):
    """One handler of the library's tasks for all tests that need no settings of their own."""
    from support.library_harness import LibraryHarness  # noqa: PLC0415 -- the same

    with LibraryHarness(engine_thread, shared_emulator, tmp_path_factory.mktemp("library")).handler() as handler:
        yield handler
