"""Durations in words for people: in messages of failures and incidents, and in logs. Pure."""

from itertools import pairwise
from math import ceil

UNITS = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))
"""Names of units and their seconds, the largest first."""

MAX_SECONDS_IN_TENTHS = 10
FLOAT_NOISE = 1e-6
"""Seconds that are not rounded up: they come from binary fractions."""


def format_duration(seconds: float) -> str:
    """Write a duration in at most two units, such as `0.5 s`, `1 min 20 s`, `4 h 48 min`.

    It is rounded up, so that a wait has ended when the text says so. A negative duration is `0 s`.
    """
    seconds = max(seconds - FLOAT_NOISE, 0.0)
    if seconds < MAX_SECONDS_IN_TENTHS:
        return f"{ceil(seconds * 10) / 10:g} s"
    whole = ceil(seconds)
    for (name, size), (smaller, smaller_size) in pairwise(UNITS):
        if whole >= size:
            count, rest = divmod(ceil(whole / smaller_size), size // smaller_size)
            return f"{count} {name} {rest} {smaller}" if rest else f"{count} {name}"
    return f"{whole} s"
