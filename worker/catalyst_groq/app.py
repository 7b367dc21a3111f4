"""The composition root: builds every part once, hands it what it needs, and runs the worker."""

import asyncio
import gc
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_state_path
from prometheus_client import CollectorRegistry

from catalyst_groq import __version__
from catalyst_groq.camunda.client import EngineClient
from catalyst_groq.camunda.poller import Poller
from catalyst_groq.camunda.product import EngineProduct
from catalyst_groq.camunda.worker_id import WorkerIdClaim
from catalyst_groq.commands.models import ModelReport, collect_model_report, find_used_models
from catalyst_groq.common.bounded_execution import ProcessPool, make_process_environment
from catalyst_groq.config import factory
from catalyst_groq.config.endpoint_accounts import make_server_kinds
from catalyst_groq.config.extensions import NO_EXTENSIONS, Extensions
from catalyst_groq.config.settings import GROQ_API_KEY, Settings
from catalyst_groq.config.startup_report import (
    describe_settings,
    find_ineffective_settings,
    find_key_problems,
    locate_key,
)
from catalyst_groq.config.task_path import TaskPath, open_task_path
from catalyst_groq.connector.access.secrets import FoundKeys
from catalyst_groq.connector.access.urls import AllowedUrls
from catalyst_groq.domain.incident_messages import HelpLinks
from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.errors import EngineError
from catalyst_groq.groq.api.requests import Account
from catalyst_groq.observability.background_checks import list_checks, repeated_checks
from catalyst_groq.observability.health import health_server
from catalyst_groq.observability.metrics import (
    Metrics,
    register_account_gauges,
    register_circuit_gauges,
    register_limit_gauges,
    register_worker_gauges,
)
from catalyst_groq.observability.readiness import Check, Readiness
from catalyst_groq.observability.state_metrics import register_worker_states

if TYPE_CHECKING:
    from catalyst_groq.commands.lint.context import LintContext
    from catalyst_groq.commands.lint.findings import DiagramReport
    from catalyst_groq.commands.lint.fixed_files import FixedFile

log = logging.getLogger(__name__)

ORACLE = "Oracle"
ORACLE_STRING_LIMIT = 2000
"""Characters of a String variable on Oracle (reference/camunda-7.md)."""

GC_THRESHOLD = 20_000
"""Allocations between collections of the youngest generation. The default of 700 costs a noticeable share of CPU."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker that is built, and what its health depends on besides."""

    poller: Poller
    blocked_endpoints: Callable[[], Sequence[str]]
    """Returns the names of the endpoints that refuse their accounts, if no other is left; see `PausedAccounts`."""
    checks: Callable[[], Awaitable[Mapping[str, Check]]]
    """Returns the checks of its readiness; see `Readiness`."""
    engine_product: Callable[[], Awaitable[EngineProduct]]
    """Returns which engine it is. Raises `EngineError`."""


@asynccontextmanager
async def build_worker(
    settings: Settings,
    environ: Mapping[str, str],
    redactor: Redactor,
    registry: CollectorRegistry | None,
    extensions: Extensions = NO_EXTENSIONS,
) -> AsyncIterator[Worker]:
    """Build a worker; leaving the context closes its connections. Without a registry it counts nothing."""
    identity = WorkerIdClaim(user_state_path("catalyst-groq") / "ids", settings.worker_id)
    async with open_task_path(settings, environ, redactor, identity.worker_id, extensions) as path:
        engine = factory.make_engine_client(settings, identity.worker_id)
        is_in_redis = factory.is_journal_in_redis(settings)
        checks = list_checks(path.journal, path.backend, is_journal_in_redis=is_in_redis)
        async with aclosing(engine), repeated_checks(checks):
            key = locate_key(await path.secrets.sources_of(GROQ_API_KEY.lower()), settings, environ)
            yield _connect(path, engine, registry, key)


