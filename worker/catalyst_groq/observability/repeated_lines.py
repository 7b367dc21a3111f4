"""Sums up lines of the log that one cause repeats: an outage with forty tasks is one warning, and a number."""

import atexit
import logging
import re
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from catalyst_groq.common.durations import format_duration
from catalyst_groq.domain.redaction import Redactor
from catalyst_groq.observability.log_context import shared_fields

WINDOW_SECONDS = 10.0
MAX_CAUSES = 256
"""That are known at the same time; a line with a further cause is shown."""

MAX_COMPARED_CHARS = 500
VARYING_PARTS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d+(?:[.,]\d+)*")
"""In which lines of one cause differ: ids and figures."""


@dataclass(slots=True)
class _Cause:
    """A cause that was logged, and how often it has come back since then."""

    since: float
    count: int = 0
    message: str = ""
    """The latest line that was not shown."""
    fields: dict[str, Any] = field(default_factory=dict)


class RepeatedLines(logging.Filter):
    """Lets the first warning or error of a cause pass, and sums up what repeats it in each window.

    Lines have the same cause if they differ in ids and figures only. Lines below WARNING all pass. Lines are filtered
    in whichever thread logs them, and sums are written by a thread that waits for the end of the window.
    """

    def __init__(self, handler: logging.Handler, window: float = WINDOW_SECONDS) -> None:
        """`handler` writes the sums; `window` is in seconds."""
        super().__init__()
        self._handler = handler
        self._window = window
        self._causes: dict[tuple[str, int, str], _Cause] = {}
        self._lock = threading.Lock()
        atexit.register(self.write_sums)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is shown."""
        if record.levelno < logging.WARNING or hasattr(record, "repeats"):
            return True
        message = record.getMessage()
        key = record.name, record.levelno, VARYING_PARTS.sub("#", message[:MAX_COMPARED_CHARS])
        now = time.monotonic()
        with self._lock:
            cause = self._causes.get(key)
            if cause is None or (not cause.count and now - cause.since >= self._window):
                return self._show(key, now)
            if not cause.count:
                self._write_later(key, cause.since + self._window - now)
            redactor: Redactor | None = getattr(record, "redactor", None)
            cause.count, cause.message = cause.count + 1, redactor.mask(message) if redactor else message
            if task_record := getattr(record, "task_record", None):
                cause.fields = shared_fields(task_record.fields)
        return False

    def write_sums(self) -> None:
        """Write all sums now: the process ends."""
        for key in list(self._causes):
            self._write(key)

    def _show(self, key: tuple[str, int, str], now: float) -> bool:
        if len(self._causes) >= MAX_CAUSES:
            self._causes = {
                known: cause for known, cause in self._causes.items() if cause.count or now - cause.since < self._window
            }
        if len(self._causes) < MAX_CAUSES:
            self._causes[key] = _Cause(now)
        return True

    def _write_later(self, key: tuple[str, int, str], seconds: float) -> None:
        timer = threading.Timer(seconds, self._write, [key])
        timer.daemon = True
        timer.start()

    def _write(self, key: tuple[str, int, str]) -> None:
        """Write the sum of a cause, and begin its next window."""
        now = time.monotonic()
        with self._lock:
            cause = self._causes.get(key)
            if cause is None or not cause.count:
                return
            self._causes[key] = _Cause(now)
        name, level, _ = key
        text = "%d more in the last %s: %s"
        args = (cause.count, format_duration(round(now - cause.since, 1)), cause.message)
        record = logging.LogRecord(name, level, "", 0, text, args, None)
        record.repeats, record.fields = cause.count, cause.fields
        self._handler.handle(record)
