"""Durations as Groq writes them (Go's notation): `585ms`, `7.66s`, `1m26.4s`, `6m 11.52s`."""

import re
from math import ceil

SECONDS_BY_UNIT = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(h|ms|us|µs|ns|m|s)")
MAX_DURATION_CHARS = 50
"""A longer text is no duration: the time to find that out grows with the square of its length."""

FLOAT_NOISE = 1e-6
"""Milliseconds that are not rounded up: they come from binary fractions."""


def parse_go_duration(text: str) -> float | None:
    """Return the seconds of a Go duration, which may have blanks between its parts; None for any other text."""
    if len(text) > MAX_DURATION_CHARS:
        return None
    compact = "".join(text.split())
    parts = DURATION_PART.findall(compact)
    if not parts or "".join(number + unit for number, unit in parts) != compact:
        return None
    return sum(float(number) * SECONDS_BY_UNIT[unit] for number, unit in parts)


def format_go_duration(seconds: float) -> str:
    """Write a duration to the millisecond, rounded up so that a request is not sent too early."""
    milliseconds = ceil(seconds * 1000 - FLOAT_NOISE)
    if milliseconds < 1000:  # noqa: PLR2004 - a second has a thousand milliseconds
        return f"{milliseconds}ms" if milliseconds > 0 else "0s"
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    text = f"{rest / 1000:.3f}".rstrip("0").rstrip(".") + "s"
    if minutes or hours:
        text = f"{minutes}m{text}"
    return f"{hours}h{text}" if hours else text
