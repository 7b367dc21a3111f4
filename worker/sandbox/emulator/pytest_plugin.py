"""A pytest plugin: the fixture `groq_emulator` is a running Groq stand-in of the test's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from worker.sandbox.emulator import Emulator, EmulatorConfig


@pytest.fixture
def groq_emulator_config() -> EmulatorConfig | None:
    """Say how `groq_emulator` starts; a test suite overrides this fixture to choose another configuration."""
    return None


@pytest.fixture
def groq_emulator(groq_emulator_config: EmulatorConfig | None) -> Iterator[Emulator]:
    """Run a Groq stand-in on a free port of this machine while the test runs."""
    from worker.sandbox.emulator import running_emulator  # noqa: PLC0415 - test runs without the fixture load nothing

    with running_emulator(groq_emulator_config) as groq:
        yield groq
