"""The composition root: builds every part once, hands it what it needs, and runs the worker."""

import asyncio
import gc
import logging
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from platformdirs import user_state_path
from prometheus_client import CollectorRegistry

from catalyst_groq import __version__
from catalyst_groq.camunda.client import EngineClient
from catalyst_groq.camunda.definition_cache import DefinitionCache
from catalyst_groq.camunda.poller import Poller
from catalyst_groq.camunda.worker_id import WorkerIdClaim
from catalyst_groq.commands.models import ModelReport, collect_model_report, find_used_models
from catalyst_groq.common.bounded_execution import ProcessPool
from catalyst_groq.common.optional_dependencies import require_extra
from catalyst_groq.config import factory
from catalyst_groq.config.settings import Settings
from catalyst_groq.connector.access.providers import SecretProvider, default_providers
from catalyst_groq.connector.access.secrets import Secrets
from catalyst_groq.connector.access.urls import AllowedUrls
from catalyst_groq.connector.budgets import BudgetedClient, BudgetLimits
from catalyst_groq.connector.handler import Handler
from catalyst_groq.connector.results.error_details import ErrorDetails
from catalyst_groq.connector.task_request import TASK_OPERATIONS, TaskOperation, TaskRequestReader
from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.domain.variables import Encoder
from catalyst_groq.groq.api.client import HttpGroqClient
from catalyst_groq.groq.api.errors import classify
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.groq.api.response_validation import ResponseValidator
from catalyst_groq.groq.models.catalog import ModelCatalog
from catalyst_groq.groq.rate_limits.limit_state import LimitConfig
from catalyst_groq.groq.rate_limits.limiter import RateLimitedClient
from catalyst_groq.groq.rate_limits.queue import InMemoryBackend, LimiterBackend
from catalyst_groq.groq.routing.circuit_breaker import CircuitBreakers
from catalyst_groq.groq.routing.endpoints import Endpoint
from catalyst_groq.groq.routing.failover import RoutingState
from catalyst_groq.groq.routing.latency import LatencyTracker
from catalyst_groq.groq.routing.paused_accounts import PausedAccounts
from catalyst_groq.groq.routing.retired_models import RetiredModels
from catalyst_groq.groq.routing.router import Classify, Router
from catalyst_groq.groq.routing.waiting_places import WaitingPlaces
from catalyst_groq.journal import Journal, Ledger, check_writable, make_cipher, open_journal
from catalyst_groq.observability.health import health_server
from catalyst_groq.observability.logging import log_outcome
from catalyst_groq.observability.metrics import (
    Metrics,
    register_account_gauges,
    register_circuit_gauges,
    register_limit_gauges,
    register_worker_gauges,
)

log = logging.getLogger(__name__)

GC_THRESHOLD = 20_000
"""Allocations between collections of the youngest generation. The default of 700 costs a noticeable share of CPU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extensions:
    """What a caller adds to a worker without changing the package."""

    secret_providers: Mapping[str, SecretProvider] = field(default_factory=dict)
    """Further secret sources, by the names that the Secret Source field uses."""
    operations: Mapping[str, TaskOperation] = field(default_factory=lambda: TASK_OPERATIONS)
    """The operations, by the names that the Operation field uses."""
    classify: Classify = classify
    """Classifies the results of requests, perhaps into further error kinds."""


NO_EXTENSIONS = Extensions()


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker that is built, and what its health depends on besides."""

    poller: Poller
    blocked_endpoints: Callable[[], Sequence[str]]
    """Returns the names of the endpoints that refuse their keys, if no other account is left; see `PausedAccounts`."""


