"""The composition root: makes every part once, hands each what it needs, and runs the worker."""

import asyncio
import gc
import logging
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from functools import partial
from typing import Any

from platformdirs import user_state_path
from prometheus_client import CollectorRegistry

from catalyst_groq import __version__
from catalyst_groq.camunda.client import EngineClient
from catalyst_groq.camunda.definition_cache import DefinitionCache
from catalyst_groq.camunda.poller import Poller, no_fetch_limit
from catalyst_groq.camunda.worker_id import WorkerIdClaim
from catalyst_groq.commands.models import ModelReport, models_in_use, offered_models
from catalyst_groq.common.optional_dependencies import require_extra
from catalyst_groq.config import factory
from catalyst_groq.config.settings import Settings
from catalyst_groq.connector.access.secrets import Redactor, Secrets
from catalyst_groq.connector.access.urls import AllowedUrls
from catalyst_groq.connector.budgets import Budgets
from catalyst_groq.connector.handler import Handler
from catalyst_groq.connector.results.error_details import ErrorDetails
from catalyst_groq.domain.variables import Encoder
from catalyst_groq.groq.api.client import HttpGroqClient
from catalyst_groq.groq.api.requests import Account, Ask
from catalyst_groq.groq.models.catalog import known_models, use_models
from catalyst_groq.groq.rate_limits.limit_state import LimitConfig
from catalyst_groq.groq.rate_limits.limiter import RateLimitedClient
from catalyst_groq.groq.rate_limits.queue import InMemoryBackend
from catalyst_groq.groq.routing.circuit_breaker import CircuitBreakers
from catalyst_groq.groq.routing.latency import LatencyTracker
from catalyst_groq.groq.routing.retired_models import RetiredModels
from catalyst_groq.groq.routing.router import RoutingState
from catalyst_groq.journal import Journal, Ledger, check_writable, make_cipher, open_journal
from catalyst_groq.observability.health import health_server
from catalyst_groq.observability.logging import log_outcome
from catalyst_groq.observability.metrics import (
    Metrics,
    register_circuit_gauges,
    register_limit_gauges,
    register_worker_gauges,
)

log = logging.getLogger(__name__)

GC_THRESHOLD = 20_000
"""How many more objects there must be until Python looks for garbage: its own figure takes a good part of the CPU."""


@asynccontextmanager
async def build_worker(
    settings: Settings, environ: Mapping[str, str], redactor: Redactor, registry: CollectorRegistry
) -> AsyncIterator[Poller]:
    """Put a worker together; leaving closes its connections."""
    for secret in factory.collect_secret_values(settings):
        redactor.add(secret)
    use_models(factory.load_catalog(settings))
    secrets = _secrets(settings, environ, redactor)
    endpoints = factory.make_endpoints(settings, secrets)
    experience = _routing_state(settings)
    identity = WorkerIdClaim(user_state_path("catalyst-groq") / "ids", settings.worker_id)
    engine = _engine(settings, identity.worker_id)
    journal, ledger = _open_journal(settings)
    async with (
        aclosing(engine),
        aclosing(HttpGroqClient(factory.make_groq_transport(settings), redactor.mask_all)) as groq,
        aclosing(journal),
        aclosing(ledger),
        _rate_limiter(settings, groq.ask) as limited,
    ):
        await check_writable(journal)
        handler = Handler(
            definition_of=DefinitionCache(engine.definition_xml).get,
            variables_to_fetch=engine.variables_to_fetch,
            calling_process=engine.calling_process,
            read_file=engine.file,
            secrets=secrets,
            urls=AllowedUrls(settings.groq_api_url, settings.allowed_urls),
            ask=limited or groq.ask,
            routing_state=experience,
            endpoints=endpoints,
            journal=journal,
            lock_duration=settings.lock_duration,
            budgets=_budgets(settings, ledger),
            details=ErrorDetails(mask_contents=settings.mask_contents),
            throw_uncaught=settings.throw_uncaught_errors,
            stream=settings.stream,
        )
        poller = Poller(
            engine,
            handler,
            [log_outcome, Metrics(registry)],
            topics=settings.topic,
            concurrency=settings.concurrency,
            shutdown_timeout=settings.shutdown_timeout,
            fetch_limit=limited.fetchable_tasks if limited else no_fetch_limit,
        )
        register_worker_gauges(registry, poller)
        register_circuit_gauges(registry, experience.circuit_breakers.open_routes)
        if limited:
            register_limit_gauges(registry, limited.remaining)
        log.info(
            "Worker %s %s fetches %s at %s",
            engine.worker_id,
            __version__,
            ", ".join(settings.topic),
            settings.engine_url,
        )
        yield poller


