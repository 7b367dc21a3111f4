"""A pytest plugin: the fixture `groq_emulator` is a running Groq emulator of the test's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from catalyst_groq.sandbox.emulator import Emulator, EmulatorConfig


def pytest_configure(config: pytest.Config) -> None:
    """Let suites that make errors of warnings use the emulator.

    aiohttp's multipart reader calls its own deprecated method whenever a part ends within a chunk.
    """
    config.addinivalue_line("filterwarnings", "ignore:unread_data:DeprecationWarning")


@pytest.fixture
def groq_emulator_config() -> EmulatorConfig | None:
    """Say how `groq_emulator` starts; a test suite overrides this fixture to choose another configuration."""
    return None


@pytest.fixture
def groq_emulator(groq_emulator_config: EmulatorConfig | None) -> Iterator[Emulator]:
    """Run a Groq emulator on a free port of this machine while the test runs."""
    from catalyst_groq.sandbox.emulator import running_emulator  # noqa: PLC0415 - test runs without the fixture load nothing

    with running_emulator(groq_emulator_config) as groq:
        yield groq
