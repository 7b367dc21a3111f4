"""Logging: one line per event, without secrets and control characters. `set_up_logging` switches it on."""

import logging
import sys
import time
from functools import lru_cache
from textwrap import indent
from typing import Any

from catalyst_groq.common.control_characters import TAB_AND_LINE_FEED, escape_control_characters
from catalyst_groq.common.durations import format_duration
from catalyst_groq.domain.external_task import ExternalTask
from catalyst_groq.domain.outcomes import BpmnError, CollectedResult, Completion, Failure, Outcome, Unlocked
from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.domain.task_observation import TaskObserver, TaskRecord

log = logging.getLogger(__name__)

PLAIN_FORMAT = "%(asctime)s %(levelname)-7s %(name)s %(message)s"
NOISY_LOGGERS = ("aiohttp.access", "asyncio", "filelock")
OWN_MISTAKE = "request"
"""The `blame` of an error that the modeller can correct."""

MAX_WARNINGS = 1024
"""That are remembered, so that each is logged once."""

UNUSED_LOOKUPS = ("logThreads", "logProcesses", "logMultiprocessing", "logAsyncioTasks")


def set_up_logging(level: str, redactor: Redactor) -> None:
    """Log to standard error: in colours on a terminal, else as plain text. Changes logging for the whole process."""
    handler: logging.Handler
    if sys.stderr.isatty():
        from rich.console import Console  # noqa: PLC0415 -- most workers have no terminal
        from rich.logging import RichHandler  # noqa: PLC0415 -- the same

        handler = RichHandler(console=Console(stderr=True), show_path=False, rich_tracebacks=False)
        handler.setFormatter(_SafeFormatter(redactor, "%(message)s"))
    else:
        handler = logging.StreamHandler()
        handler.setFormatter(_SafeFormatter(redactor, PLAIN_FORMAT))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    _disable_unused_lookups()
    for name in NOISY_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)


def _disable_unused_lookups() -> None:
    """Skip the lookup of caller, thread, process and task, which our formats do not show (Python's logging HOWTO)."""
    logging._srcfile = None  # noqa: SLF001 -- documented in the HOWTO, section "Optimization"
    for name in UNUSED_LOOKUPS:
        setattr(logging, name, False)


class _SafeFormatter(logging.Formatter):
    """Masks secrets and escapes control characters, in arguments and tracebacks as well.

    A message is one line, and the lines of a traceback are indented: so no text can forge a line of the log. A record
    of a task may carry the task's `redactor`, which masks the task's own key too.
    """

    def __init__(self, redactor: Redactor, layout: str) -> None:
        super().__init__(layout)
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        redactor: Redactor = getattr(record, "redactor", self._redactor)
        return redactor.mask(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 -- logging's
        record.message = escape_control_characters(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 -- logging's
        return _indent(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802 -- logging's
        return _indent(super().formatStack(stack_info))

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802 -- logging's
        return f"{_format_second(int(record.created))},{int(record.msecs):03d}"


def _indent(traceback: str) -> str:
    return indent(escape_control_characters(traceback, keep=TAB_AND_LINE_FEED), "  ")


@lru_cache(1)
def _format_second(seconds: int) -> str:
    """Format a second as local time; consecutive records usually share it."""
    return time.strftime(_SafeFormatter.default_time_format, time.localtime(seconds))


class OutcomeLog(TaskObserver):
    """Logs each outcome that the engine has accepted."""

    def on_end(self, record: TaskRecord) -> None:
        """Log a task's outcome in one line, without its variables."""
        if record.accepted:
            _log_outcome(record.task, record.accepted, record.seconds)


def _log_outcome(task: ExternalTask, outcome: Outcome, seconds: float) -> None:
    """Log an outcome. A mistake of the modeller is a warning, also where the process goes on."""
    activity = f"{task.process_definition_key}/{task.activity_id} of instance {task.process_instance_id}"
    meta = outcome.variables.get("catalyst_meta") or {}
    for warning in meta.get("warnings", ()):
        _warn_once(f"{task.process_definition_id}/{task.activity_id}", warning)
    match outcome:
        case Completion(collected=CollectedResult(error=error)) if error:
            log.warning("Completed %s in %.0f ms with a collected error: %s", activity, seconds * 1000, error)
        case Completion() if meta.get("unmapped"):
            log.warning(
                "Completed %s in %.0f ms, but the response has no value for: %s (the response mapping leads nowhere)",
                activity,
                seconds * 1000,
                ", ".join(meta["unmapped"]),
            )
        case Completion():
            log.info("Completed %s in %.0f ms", activity, seconds * 1000)
        case BpmnError():
            level = logging.WARNING if meta.get("blame") == OWN_MISTAKE else logging.INFO
            log.log(level, "BPMN error %s at %s: %s", outcome.code, activity, outcome.message)
        case Unlocked():
            log.debug("Unlocked %s: it is fetched again with the variables it uses", activity)
        case Failure() if outcome.retries:
            wait = format_duration(outcome.retry_timeout.total_seconds())
            log.warning("Failed %s, %d retries left, next in %s: %s", activity, outcome.retries, wait, outcome.message)
        case Failure():
            log.error("Failed %s, no retries left: %s", activity, outcome.message)


@lru_cache(MAX_WARNINGS)
def _warn_once(activity: str, warning: str) -> None:
    """Log a warning about an activity for the first of its tasks; for another one once it is forgotten."""
    log.warning("%s: %s", activity, warning)
