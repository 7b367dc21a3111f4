"""Builds the handler of tasks from the settings: one for the worker, one for the preview of a task."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from catalyst_groq.common.bounded_execution import BoundedExecutor
from catalyst_groq.config import factory
from catalyst_groq.config.endpoint_accounts import make_server_kinds
from catalyst_groq.config.settings import Settings
from catalyst_groq.connector.access.secrets import Secrets
from catalyst_groq.connector.access.urls import AllowedUrls
from catalyst_groq.connector.handler import Handler
from catalyst_groq.connector.results.error_details import ErrorDetails
from catalyst_groq.connector.task_request import TASK_OPERATIONS, TaskOperation, TaskRequestReader
from catalyst_groq.domain.definitions import CallingProcess, Definition
from catalyst_groq.domain.variables_to_fetch import VariablesToFetch
from catalyst_groq.groq.models.catalog import ModelCatalog
from catalyst_groq.groq.routing.endpoints import Endpoint
from catalyst_groq.groq.routing.router import Router
from catalyst_groq.journal import Journal


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessData:
    """Where a handler reads data of processes; see the fields of `Handler`."""

    definition_of: Callable[[str], Awaitable[Definition]]
    variables_to_fetch: VariablesToFetch
    calling_process: Callable[[str], Awaitable[CallingProcess | None]]
    read_file: Callable[[str, str], Awaitable[bytes]]
    visible_variables: Callable[[str], Awaitable[Collection[str]]]


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
    return Handler(
        definition_of=data.definition_of,
        variables_to_fetch=data.variables_to_fetch,
        calling_process=data.calling_process,
        read_file=data.read_file,
        visible_variables=data.visible_variables,
        reader=TaskRequestReader(catalog, operations, secrets.sources),
        secrets=secrets,
        urls=AllowedUrls(settings.groq_api_url, settings.allowed_urls),
        servers=make_server_kinds(settings),
        router=router,
        executor=executor,
        endpoints=endpoints,
        journal=journal,
        lock_duration=settings.lock_duration,
        budgets=factory.make_budget_limits(settings),
        details=ErrorDetails(mask_contents=settings.mask_contents),
        throw_uncaught=settings.throw_uncaught_errors,
        stream=settings.stream,
    )