def _connect(path: TaskPath, engine: EngineClient, registry: CollectorRegistry | None, key: FoundKeys) -> Worker:
    """Build the part of a worker that works with the engine, and log what it uses."""
    settings, endpoints, state = path.settings, path.endpoints, path.state
    definitions = path.definitions_of(engine)
    metrics = [Metrics(registry, path.catalog)] if registry else []
    poller = Poller(
        engine,
        path.handler_for(engine, definitions),
        [*metrics, *path.observers],
        topics=settings.topic,
        concurrency=settings.concurrency,
        shutdown_timeout=settings.shutdown_timeout,
        fetch_limit=path.limiter.fetchable_tasks,
        on_interruption=definitions.expire,
        help_links=HelpLinks(settings.docs_url),
    )
    if registry:
        register_worker_gauges(registry, poller)
        register_circuit_gauges(registry, state.circuit_breakers.open_subjects, path.catalog)
        register_account_gauges(registry, state.accounts.paused)
        register_limit_gauges(registry, path.limiter.remaining, path.limiter.waits, path.catalog)
        register_worker_states(
            registry,
            poller=poller,
            limiter=path.limiter,
            monitor=path.monitor,
            backend=path.backend,
            journal=path.journal,
            budgets=path.client,
        )
    for text in describe_settings(settings, factory.journal_location(settings), endpoints, key):
        log.info("%s", text)
    for text in (*find_key_problems(key, settings, endpoints), *find_ineffective_settings(settings)):
        log.warning("%s.", text)
    log.info(
        "Worker %s %s fetches %s at %s", engine.worker_id, __version__, ", ".join(settings.topic), settings.engine_url
    )
    readiness = Readiness(
        poller=poller,
        journal=path.journal,
        backend=path.backend,
        blocked_endpoints=state.accounts.blocked,
        paused_endpoints=state.accounts.paused,
        open_circuits=state.circuit_breakers.open_subjects,
        unresponsive_seconds=path.monitor.unresponsive_seconds,
        limit_waits=path.limiter.waits,
        exhausted_budgets=path.client.exhausted,
        mask=path.secrets.redactor.mask,
    )
    return Worker(poller, state.accounts.blocked, readiness.checks, engine.product)


@asynccontextmanager
async def open_worker(
    settings: Settings, environ: Mapping[str, str], redactor: Redactor, extensions: Extensions = NO_EXTENSIONS
) -> AsyncIterator[Poller]:
    """Build a worker and serve its health and metrics; its poller is to be run. Raises `CatalystError`."""
    registry = None if settings.http_port is None else CollectorRegistry()
    async with AsyncExitStack() as parts:
        worker = await parts.enter_async_context(build_worker(settings, environ, redactor, registry, extensions))
        poller = worker.poller
        if registry and settings.http_port is not None:
            health = health_server(
                settings.http_host, settings.http_port, poller, registry, worker.blocked_endpoints, checks=worker.checks
            )
            await parts.enter_async_context(health)
        product = asyncio.create_task(_log_product(worker.engine_product, settings))
        parts.callback(product.cancel)
        yield poller


async def run_worker(
    settings: Settings, environ: Mapping[str, str], redactor: Redactor, extensions: Extensions = NO_EXTENSIONS
) -> None:
    """Run until SIGTERM or SIGINT, then finish the active tasks; a second signal stops at once."""
    async with open_worker(settings, environ, redactor, extensions) as poller:
        _tune_gc()
        polling = asyncio.create_task(poller.run())
        with stopped_by_signals(poller, polling):
            await polling


async def _log_product(engine_product: Callable[[], Awaitable[EngineProduct]], settings: Settings) -> None:
    """Log which engine it is, if it is there when the worker starts; the poller logs an outage."""
    try:
        product = await engine_product()
    except EngineError:
        return
    log.info("Engine: %s", product)
    if product.database == ORACLE and settings.string_limit > ORACLE_STRING_LIMIT:
        log.warning("CATALYST_STRING_LIMIT: Oracle stores %s characters. Set it to that.", ORACLE_STRING_LIMIT)


