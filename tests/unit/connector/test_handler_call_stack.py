"""The functions between the handler and the socket."""

import sys
from datetime import timedelta
from decimal import Decimal

import pytest
from aiohttp import ClientConnectionError

import catalyst_groq
from catalyst_groq.connector.budgets import BudgetLimits
from catalyst_groq.domain.outcomes import Failure
from catalyst_groq.groq.api.client import HttpGroqClient
from catalyst_groq.groq.models.catalog import shipped_catalog
from catalyst_groq.groq.rate_limits.limit_state import LimitConfig
from catalyst_groq.groq.rate_limits.limiter import RateLimitedClient
from catalyst_groq.groq.rate_limits.queue import InMemoryBackend
from support.handler_harness import HandlerHarness, InMemoryJournal

pytestmark = pytest.mark.anyio

PACKAGE = catalyst_groq.__path__[0]
MAX_FRAMES = 10


class StackRecorder:
    """Replaces the HTTP session's `request`: records the functions of the package on the stack, and refuses."""

    def __init__(self):
        self.functions = []

    def __call__(self, *args, **kwargs):
        frame = sys._getframe(1)
        while frame:
            if frame.f_code.co_filename.startswith(PACKAGE):
                self.functions.insert(0, frame.f_code.co_qualname)
            frame = frame.f_back
        raise ClientConnectionError("refused")


async def test_call_stack_to_the_socket_is_short_and_has_no_closures(monkeypatch):
    """Each function on the stack belongs to a class or a module, so that a traceback names what it is for."""
    http, recorder = HttpGroqClient(), StackRecorder()
    monkeypatch.setattr(http._http, "request", recorder)
    limiter = RateLimitedClient(http, InMemoryBackend(), LimitConfig(shipped_catalog(), "developer"))
    budgets = BudgetLimits(per_instance=Decimal(1), per_day=Decimal(1))
    harness = HandlerHarness(
        client=limiter, budgets=budgets, journal=InMemoryJournal(), lock_duration=timedelta(minutes=1)
    )
    outcome = await harness.handle()
    await http.aclose()

    assert isinstance(outcome, Failure)
    assert outcome.message.startswith("Groq: connection reset: refused")
    assert recorder.functions[0] == "Handler.handle"
    assert recorder.functions[-1] == "HttpGroqClient.send"
    assert {"Handler._call_groq", "BudgetedClient.send", "RateLimitedClient.send"} <= set(recorder.functions)
    assert len(recorder.functions) <= MAX_FRAMES, recorder.functions
    assert not [name for name in recorder.functions if "<locals>" in name]
