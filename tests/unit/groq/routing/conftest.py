"""Shared fixtures of the routing tests."""

from types import SimpleNamespace

import pytest

from catalyst_groq.groq.routing import circuit_breaker, latency, router


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until a test moves it (`now`), and no jitter."""
    moved = SimpleNamespace(now=1000.0)
    moved.monotonic = lambda: moved.now
    for module in (circuit_breaker, latency):
        monkeypatch.setattr(module, "time", moved)
    monkeypatch.setattr(circuit_breaker, "JITTER", 0)
    return moved


@pytest.fixture
def waits(monkeypatch):
    """The waits, which take no time."""
    recorded = []

    async def sleep(seconds):
        recorded.append(seconds)

    monkeypatch.setattr(router, "asyncio", SimpleNamespace(sleep=sleep))
    return recorded