@asynccontextmanager
async def build_worker(
    settings: Settings,
    environ: Mapping[str, str],
    redactor: Redactor,
    registry: CollectorRegistry,
    extensions: Extensions = NO_EXTENSIONS,
) -> AsyncIterator[Worker]:
    """Build a worker; leaving the context closes its connections."""
    factory.mask_secrets(settings, redactor)
    catalog = factory.load_catalog(settings)
    secrets = _secrets(settings, environ, redactor, extensions.secret_providers)
    endpoints = await factory.make_endpoints(settings, secrets)
    state = _routing_state(settings, catalog, endpoints)
    identity = WorkerIdClaim(user_state_path("catalyst-groq") / "ids", settings.worker_id)
    engine = _engine(settings, identity.worker_id)
    journal, ledger = _open_journal(settings)
    async with (
        aclosing(engine),
        aclosing(_groq_client(settings, redactor)) as http,
        aclosing(journal),
        aclosing(ledger),
        aclosing(ProcessPool(_process_environment(environ))) as executor,
        _limiter_backend(settings) as backend,
    ):
        await check_writable(journal)
        limiter = RateLimitedClient(http, backend, _limit_config(settings, catalog))
        client = BudgetedClient(limiter, ledger, catalog)
        router = Router(client, state, catalog, ResponseValidator(executor).validate, extensions.classify)
        handler = Handler(
            definition_of=DefinitionCache(engine.definition_xml, executor).get,
            variables_to_fetch=engine.variables_to_fetch,
            calling_process=engine.calling_process,
            read_file=engine.file,
            reader=TaskRequestReader(catalog, extensions.operations, secrets.sources),
            secrets=secrets,
            urls=AllowedUrls(settings.groq_api_url, settings.allowed_urls),
            router=router,
            executor=executor,
            endpoints=endpoints,
            journal=journal,
            lock_duration=settings.lock_duration,
            budgets=_budget_limits(settings),
            details=ErrorDetails(mask_contents=settings.mask_contents),
            throw_uncaught=settings.throw_uncaught_errors,
            stream=settings.stream,
        )
        poller = Poller(
            engine,
            handler,
            [log_outcome, Metrics(registry, catalog)],
            topics=settings.topic,
            concurrency=settings.concurrency,
            shutdown_timeout=settings.shutdown_timeout,
            fetch_limit=limiter.fetchable_tasks,
        )
        register_worker_gauges(registry, poller)
        register_circuit_gauges(registry, state.circuit_breakers.open_subjects, catalog)
        register_account_gauges(registry, state.accounts.paused)
        register_limit_gauges(registry, limiter.remaining, catalog)
        log.info(
            "Worker %s %s fetches %s at %s",
            engine.worker_id,
            __version__,
            ", ".join(settings.topic),
            settings.engine_url,
        )
        yield Worker(poller, state.accounts.blocked)


async def run_worker(
    settings: Settings, environ: Mapping[str, str], redactor: Redactor, extensions: Extensions = NO_EXTENSIONS
) -> None:
    """Run until SIGTERM or SIGINT, then finish the active tasks; a second signal stops at once."""
    registry = CollectorRegistry()
    async with AsyncExitStack() as parts:
        worker = await parts.enter_async_context(build_worker(settings, environ, redactor, registry, extensions))
        poller = worker.poller
        if settings.http_port is not None:
            health = health_server(settings.http_host, settings.http_port, poller, registry, worker.blocked_endpoints)
            await parts.enter_async_context(health)
        _tune_gc()
        polling = asyncio.create_task(poller.run())
        _on_signals(partial(_stop, poller, polling))
        await polling


def _tune_gc() -> None:
    """Collect garbage less often, and never look at what exists by now: it stays."""
    gc.set_threshold(GC_THRESHOLD)
    gc.freeze()


async def report_models(settings: Settings, environ: Mapping[str, str]) -> ModelReport:
    """Ask the endpoints for their models, and the engine for the models that its processes name; any may be away."""
    catalog = factory.load_catalog(settings)
    redactor = Redactor(value for _, value in factory.collect_secret_values(settings))
    endpoints = await factory.make_endpoints(settings, _secrets(settings, environ, redactor))
    async with (
        aclosing(_engine(settings, "catalyst-groq-models")) as engine,
        aclosing(_groq_client(settings, redactor)) as client,
    ):
        own_account = Account(settings.groq_api_url, environ.get("GROQ_API_KEY", "").strip())
        redactor.add(own_account.key)
        references = redactor.mask_all(await find_used_models(engine, settings.topic))
        return await collect_model_report(catalog, client, own_account, endpoints, references)


def _groq_client(settings: Settings, redactor: Redactor) -> HttpGroqClient:
    return HttpGroqClient(factory.make_groq_transport(settings), redactor, settings.max_response_bytes)


