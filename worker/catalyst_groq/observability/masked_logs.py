"""Keys are masked in what the package logs, also where another program has set up logging."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from catalyst_groq.domain.redaction import Redactor

PACKAGE = "catalyst_groq"


@contextmanager
def masked_logs(redactor: Redactor) -> Iterator[None]:
    """Mask the redactor's keys in all messages and tracebacks that loggers of this package make meanwhile."""
    mask = _KeyFilter(redactor)
    loggers = [
        logging.getLogger(name)
        for name in logging.root.manager.loggerDict
        if name == PACKAGE or name.startswith(f"{PACKAGE}.")
    ]
    for logger in loggers:
        logger.addFilter(mask)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(mask)


class _KeyFilter(logging.Filter):
    """Masks keys; drops no record. A record of a task may carry the task's `redactor`, which masks its own key too."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor
        self._formatter = logging.Formatter()

    def filter(self, record: logging.LogRecord) -> bool:
        redactor: Redactor = getattr(record, "redactor", self._redactor)
        record.msg, record.args = redactor.mask(record.getMessage()), ()
        if record.exc_info:
            text = record.exc_text or self._formatter.formatException(record.exc_info)
            record.exc_text, record.exc_info = redactor.mask(text), None
        return True
