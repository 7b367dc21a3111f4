"""Logging: one line per event, without secrets and control characters. `set_up_logging` switches it on."""

import logging
import sys
import time
from collections.abc import Collection
from functools import lru_cache
from textwrap import indent
from typing import Any

from catalyst_groq.common.control_characters import TAB_AND_LINE_FEED, escape_control_characters
from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.observability.debug_log import DEBUG_LOGGER
from catalyst_groq.observability.json_log import JsonFormatter
from catalyst_groq.observability.repeated_lines import RepeatedLines

CONSOLE, JSON = "console", "json"
"""Formats of the log."""

PLAIN_FORMAT = "%(asctime)s %(levelname)-7s %(name)s %(message)s"
NOISY_LOGGERS = ("aiohttp.access", "asyncio", "filelock")
UNUSED_LOOKUPS = ("logThreads", "logProcesses", "logMultiprocessing", "logAsyncioTasks")


def set_up_logging(level: str, redactor: Redactor, log_format: str = CONSOLE, debug: Collection[str] = ()) -> None:
    """Log to standard error: as JSON, or for people, in colours on a terminal. Changes logging for the whole process.

    `log_format` is `json` or `console`. `debug` is what the debug log shows in full; its lines are logged at any level.
    At the level DEBUG each line is shown, otherwise those that one cause repeats are summed up.
    """
    handler = _make_handler(redactor, log_format)
    if level != "DEBUG":
        handler.addFilter(RepeatedLines(handler))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    _disable_unused_lookups()
    for name in NOISY_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger(DEBUG_LOGGER).setLevel(logging.DEBUG if debug else logging.NOTSET)


def _make_handler(redactor: Redactor, log_format: str) -> logging.Handler:
    formatter: logging.Formatter
    handler: logging.Handler = logging.StreamHandler()
    if log_format == JSON:
        formatter = JsonFormatter(redactor)
    elif sys.stderr.isatty():
        from rich.console import Console  # noqa: PLC0415 -- most workers have no terminal
        from rich.logging import RichHandler  # noqa: PLC0415 -- the same

        handler = RichHandler(console=Console(stderr=True), show_path=False, rich_tracebacks=False)
        formatter = _SafeFormatter(redactor, "%(message)s")
    else:
        formatter = _SafeFormatter(redactor, PLAIN_FORMAT)
    handler.setFormatter(formatter)
    return handler


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
