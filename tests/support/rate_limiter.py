"""A rate limiter before a fake client, and requests for its tests."""

import itertools

from catalyst_groq.groq.api.operations import CHAT_COMPLETION
from catalyst_groq.groq.api.requests import Account, GroqRequest
from catalyst_groq.groq.api.response_validation import ResponseValidator
from catalyst_groq.groq.api.server_kinds import ServerKind
from catalyst_groq.groq.models.catalog import ModelLimits, shipped_catalog
from catalyst_groq.groq.rate_limits.limit_state import ANY_MODEL, LimitConfig
from catalyst_groq.groq.rate_limits.limiter import RateLimitedClient
from catalyst_groq.groq.rate_limits.queue import InMemoryBackend
from catalyst_groq.groq.routing.call import GroqCall
from catalyst_groq.groq.routing.endpoints import Endpoint
from catalyst_groq.groq.routing.failover import RoutingState
from catalyst_groq.groq.routing.retired_models import RetiredModels
from catalyst_groq.groq.routing.router import Router
from support.groq_clients import FakeGroqClient, InMemoryResponses
from support.inline_executor import InlineExecutor

MODEL, OTHER = "openai/gpt-oss-120b", "openai/gpt-oss-20b"
ACCOUNT, OWN_SERVER = Account("http://groq", "gsk_a", ServerKind.GROQ), Account("http://gpu", "")
ENDPOINTS = (Endpoint("groq", ACCOUNT),)
callers = map("task-{}".format, itertools.count())


def chat_payload(text="Hello", model=MODEL, **more):
    return {"model": model, "max_tokens": 100, "messages": [{"role": "user", "content": text}], **more}


def chat_request(account=ACCOUNT, caller=None, **more):
    """A request of a caller of its own, unless one is given."""
    return GroqRequest(CHAT_COMPLETION, account, chat_payload(**more), 1, caller or next(callers))


def limit_config(plan=None, **configured):
    return LimitConfig(shipped_catalog(), plan, configured)


def limited_to(**limits):
    return limit_config(**{ANY_MODEL: ModelLimits(**limits)})


def make_limiter(limits, *responses, client=None, **backend):
    return RateLimitedClient(client or FakeGroqClient(*responses), InMemoryBackend(**backend), limits)


async def call_with_router(limiter, endpoints=ENDPOINTS, max_wait=60, caller=None, **more):
    """Call through a router, as a task does."""
    catalog = shipped_catalog()
    router = Router(
        limiter, RoutingState(RetiredModels(catalog)), catalog, ResponseValidator(InlineExecutor()).validate
    )
    return await router.call(
        GroqCall(
            operation=CHAT_COMPLETION,
            payload=chat_payload(**more),
            endpoints=endpoints,
            responses=InMemoryResponses(),
            timeout=30,
            max_wait=max_wait,
            caller=caller or next(callers),
            truncate=lambda *_: None,
        )
    )
