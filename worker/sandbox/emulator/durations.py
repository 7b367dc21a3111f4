"""Durations as Groq writes them (Go's notation): `585ms`, `7.66s`, `6m54.72s`, `1h23m45.6s`."""

from math import ceil

_FLOAT_NOISE = 1e-6


def go_duration(seconds: float) -> str:
    """Write a duration to the millisecond, rounded up so that nobody comes back too early."""
    milliseconds = ceil(seconds * 1000 - _FLOAT_NOISE)
    if milliseconds < 1000:  # noqa: PLR2004 - a second has a thousand milliseconds
        return f"{milliseconds}ms" if milliseconds > 0 else "0s"
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    written = f"{rest / 1000:.3f}".rstrip("0").rstrip(".") + "s"
    if minutes or hours:
        written = f"{minutes}m{written}"
    return f"{hours}h{written}" if hours else written
