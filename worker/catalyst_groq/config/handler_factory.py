"""Builds the handler of tasks from the settings: one for the worker, one for the preview of a task."""

from collections.abc import Mapping, Sequence

from catalyst_groq.common.bounded_execution import BoundedExecutor
from catalyst_groq.config import factory
from catalyst_groq.config.endpoint_accounts import make_server_kinds
from catalyst_groq.config.settings import Settings
from catalyst_groq.connector.access.secrets import Secrets
from catalyst_groq.connector.access.urls import AllowedUrls
from catalyst_groq.connector.calls import CallFactory
from catalyst_groq.connector.handler import Handler
from catalyst_groq.connector.process_data import ProcessData
from catalyst_groq.connector.results.error_details import ErrorDetails
from catalyst_groq.connector.task_request import TASK_OPERATIONS, TaskOperation, TaskRequestReader
from catalyst_groq.groq.models.catalog import ModelCatalog
from catalyst_groq.groq.routing.endpoints import Endpoint
from catalyst_groq.groq.routing.router import Router
from catalyst_groq.journal import Journal


def make_handler(  # noqa: PLR0913 -- the parts of a handler
    settings: Settings,
    data: ProcessData,
    *,
    catalog: ModelCatalog,
    secrets: Secrets,
    endpoints: Sequence[Endpoint],
    router: Router,
    executor: BoundedExecutor,
    journal: Journal,
    operations: Mapping[str, TaskOperation] = TASK_OPERATIONS,
) -> Handler:
    """Return the handler; `operations` are the values of the Operation field."""
    calls = CallFactory(
        secrets=secrets,
        urls=AllowedUrls(settings.groq_api_url, settings.allowed_urls),
        servers=make_server_kinds(settings),
        journal=journal,
        lock_duration=settings.lock_duration,
        endpoints=endpoints,
        budgets=factory.make_budget_limits(settings),
    )
    return Handler(
        data=data,
        reader=TaskRequestReader(catalog, operations, secrets.sources),
        secrets=secrets,
        calls=calls,
        router=router,
        executor=executor,
        journal=journal,
        details=ErrorDetails(mask_contents=settings.mask_contents),
        throw_uncaught=settings.throw_uncaught_errors,
        stream=settings.stream,
    )
