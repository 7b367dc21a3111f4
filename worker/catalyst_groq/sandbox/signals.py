"""Signals that ask a program to end."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

TERMINATION_SIGNALS = tuple(number for number in signal.Signals if number.name in ("SIGTERM", "SIGHUP"))
"""Windows has no SIGHUP."""


@contextmanager
def interrupt_on_termination() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into the KeyboardInterrupt of Ctrl-C, so that `with` blocks end what they started.

    For the main thread only, as Python demands.
    """
    before = {number: signal.signal(number, signal.default_int_handler) for number in TERMINATION_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
