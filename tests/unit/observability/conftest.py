"""Logging is set up in most of these tests, and as it was before after each."""

import logging

import pytest

from catalyst_groq.observability.debug_log import DEBUG_LOGGER
from catalyst_groq.observability.logging import NOISY_LOGGERS, UNUSED_LOOKUPS


@pytest.fixture(autouse=True)
def _restore_logging(monkeypatch):
    """Undo what `set_up_logging` changes in the whole process."""
    for name in ("_srcfile", *UNUSED_LOOKUPS):
        if hasattr(logging, name):  # logAsyncioTasks is new in Python 3.12
            monkeypatch.setattr(logging, name, getattr(logging, name))
    root, noisy = logging.getLogger(), [logging.getLogger(name) for name in (*NOISY_LOGGERS, DEBUG_LOGGER)]
    handlers, levels = root.handlers[:], [(logger, logger.level) for logger in (root, *noisy)]
    root.handlers[:] = []
    yield
    root.handlers[:] = handlers
    for logger, level in levels:
        logger.setLevel(level)
