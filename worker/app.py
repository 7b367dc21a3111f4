"""The composition root: makes every part once, hands each what it needs, and runs the worker."""

import asyncio
import logging
import signal
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

from worker import __version__
from worker.camunda.definitions import Definitions
from worker.camunda.engine import Engine
from worker.camunda.poller import Poller
from worker.camunda.variables import Encoder
from worker.connector.handler import Handler
from worker.connector.secrets import Redactor, Secrets
from worker.connector.urls import AllowedUrls
from worker.groq.client import Groq
from worker.identity import Identity
from worker.operations.logging import log_outcome
from worker.settings import Settings

log = logging.getLogger(__name__)


@asynccontextmanager
async def assembled(settings: Settings, environ: Mapping[str, str], redactor: Redactor) -> AsyncIterator[Poller]:
    """Put a worker together; leaving closes its connections."""
    identity = Identity(Path(tempfile.gettempdir()) / "catalyst-groq")
    engine = Engine(
        settings.engine_url,
        settings.worker_id or identity.worker_id,
        lock_duration=settings.lock_duration,
        poll_duration=settings.poll_duration,
        encoder=Encoder(settings.string_limit),
    )
    async with aclosing(engine), aclosing(Groq()) as groq:
        handler = Handler(
            definitions=Definitions(engine.definition_xml),
            has_calling_process=engine.has_calling_process,
            secrets=_secrets(settings, environ, redactor),
            urls=AllowedUrls(settings.groq_api_url, settings.allowed_urls),
            groq=groq,
            lock_duration=settings.lock_duration,
            throw_uncaught=settings.throw_uncaught_errors,
        )
        log.info("Worker %s %s fetches %s at %s", engine.worker_id, __version__, settings.topic, settings.engine_url)
        yield Poller(
            engine,
            handler.handle,
            log_outcome,
            topics=[settings.topic],
            concurrency=settings.concurrency,
            grace=settings.grace,
        )


async def run_worker(settings: Settings, environ: Mapping[str, str], redactor: Redactor) -> None:
    """Work until SIGTERM or SIGINT, then finish what is in hand; a second signal stops at once."""
    async with assembled(settings, environ, redactor) as poller:
        working = asyncio.create_task(poller.run())

        def on_signal() -> None:
            if poller.is_stopping:
                working.cancel()
            else:
                log.info("Stopping; a second signal stops at once")
                poller.stop()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, on_signal)
        await working


def _secrets(settings: Settings, environ: Mapping[str, str], redactor: Redactor) -> Secrets:
    return Secrets(
        environ=environ,
        directory=settings.secrets_dir,
        properties=settings.secrets_file,
        allowed=settings.allowed_secrets,
        allow_variables=settings.allow_variable_secrets,
        redactor=redactor,
    )
