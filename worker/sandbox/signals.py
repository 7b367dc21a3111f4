"""Signals that ask a program to end."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def raised_as_interrupts() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into the KeyboardInterrupt of Ctrl-C, so that `with` blocks end what they started.

    For the main thread only, as Python demands.
    """
    before = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
