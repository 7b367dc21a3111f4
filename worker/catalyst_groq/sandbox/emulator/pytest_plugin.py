"""A pytest plugin: the fixture `groq_emulator` is a running Groq emulator for one test.

pytest loads it only on request: `-p catalyst_groq.sandbox.emulator.pytest_plugin`, or
`pytest_plugins = ["catalyst_groq.sandbox.emulator.pytest_plugin"]` in the top-level conftest.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from catalyst_groq.sandbox.emulator import Emulator, EmulatorConfig


def pytest_configure(config: pytest.Config) -> None:
    """Ignore one warning of aiohttp, so that test suites with `filterwarnings = error` can use the emulator.

    aiohttp's multipart reader calls its own deprecated method whenever a part ends within a chunk.
    """
    config.addinivalue_line("filterwarnings", "ignore:unread_data:DeprecationWarning")


@pytest.fixture
def groq_emulator_config() -> EmulatorConfig | None:
    """Return the configuration of `groq_emulator`. Override this fixture to choose another one; None is the default."""
    return None


@pytest.fixture
def groq_emulator(groq_emulator_config: EmulatorConfig | None) -> Iterator[Emulator]:
    """Run a Groq emulator on a free local port while the test runs."""
    from catalyst_groq.sandbox.emulator import running_emulator  # noqa: PLC0415 -- test runs without the fixture load nothing

    with running_emulator(groq_emulator_config) as groq:
        yield groq
