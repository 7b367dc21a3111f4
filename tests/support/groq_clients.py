"""Fake Groq clients and journals for tests of what lies around them."""

import asyncio

from catalyst_groq.groq.api.operations import CHAT_COMPLETION
from catalyst_groq.groq.api.request_validation import find_unsupported
from catalyst_groq.groq.api.requests import Account, GroqRequest
from catalyst_groq.groq.api.response_validation import ResponseValidator
from catalyst_groq.groq.api.responses import NoResponse, Response
from catalyst_groq.groq.api.server_kinds import ServerKind
from catalyst_groq.groq.models.catalog import shipped_catalog
from catalyst_groq.groq.routing.call import GroqCall
from catalyst_groq.groq.routing.circuit_breaker import CircuitBreakers
from catalyst_groq.groq.routing.endpoints import Endpoint
from catalyst_groq.groq.routing.failover import RoutingState
from catalyst_groq.groq.routing.retired_models import RetiredModels
from catalyst_groq.groq.routing.router import Router
from support.factories import make_response
from support.inline_executor import InlineExecutor


class FakeGroqClient:
    """Returns the given responses in turn, the last one for ever; an exception is raised. Records the requests."""

    def __init__(self, *responses):
        self.responses = responses or (make_response(),)
        self.requests = []

    async def send(self, request: GroqRequest) -> Response | NoResponse:
        self.requests.append(request)
        response = self.responses[min(len(self.requests), len(self.responses)) - 1]
        if isinstance(response, Exception):
            raise response
        return response

    @property
    def payloads(self):
        return [request.payload for request in self.requests]


class BlockingGroqClient(FakeGroqClient):
    """Responds only after `release()`. `started` is set as soon as a request is under way."""

    def __init__(self, *responses):
        super().__init__(*responses)
        self.started = asyncio.Event()
        self._released = asyncio.Event()

    async def send(self, request: GroqRequest) -> Response | NoResponse:
        self.started.set()
        await self._released.wait()
        return await super().send(request)

    def release(self):
        self._released.set()


class InMemoryResponses:
    """The stored responses of one task."""

    def __init__(self):
        self.stored = []

    async def load(self, payload):
        return next((response for other, response in self.stored if other == payload), None)

    async def store(self, payload, response):
        self.stored.append((dict(payload), response))
        return True


class FakeEndpoints:
    """Endpoints `a`, `b` … each with responses of its own; records which was called for which model.

    `groq` are the names of those that are Groq.
    """

    def __init__(self, breakers=None, names=None, latency=None, groq=(), **responses):
        self.clients = {name: FakeGroqClient(*given) for name, given in responses.items()}
        kinds = {name: ServerKind.GROQ if name in groq else ServerKind.OTHER for name in responses}
        self.endpoints = [
            Endpoint(name, Account(f"http://{name}", "key", kinds[name]), (names or {}).get(name)) for name in responses
        ]
        self.requests = []
        catalog = shipped_catalog()
        self.state = RoutingState(RetiredModels(catalog), breakers or CircuitBreakers(), latency)
        self.router = Router(self, self.state, catalog, ResponseValidator(InlineExecutor()).validate)
        self.responses = InMemoryResponses()

    async def send(self, request):
        self.requests.append(request)
        return await self.clients[request.account.url.removeprefix("http://")].send(request)

    @property
    def routes_called(self):
        return [
            f"{request.account.url.removeprefix('http://')}:{request.payload['model']}" for request in self.requests
        ]

    @property
    def payloads(self):
        return [request.payload for request in self.requests]

    async def call(self, *models, max_wait=60, truncate=lambda *_: None, **payload):
        """Call the first of `models` with the others as fallback models."""
        models = models or ("m",)
        request = {"model": models[0], "messages": [{"role": "user", "content": "Hi"}], **payload}
        call = GroqCall(
            operation=CHAT_COMPLETION,
            payload=request,
            endpoints=self.endpoints,
            responses=self.responses,
            fallback_models=models[1:],
            timeout=1,
            max_wait=max_wait,
            caller="task-1",
            truncate=truncate,
            unsupported=find_unsupported(request),
        )
        return await self.router.call(call)


def results_by_route(result):
    """Endpoint and result of each series of attempts on one route."""
    return [(attempt.route.endpoint.name, attempt.result) for attempt in result.attempts_by_route()]


def make_request(account, payload, timeout=5.0, operation=CHAT_COMPLETION, caller="task-1"):
    """A request of one external task."""
    return GroqRequest(operation, account, payload, timeout, caller, endpoint="groq")
