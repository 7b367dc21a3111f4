"""The worker as a part of another program: the public class `Worker`."""

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

from catalyst_groq.app import open_worker, stopped_by_signals
from catalyst_groq.camunda.poller import Poller
from catalyst_groq.common.loop_thread import new_event_loop
from catalyst_groq.config.extensions import NO_EXTENSIONS, Extensions
from catalyst_groq.config.settings import Settings, environment
from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.errors import CatalystError
from catalyst_groq.observability.logging import set_up_logging
from catalyst_groq.observability.masked_logs import masked_logs

RUNS_ALREADY = "Worker: it runs already. Make another one; it gets a worker id of its own."


class Worker:
    """Does what `catalyst-groq run` does, on the event loop of another program.

    `settings` are read like those of `catalyst-groq run` if none are given, and the keys from `environ`, by default the
    environment and `.env`. Signals and logging stay the program's, unless `handles_signals` (SIGTERM and SIGINT stop it
    gracefully; in the main thread only) and `sets_up_logging` say otherwise. Keys are masked in its log in any case.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        extensions: Extensions = NO_EXTENSIONS,
        handles_signals: bool = False,
        sets_up_logging: bool = False,
    ) -> None:
        """Raises `SettingsError` if settings are wrong."""
        self._settings = settings or Settings.load()
        self._environ = environment(Path(".env")) if environ is None else environ
        self._extensions = extensions
        self._handles_signals = handles_signals
        self._sets_up_logging = sets_up_logging
        self._stops = False
        self._running: asyncio.Task[None] | None = None
        self._started: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._poller: Poller | None = None

    @property
    def is_ready(self) -> bool:
        """Whether it fetches tasks: it runs, the engine responds, and no stop was requested."""
        return self._poller is not None and self._poller.is_ready

    @property
    def active_tasks(self) -> int:
        """How many tasks it processes at the moment."""
        return self._poller.active_tasks if self._poller else 0

    async def run(self) -> None:
        """Work until `stop()`, then finish the active tasks; those that take too long are unlocked.

        If it is cancelled, it ends at once: the active tasks stay locked until their locks end. Raises `CatalystError`
        if it cannot start. It may be run again when it has ended.
        """
        if self._loop:
            raise CatalystError(RUNS_ALREADY)
        self._loop = asyncio.get_running_loop()
        try:
            await self._run()
        finally:
            self._loop = self._poller = None
            self._stops = False

    def stop(self) -> None:
        """Let `run` stop gracefully; it returns when the active tasks are finished. For any thread."""
        self._stops = True
        if loop := self._loop:
            with suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(self._stop_poller)

    def run_forever(self) -> None:
        """Run on an event loop of its own until `stop()` is called in another thread, or by a signal.

        Ctrl-C raises `KeyboardInterrupt`, as everywhere, unless it handles signals.
        """
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(self.run())

    async def __aenter__(self) -> Self:
        """Start, and return when tasks are fetched (or the engine is waited for). Raises `CatalystError`."""
        if self._running or self._loop:
            raise CatalystError(RUNS_ALREADY)
        self._started = asyncio.Event()
        running = self._running = asyncio.create_task(self.run())
        started = asyncio.create_task(self._started.wait())
        try:
            await asyncio.wait([running, started], return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                await running
        except BaseException:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            self._running = None
            raise
        finally:
            started.cancel()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop gracefully. Raises what ended the worker before."""
        self.stop()
        running, self._running = self._running, None
        if running:
            await running

    async def _run(self) -> None:
        redactor = Redactor()
        if self._sets_up_logging:
            settings = self._settings
            set_up_logging(settings.log_level, redactor, settings.log_format, settings.debug)
        async with open_worker(self._settings, self._environ, redactor, self._extensions) as poller:
            with ExitStack() as parts:
                if not self._sets_up_logging:
                    parts.enter_context(masked_logs(redactor))
                polling = asyncio.create_task(poller.run())
                if self._handles_signals:
                    parts.enter_context(stopped_by_signals(poller, polling))
                self._poller = poller
                if self._stops:
                    poller.stop()
                if self._started:
                    self._started.set()
                await polling

    def _stop_poller(self) -> None:
        if self._poller:
            self._poller.stop()
