"""The path of a task, built from settings."""

import asyncio

import pytest

from catalyst_groq.config.extensions import NO_EXTENSIONS
from catalyst_groq.config.settings import Settings
from catalyst_groq.config.task_path import open_task_path
from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.groq.api import unresponsive_endpoints
from catalyst_groq.observability import background_checks


@pytest.mark.anyio
async def test_unresponsive_endpoint_is_logged_without_a_task(monkeypatch, caplog):
    monkeypatch.setattr(unresponsive_endpoints, "MIN_WAIT_SECONDS", 0.0)
    monkeypatch.setattr(background_checks, "CHECK_INTERVAL_SECONDS", 0.01)
    settings = Settings(engine_url="http://engine", journal="off")
    async with open_task_path(settings, {}, Redactor(), "worker-1", NO_EXTENSIONS) as path, asyncio.timeout(10):
        path.monitor.begin("groq", timeout=0)
        while not caplog.messages:  # noqa: ASYNC110 -- a state, not an event
            await asyncio.sleep(0.01)

    assert caplog.messages[0].startswith("Endpoint groq does not respond")