async def run_worker(settings: Settings, environ: Mapping[str, str], redactor: Redactor) -> None:
    """Work until SIGTERM or SIGINT, then finish what is in hand; a second signal stops at once."""
    registry = CollectorRegistry()
    async with AsyncExitStack() as parts:
        poller = await parts.enter_async_context(build_worker(settings, environ, redactor, registry))
        if settings.http_port is not None:
            await parts.enter_async_context(health_server(settings.http_port, poller, registry))
        _tune_gc()
        working = asyncio.create_task(poller.run())
        _on_signals(partial(_stop, poller, working))
        await working


def _tune_gc() -> None:
    """Have Python look for garbage less often, and not in what is there by now: it stays."""
    gc.set_threshold(GC_THRESHOLD)
    gc.freeze()


async def survey_models(settings: Settings, environ: Mapping[str, str]) -> ModelReport:
    """Ask who serves models what there is, and the engine which models its processes name; any may be away."""
    use_models(factory.load_catalog(settings))
    redactor = Redactor()
    endpoints = factory.make_endpoints(settings, _secrets(settings, environ, redactor))
    async with (
        aclosing(_engine(settings, "catalyst-groq-models")) as engine,
        aclosing(HttpGroqClient(factory.make_groq_transport(settings), redactor.mask_all)) as groq,
    ):
        own = Account(settings.groq_api_url, environ.get("GROQ_API_KEY", "").strip())
        offered = await offered_models(groq, own) if own.key else "There is no GROQ_API_KEY"
        accounts = [own if endpoint.needs_key_of(own) else endpoint.account for endpoint in endpoints]
        at_endpoints = [await offered_models(groq, account) for account in accounts]
        in_use = await models_in_use(engine, settings.topic)
        return ModelReport(known_models(), offered, in_use, tuple(zip(endpoints, at_endpoints, strict=True)))


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


def _stop(poller: Poller, working: asyncio.Task[None]) -> None:
    if poller.is_stopping:
        working.cancel()
    else:
        log.info("Stopping; a second signal stops at once")
        poller.stop()


def _on_signals(act: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(number, act)


def _task_filter(settings: Settings) -> dict[str, Any]:
    """Say in the REST API's words which tasks are wanted; what is not said does not matter."""
    wanted = {
        "tenantIdIn": list(settings.only_tenants),
        "processDefinitionKeyIn": list(settings.only_process_definitions),
        "businessKey": settings.only_business_key,
        "processVariables": settings.only_variables,
    }
    return {name: value for name, value in wanted.items() if value}


def _open_journal(settings: Settings) -> tuple[Journal, Ledger]:
    return open_journal(
        settings.journal or str(user_state_path("catalyst-groq") / "journal.sqlite"),
        cipher=make_cipher(settings.journal_key.get_secret_value() if settings.journal_key else None),
        max_age=settings.journal_max_age,
        max_bytes=settings.journal_max_bytes,
        required=settings.journal_required,
    )


def _budgets(settings: Settings, ledger: Ledger) -> Budgets:
    return Budgets(
        per_instance=settings.budget_per_instance,
        per_definition=settings.budget_per_definition,
        per_day=settings.budget_per_day,
        ledger=ledger,
    )


def _routing_state(settings: Settings) -> RoutingState:
    return RoutingState(
        RetiredModels(known_models()),
        CircuitBreakers(settings.circuit_threshold, settings.circuit_reset_timeout.total_seconds()),
        LatencyTracker() if settings.routing_strategy == "least-latency" else None,
    )


@asynccontextmanager
async def _rate_limiter(settings: Settings, ask: Ask) -> AsyncIterator[RateLimitedClient | None]:
    """Put the limits around asking Groq; nothing where they are not to be kept."""
    if settings.limits == "off":
        yield None
        return
    plan = None if settings.limits == "auto" else settings.limits
    known = LimitConfig(settings.groq_api_url, plan, settings.model_limits)
    if not settings.limits_redis_url:
        yield RateLimitedClient(ask, InMemoryBackend(), known)
        return
    with require_extra("redis", "CATALYST_LIMITS_REDIS_URL"):
        from catalyst_groq.groq.rate_limits.redis_backend import FallbackBackend, RedisBackend  # noqa: PLC0415 -- an extra

    async with aclosing(FallbackBackend(RedisBackend(settings.limits_redis_url), InMemoryBackend())) as lines:
        yield RateLimitedClient(ask, lines, known)


def _secrets(settings: Settings, environ: Mapping[str, str], redactor: Redactor) -> Secrets:
    return Secrets(
        environ=environ,
        directory=settings.secrets_dir,
        properties=settings.secrets_file,
        allowed=settings.allowed_secrets,
        allow_variables=settings.allow_variable_secrets,
        redactor=redactor,
    )
