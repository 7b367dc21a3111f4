"""Makes the call of a task: where it may be sent, with which key, what was stored before, and within which budgets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from catalyst_groq.connector.access.secrets import Secrets
from catalyst_groq.connector.access.urls import AllowedUrls
from catalyst_groq.connector.budgets import BudgetLimits
from catalyst_groq.connector.endpoint_selection import check_parameters, resolve_base_url, select_endpoints
from catalyst_groq.connector.fields.names import PAYLOAD
from catalyst_groq.connector.requests.payload import to_bytes
from catalyst_groq.connector.task_request import TaskRequest
from catalyst_groq.domain.external_task import ExternalTask
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.api.server_kinds import ServerKinds
from catalyst_groq.groq.routing.call import GroqCall
from catalyst_groq.groq.routing.endpoints import Endpoint
from catalyst_groq.journal import Journal, TaskResponses


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFactory:
    """Makes calls, with what the operator allows."""

    secrets: Secrets
    urls: AllowedUrls
    servers: ServerKinds
    journal: Journal
    lock_duration: timedelta
    endpoints: Sequence[Endpoint] = ()
    """The operator's, in the order in which they are tried."""
    budgets: BudgetLimits = field(default_factory=BudgetLimits)

    async def make(self, task: ExternalTask, request: TaskRequest, payload: Mapping[str, Any]) -> GroqCall:
        """Return the call of a task, which replays the responses that the task has got before. Raises `FieldError`."""
        base_url = resolve_base_url(request, self.urls)
        server = Account(base_url, "", self.servers.of(base_url))
        endpoints = await select_endpoints(request, task.variables, server, self.secrets, self.endpoints)
        unsupported = check_parameters(request, payload, endpoints)
        max_wait = request.give_up_after - task.age(self.lock_duration)
        return GroqCall(
            operation=request.builder.operation,
            payload=payload,
            endpoints=endpoints,
            responses=TaskResponses(
                self.journal, task.id, base_url, payload, to_bytes(PAYLOAD, payload), created=task.created
            ),
            fallback_models=request.fallback_models,
            timeout=request.timeout,
            max_wait=max_wait.total_seconds(),
            caller=task.id,
            budgets=self.budgets.for_task(task),
            truncate=request.builder.truncate,
            unsupported=unsupported,
        )
