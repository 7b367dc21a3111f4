"""Builds the path of a task from its fields to its outcome. The engine that the task comes from is the caller's."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from catalyst_groq.camunda.client import EngineClient
from catalyst_groq.camunda.definition_cache import DefinitionCache
from catalyst_groq.common.bounded_execution import ProcessPool, make_process_environment
from catalyst_groq.config import factory
from catalyst_groq.config.extensions import Extensions
from catalyst_groq.config.handler_factory import make_handler
from catalyst_groq.config.settings import Settings
from catalyst_groq.config.validation import SettingsDiagnostics
from catalyst_groq.connector.access.secrets import Secrets
from catalyst_groq.connector.budgets import BudgetedClient
from catalyst_groq.connector.handler import Handler
from catalyst_groq.connector.process_data import ProcessData
from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.domain.task_observation import TaskObserver
from catalyst_groq.errors import SettingsError
from catalyst_groq.groq.api.requests import GroqClient
from catalyst_groq.groq.api.response_validation import ResponseValidator
from catalyst_groq.groq.api.unresponsive_endpoints import ResponseMonitor
from catalyst_groq.groq.models.catalog import ModelCatalog
from catalyst_groq.groq.rate_limits.limiter import RateLimitedClient
from catalyst_groq.groq.rate_limits.queue import LimiterBackend
from catalyst_groq.groq.routing.endpoints import Endpoint
from catalyst_groq.groq.routing.failover import RoutingState
from catalyst_groq.groq.routing.router import Router
from catalyst_groq.journal import Journal, check_writable
from catalyst_groq.observability.background_checks import repeated_checks
from catalyst_groq.observability.debug_log import DebugClient
from catalyst_groq.observability.outcome_log import OutcomeLog
from catalyst_groq.observability.tracing import Tracing, open_tracing


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPath:
    """What the handlers of all engines share: keys, journal, budgets, limits, and what is known about routes."""

    settings: Settings
    extensions: Extensions
    catalog: ModelCatalog
    secrets: Secrets
    endpoints: Sequence[Endpoint]
    state: RoutingState
    journal: Journal
    executor: ProcessPool
    backend: LimiterBackend
    monitor: ResponseMonitor
    limiter: RateLimitedClient
    client: BudgetedClient
    router: Router
    tracing: Tracing | None

    @property
    def observers(self) -> list[TaskObserver]:
        """Those that see every task: the log, the traces if they are on, and the caller's."""
        traces = [self.tracing.observer] if self.tracing else []
        return [OutcomeLog(), *traces, *self.extensions.observers]

    def definitions_of(self, engine: EngineClient) -> DefinitionCache:
        """Return an empty cache of an engine's process definitions."""
        return DefinitionCache(engine.definition_xml, self.executor)

    def handler_for(self, engine: EngineClient, definitions: DefinitionCache) -> Handler:
        """Return the handler of an engine's tasks."""
        if self.tracing:
            engine.variables_to_fetch.always = frozenset((self.tracing.variable,))
        return make_handler(
            self.settings,
            ProcessData(
                definition_of=definitions.get,
                variables_to_fetch=engine.variables_to_fetch,
                calling_process=engine.calling_process,
                read_file=engine.file,
                visible_variables=engine.visible_variables,
            ),
            catalog=self.catalog,
            secrets=self.secrets,
            endpoints=self.endpoints,
            router=self.router,
            executor=self.executor,
            journal=self.journal,
            operations=self.extensions.operations,
        )


@asynccontextmanager
async def open_task_path(
    settings: Settings, environ: Mapping[str, str], redactor: Redactor, instance: str, extensions: Extensions
) -> AsyncIterator[TaskPath]:
    """Build a task path; leaving the context closes its connections. Raises `SettingsError`, `JournalError`.

    `instance` names the process in traces.
    """
    if problems := SettingsDiagnostics(Settings.model_fields).find_incomplete(settings):
        raise SettingsError("\n".join(["Invalid settings:", *(f"  {problem}" for problem in problems)]))
    factory.mask_secrets(settings, redactor)
    catalog = factory.load_catalog(settings)
    secrets = factory.make_secrets(settings, environ, redactor, extensions.secret_providers)
    endpoints = await factory.make_endpoints(settings, secrets)
    state = factory.make_routing_state(settings, catalog, endpoints)
    journal, ledger = factory.make_journal(settings)
    monitor = ResponseMonitor()
    async with (
        aclosing(factory.make_groq_client(settings, redactor, monitor)) as http,
        aclosing(journal),
        aclosing(ledger),
        aclosing(ProcessPool(make_process_environment(environ))) as executor,
        factory.open_limiter_backend(settings) as backend,
        open_tracing(environ, instance, redactor, is_on=settings.tracing) as tracing,
        repeated_checks([monitor.check]),
    ):
        await check_writable(journal)
        sender = _with_debug_log(http, settings, redactor)
        if tracing:
            sender = tracing.wrap(sender)
        limiter = RateLimitedClient(sender, backend, factory.make_limit_config(settings, catalog))
        client = BudgetedClient(limiter, ledger, catalog)
        router = Router(client, state, catalog, ResponseValidator(executor).validate, extensions.classify)
        yield TaskPath(
            settings=settings,
            extensions=extensions,
            catalog=catalog,
            secrets=secrets,
            endpoints=endpoints,
            state=state,
            journal=journal,
            executor=executor,
            backend=backend,
            monitor=monitor,
            limiter=limiter,
            client=client,
            router=router,
            tracing=tracing,
        )


def _with_debug_log(client: GroqClient, settings: Settings, redactor: Redactor) -> GroqClient:
    """Return the client, with the debug log around it if that is on."""
    if not settings.debug and settings.log_level != "DEBUG":
        return client
    return DebugClient(client, settings.debug, redactor, mask_contents=settings.mask_contents)
