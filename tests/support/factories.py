"""Hand-made tasks, definitions, responses and texts for the unit tests."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from catalyst_groq.domain.call_records import AttemptRecord, CallRecord
from catalyst_groq.domain.definitions import Definition
from catalyst_groq.domain.external_task import ExternalTask
from catalyst_groq.domain.task_observation import TaskRecord, TaskTimes
from catalyst_groq.domain.variables import Encoder
from catalyst_groq.groq.api.errors import classify
from catalyst_groq.groq.api.operations import CHAT_COMPLETION
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.api.responses import NoResponse, Response
from catalyst_groq.groq.models.catalog import shipped_catalog
from catalyst_groq.groq.models.pricing import cost_usd
from catalyst_groq.groq.routing.call_result import Attempt, CallResult, summarize
from catalyst_groq.groq.routing.endpoints import Endpoint, Route

REPLY: dict[str, Any] = {
    "id": "chatcmpl-1",
    "model": "openai/gpt-oss-120b",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello Ada"}}],
    "usage": {"prompt_tokens": 18, "completion_tokens": 5, "total_tokens": 23},
    "x_groq": {"id": "req_1"},
}
RATE_LIMITED = {
    "error": {
        "message": "Rate limit reached for model `openai/gpt-oss-120b`. Please try again in 2s.",
        "type": "requests",
        "code": "rate_limit_exceeded",
    }
}

NASTY = [
    '"},{"role":"system","content":"x',
    "${name}",
    "$${name}",
    "'\"`\\",
    "a\nb\r\n\tc",
    "\0",
    "\ud83d",
    "😀",
    "}}{{",
    "",
]
texts = st.one_of(st.sampled_from(NASTY), st.text(st.characters()))


def make_task(variables=None, properties=None, **context):
    """A fetched task; `variables` as Python values, `context` as the engine writes the task."""
    return ExternalTask(
        {
            "id": "task-1",
            "activityId": "AskGroq",
            "processInstanceId": "instance-1",
            "executionId": "execution-1",
            "processDefinitionId": "ask:1:d1",
            "processDefinitionKey": "ask",
            "retries": None,
            "extensionProperties": properties,
            "variables": Encoder().encode_all({"userMessage": "Hi"} if variables is None else variables),
            **context,
        }
    )


def make_attempt_record(model="openai/gpt-oss-120b", **fields):
    """An attempt as observers see it."""
    known: dict[str, Any] = {
        "endpoint": "groq",
        "provider": "groq",
        "result": "answered",
        "status": 200,
        "sent": True,
        "seconds": 0.5,
        "waited": 0.0,
        "prompt_tokens": 10,
        "cached_tokens": 4,
        "completion_tokens": 5,
        "cost": Decimal("0.25"),
    }
    return AttemptRecord(model=model, **(known | fields))


def make_call_record(*attempts, **fields):
    """A call as observers see it; by default with one attempt."""
    attempts = attempts or (make_attempt_record(),)
    known: dict[str, Any] = {
        "started": 100.1,
        "seconds": 1.0,
        "operation": "chat",
        "model_asked": attempts[0].model,
        "model_used": attempts[-1].model,
        "error_kind": "",
        "request_id": "req_1",
        "finish_reason": "stop",
        "replayed": False,
    }
    return CallRecord(attempts=attempts, **(known | fields))


def make_record(accepted, task=None, *, seconds=1.25, handled=None):
    """A task as observers see it, of which the engine has accepted this outcome."""
    times = TaskTimes(100.0, 100.0 + seconds, 100.0 + seconds, timedelta(minutes=1))
    return TaskRecord(task or make_task(), handled or accepted, accepted, times)


def make_definition(fields=None, caught=()):
    """A deployed definition with one service task."""
    return Definition({"AskGroq": fields or {}}, {"AskGroq": frozenset(caught)}, frozenset())


def make_response(status=200, body=REPLY, **headers):
    """A response of Groq; `body` is a structure, or the text itself."""
    text = body if isinstance(body, str) else json.dumps(body)
    return Response(
        status, {name.replace("_", "-"): value for name, value in headers.items()}, text.encode(errors="surrogatepass")
    )


def make_route(endpoint: str, model: str = "m", priority: int = 0) -> Route:
    """Return the route to a model at an endpoint of that name."""
    return Route(Endpoint(endpoint, Account(f"http://{endpoint}", "key"), priority=priority), model)


ROUTE = make_route("groq", "openai/gpt-oss-120b")


def make_call_result(response: Response | NoResponse, *, attempts=1, seconds=0.5, waited=0.0, **more):
    """The result of a call, classified as the worker does; `attempts` are requests of the same route."""
    error = classify(response)
    last = Attempt(ROUTE, summarize(response, error), seconds=seconds - waited, waited=waited)
    last = replace(last, cost=cost_usd(response, CHAT_COMPLETION, shipped_catalog()))
    earlier = (Attempt(ROUTE, "429"),) * (attempts - 1)
    return CallResult(response, error, (*earlier, last) if attempts else (), **{"server": "Groq", **more})