def _engine(settings: Settings, worker_id: str) -> EngineClient:
    return EngineClient(
        settings.engine_url,
        worker_id,
        lock_duration=settings.lock_duration,
        async_response_timeout=settings.async_response_timeout,
        encoder=Encoder(settings.string_limit),
        authorization=factory.make_engine_authorization(settings),
        task_filter=_task_filter(settings),
        transport=factory.make_engine_transport(settings),
        credentials=factory.make_engine_credentials(settings),
    )


def _stop(poller: Poller, polling: asyncio.Task[None]) -> None:
    if poller.is_stopping:
        polling.cancel()
    else:
        log.info("Graceful shutdown started; a second signal stops at once")
        poller.stop()


def _on_signals(callback: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(number, callback)


def _process_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the processes for bounded work: what Python needs to start, and no key."""
    return {name: environ[name] for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT") if name in environ}


def _task_filter(settings: Settings) -> dict[str, Any]:
    """Return which tasks to fetch, as the REST API has it; what is not set does not matter."""
    task_filter = {
        "tenantIdIn": list(settings.only_tenants),
        "processDefinitionKeyIn": list(settings.only_process_definitions),
        "businessKey": settings.only_business_key,
        "processVariables": settings.only_variables,
    }
    return {name: value for name, value in task_filter.items() if value}


def _open_journal(settings: Settings) -> tuple[Journal, Ledger]:
    return open_journal(
        settings.journal or str(user_state_path("catalyst-groq") / "journal.sqlite"),
        cipher=make_cipher(settings.journal_key.get_secret_value() if settings.journal_key else None),
        max_age=settings.journal_max_age,
        max_bytes=settings.journal_max_bytes,
        required=settings.journal_required,
    )


def _budget_limits(settings: Settings) -> BudgetLimits:
    return BudgetLimits(
        per_instance=settings.budget_per_instance,
        per_definition=settings.budget_per_definition,
        per_day=settings.budget_per_day,
    )


def _routing_state(settings: Settings, catalog: ModelCatalog, endpoints: Sequence[Endpoint]) -> RoutingState:
    reset_timeout = settings.circuit_reset_timeout.total_seconds()
    tasks_account = Account(settings.groq_api_url, "")
    with_own_key = [endpoint for endpoint in endpoints if not endpoint.needs_key_of(tasks_account)]
    return RoutingState(
        RetiredModels(catalog),
        CircuitBreakers(settings.circuit_threshold, reset_timeout),
        LatencyTracker() if settings.routing_strategy == "least-latency" else None,
        PausedAccounts(reset_timeout, with_own_key),
        WaitingPlaces(settings.concurrency),
    )


def _limit_config(settings: Settings, catalog: ModelCatalog) -> LimitConfig:
    plan = None if settings.limits == "auto" or settings.limits == "off" else settings.limits  # noqa: PLR1714 -- narrows the type
    if settings.limits == "off":
        return LimitConfig(settings.groq_api_url, catalog, is_enforced=False)
    return LimitConfig(settings.groq_api_url, catalog, plan, settings.model_limits)


@asynccontextmanager
async def _limiter_backend(settings: Settings) -> AsyncIterator[LimiterBackend]:
    """Return where the rate limiter keeps its queues."""
    if settings.limits == "off" or not settings.limits_redis_url:
        yield InMemoryBackend()
        return
    with require_extra("redis", "CATALYST_LIMITS_REDIS_URL"):
        from catalyst_groq.groq.rate_limits.redis_backend import FallbackBackend, RedisBackend  # noqa: PLC0415 -- an extra

    async with aclosing(FallbackBackend(RedisBackend(settings.limits_redis_url), InMemoryBackend())) as backend:
        yield backend


def _secrets(
    settings: Settings,
    environ: Mapping[str, str],
    redactor: Redactor,
    further_providers: Mapping[str, SecretProvider] | None = None,
) -> Secrets:
    built_in = default_providers(environ, settings.secrets_dir, settings.secrets_file)
    return Secrets(
        providers={**built_in, **(further_providers or {})},
        allowed=settings.allowed_secrets,
        allow_variables=settings.allow_variable_secrets,
        redactor=redactor,
    )
