"""Termination signals."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

TERMINATION_SIGNALS = tuple(number for number in signal.Signals if number.name in ("SIGTERM", "SIGHUP"))
"""SIGTERM and, except on Windows, SIGHUP."""


@contextmanager
def interrupt_on_termination() -> Iterator[None]:
    """Raise KeyboardInterrupt on SIGTERM and SIGHUP during the block, so that `with` blocks clean up.

    Works in the main thread only: Python delivers signals there.
    """
    previous_handlers = {number: signal.signal(number, signal.default_int_handler) for number in TERMINATION_SIGNALS}
    try:
        yield
    finally:
        for number, handler in previous_handlers.items():
            signal.signal(number, handler)
