"""Durations as Groq writes them: `585ms`, `7.66s`, `1m26.4s`, `6m 11.52s`."""

import re

SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
PART = re.compile(r"(\d+(?:\.\d+)?)(h|ms|us|µs|ns|m|s)")


def parse_duration(text: str) -> float | None:
    """Seconds in a Go duration, also with blanks between its parts; None for any other text."""
    compact = "".join(text.split())
    parts = PART.findall(compact)
    if not parts or "".join(figure + unit for figure, unit in parts) != compact:
        return None
    return sum(float(figure) * SECONDS[unit] for figure, unit in parts)