def _tune_gc() -> None:
    """Collect garbage less often, and never look at what exists by now: it stays."""
    gc.set_threshold(GC_THRESHOLD)
    gc.freeze()


async def report_models(settings: Settings, environ: Mapping[str, str]) -> ModelReport:
    """Ask the endpoints for their models, and the engine for the models that its processes name; any may be away."""
    catalog = factory.load_catalog(settings)
    redactor = factory.make_redactor(settings, environ)
    endpoints = await factory.make_endpoints(settings, factory.make_secrets(settings, environ, redactor))
    async with (
        aclosing(factory.make_engine_client(settings, "catalyst-groq-models")) as engine,
        aclosing(factory.make_groq_client(settings, redactor)) as client,
        aclosing(ProcessPool(make_process_environment(environ))) as executor,
    ):
        key, server = environ.get(GROQ_API_KEY, "").strip(), make_server_kinds(settings).of(settings.groq_api_url)
        own_account = Account(settings.groq_api_url, key, server)
        references = redactor.mask_all(await find_used_models(engine, settings.topic, executor))
        return await collect_model_report(catalog, client, own_account, endpoints, references)


async def report_lint(
    settings: Settings, environ: Mapping[str, str], files: Sequence[Path], *, deployed: bool
) -> "list[DiagramReport]":
    """Lint the files, and the deployed processes if that is wanted. Raises `EngineError`."""
    from catalyst_groq.commands.lint.command import lint_deployed, lint_files  # noqa: PLC0415 -- not for `run`

    context, mask = await _lint_context(settings), factory.make_redactor(settings, environ).mask_message
    async with aclosing(ProcessPool(make_process_environment(environ))) as executor:
        reports = await lint_files(files, context, executor, mask)
        if not deployed:
            return reports
        async with aclosing(factory.make_engine_client(settings, "catalyst-groq-lint")) as engine:
            own = replace(context, is_deployed=True)
            return [*reports, *await lint_deployed(engine, own, executor, mask)]


async def find_fixes(settings: Settings, environ: Mapping[str, str], files: Sequence[Path]) -> "list[FixedFile]":
    """Return the files that `lint --fix` would change."""
    from catalyst_groq.commands.lint.command import fix_files  # noqa: PLC0415 -- not for `run`

    context, mask = await _lint_context(settings), factory.make_redactor(settings, environ).mask_message
    async with aclosing(ProcessPool(make_process_environment(environ))) as executor:
        return await fix_files(files, context, executor, mask)


async def _lint_context(settings: Settings) -> "LintContext":
    from catalyst_groq.commands.lint.context import LintContext  # noqa: PLC0415 -- not for `run`

    context = LintContext(
        topics=settings.topic,
        catalog=factory.load_catalog(settings),
        allowed_secrets=settings.allowed_secrets,
        allow_variable_secrets=settings.allow_variable_secrets,
        urls=AllowedUrls(settings.groq_api_url, settings.allowed_urls),
        servers=make_server_kinds(settings),
    )
    return replace(context, endpoints=await factory.make_endpoints(settings, context.secrets))


@contextmanager
def stopped_by_signals(poller: Poller, polling: asyncio.Task[None]) -> Iterator[None]:
    """Let SIGTERM and SIGINT stop a worker gracefully, and a second signal at once. For the main thread only."""
    loop = asyncio.get_running_loop()
    previous = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    with suppress(NotImplementedError):  # Windows
        for number in previous:
            loop.add_signal_handler(number, _stop, poller, polling)
    try:
        yield
    finally:
        with suppress(NotImplementedError):
            for number, handler in previous.items():
                loop.remove_signal_handler(number)
                signal.signal(number, handler or signal.SIG_DFL)


def _stop(poller: Poller, polling: asyncio.Task[None]) -> None:
    if poller.is_stopping:
        polling.cancel()
    else:
        log.info("Graceful shutdown started; a second signal stops at once")
        poller.stop()
