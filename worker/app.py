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

from worker import __version__, access
from worker.camunda.definitions import Definitions
from worker.camunda.engine import Engine
from worker.camunda.poller import Poller, all_places
from worker.camunda.variables import Encoder
from worker.connector.budgets import Budgets
from worker.connector.details import Details
from worker.connector.handler import Handler
from worker.connector.secrets import Redactor, Secrets
from worker.connector.urls import AllowedUrls
from worker.extras import needing
from worker.groq.accounts import Account, Ask
from worker.groq.circuits import Circuits
from worker.groq.client import Groq
from worker.groq.known import Known
from worker.groq.limits import Limited
from worker.groq.lines import LocalLines
from worker.groq.models import known_models, use_models
from worker.groq.paces import Paces
from worker.groq.replacements import Replacements
from worker.groq.succession import Experience
from worker.identity import Identity
from worker.journal import Journal, Ledger, opened, sealed_with, try_out
from worker.operations.health import health_server
from worker.operations.logging import log_outcome
from worker.operations.metrics import Metrics, gauge, show_circuits, show_limits
from worker.operations.model_survey import Survey, models_in_use, offered_models
from worker.settings import Settings

log = logging.getLogger(__name__)

BETWEEN_LOOKS = 20_000
"""How many more objects there must be until Python looks for garbage: its own figure takes a good part of the CPU."""


@asynccontextmanager
async def assembled(
    settings: Settings, environ: Mapping[str, str], redactor: Redactor, registry: CollectorRegistry
) -> AsyncIterator[Poller]:
    """Put a worker together; leaving closes its connections."""
    for secret in access.secrets(settings):
        redactor.add(secret)
    use_models(access.models(settings))
    secrets = _secrets(settings, environ, redactor)
    endpoints = access.endpoints(settings, secrets)
    experience = _experience(settings)
    identity = Identity(user_state_path("catalyst-groq") / "ids", settings.worker_id)
    engine = _engine(settings, identity.worker_id)
    journal, ledger = _kept(settings)
    async with (
        aclosing(engine),
        aclosing(Groq(access.to_groq(settings), redactor.mask_all)) as groq,
        aclosing(journal),
        aclosing(ledger),
        _limits_kept(settings, groq.ask) as limited,
    ):
        await try_out(journal)
        handler = Handler(
            definitions=Definitions(engine.definition_xml),
            wanted=engine.wanted,
            calling_process=engine.calling_process,
            read_file=engine.file,
            secrets=secrets,
            urls=AllowedUrls(settings.groq_api_url, settings.allowed_urls),
            ask=limited or groq.ask,
            experience=experience,
            endpoints=endpoints,
            journal=journal,
            lock_duration=settings.lock_duration,
            budgets=_budgets(settings, ledger),
            details=Details(mask_contents=settings.mask_contents),
            throw_uncaught=settings.throw_uncaught_errors,
            stream=settings.stream,
        )
        poller = Poller(
            engine,
            handler,
            [log_outcome, Metrics(registry)],
            topics=settings.topic,
            concurrency=settings.concurrency,
            grace=settings.grace,
            room=limited.room if limited else all_places,
        )
        gauge(registry, poller)
        show_circuits(registry, experience.circuits.open)
        if limited:
            show_limits(registry, limited.remaining)
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
        poller = await parts.enter_async_context(assembled(settings, environ, redactor, registry))
        if settings.http_port is not None:
            await parts.enter_async_context(health_server(settings.http_port, poller, registry))
        _look_for_garbage_seldom()
        working = asyncio.create_task(poller.run())
        _on_signals(partial(_stop, poller, working))
        await working


def _look_for_garbage_seldom() -> None:
    """Have Python look for garbage less often, and not in what is there by now: it stays."""
    gc.set_threshold(BETWEEN_LOOKS)
    gc.freeze()


async def survey_models(settings: Settings, environ: Mapping[str, str]) -> Survey:
    """Ask who serves models what there is, and the engine which models its processes name; any may be away."""
    use_models(access.models(settings))
    redactor = Redactor()
    endpoints = access.endpoints(settings, _secrets(settings, environ, redactor))
    async with (
        aclosing(_engine(settings, "catalyst-groq-models")) as engine,
        aclosing(Groq(access.to_groq(settings), redactor.mask_all)) as groq,
    ):
        own = Account(settings.groq_api_url, environ.get("GROQ_API_KEY", "").strip())
        offered = await offered_models(groq, own) if own.key else "There is no GROQ_API_KEY"
        accounts = [own if endpoint.needs_key_of(own) else endpoint.account for endpoint in endpoints]
        at_endpoints = [await offered_models(groq, account) for account in accounts]
        in_use = await models_in_use(engine, settings.topic)
        return Survey(known_models(), offered, in_use, tuple(zip(endpoints, at_endpoints, strict=True)))


def _engine(settings: Settings, worker_id: str) -> Engine:
    return Engine(
        settings.engine_url,
        worker_id,
        lock_duration=settings.lock_duration,
        poll_duration=settings.poll_duration,
        encoder=Encoder(settings.string_limit),
        authorization=access.engine_authorization(settings),
        only=_task_filter(settings),
        through=access.to_engine(settings),
        credentials=access.engine_credentials(settings),
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


def _kept(settings: Settings) -> tuple[Journal, Ledger]:
    return opened(
        settings.journal or str(user_state_path("catalyst-groq") / "journal.sqlite"),
        seal=sealed_with(settings.journal_key.get_secret_value() if settings.journal_key else None),
        longest=settings.journal_max_age,
        largest=settings.journal_max_bytes,
        required=settings.journal_required,
    )


def _budgets(settings: Settings, ledger: Ledger) -> Budgets:
    return Budgets(
        per_instance=settings.budget_per_instance,
        per_definition=settings.budget_per_definition,
        per_day=settings.budget_per_day,
        ledger=ledger,
    )


def _experience(settings: Settings) -> Experience:
    return Experience(
        Replacements(known_models()),
        Circuits(settings.circuit_failures, settings.circuit_pause.total_seconds()),
        Paces() if settings.balancing == "least-latency" else None,
    )


@asynccontextmanager
async def _limits_kept(settings: Settings, ask: Ask) -> AsyncIterator[Limited | None]:
    """Put the limits around asking Groq; nothing where they are not to be kept."""
    if settings.limits == "off":
        yield None
        return
    plan = None if settings.limits == "auto" else settings.limits
    known = Known(settings.groq_api_url, plan, settings.limits_of)
    if not settings.limits_shared:
        yield Limited(ask, LocalLines(), known)
        return
    with needing("redis", "CATALYST_LIMITS_SHARED"):
        from worker.groq.shared_lines import Degrading, RedisLines  # noqa: PLC0415 -- an extra

    async with aclosing(Degrading(RedisLines(settings.limits_shared), LocalLines())) as lines:
        yield Limited(ask, lines, known)


def _secrets(settings: Settings, environ: Mapping[str, str], redactor: Redactor) -> Secrets:
    return Secrets(
        environ=environ,
        directory=settings.secrets_dir,
        properties=settings.secrets_file,
        allowed=settings.allowed_secrets,
        allow_variables=settings.allow_variable_secrets,
        redactor=redactor,
    )
