"""The wait that a server asks for in its headers, in every form in which servers write it. Pure.

The standard has seconds or a date (RFC 9110, 10.2.3). Gateways also write Go durations, milliseconds in a header of
their own, and several values after one another.
"""

import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from catalyst_groq.groq.api.go_duration import parse_go_duration

MILLISECONDS_HEADER, HEADER = "retry-after-ms", "retry-after"


def parse_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds to wait, 0 for a date that has passed; None when no header says it."""
    milliseconds = _parse_number(headers.get(MILLISECONDS_HEADER, ""))
    if milliseconds is not None:
        return milliseconds / 1000
    return _parse(headers.get(HEADER, "").strip())


def _parse(text: str) -> float | None:
    for value in (text, text.partition(",")[0].strip()):  # a date has a comma too
        seconds = _parse_number(value)
        if seconds is None:
            seconds = parse_go_duration(value)
        if seconds is None:
            seconds = _parse_date(value)
        if seconds is not None:
            return seconds
    return None


def _parse_number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return max(number, 0.0) if math.isfinite(number) else None


def _parse_date(text: str) -> float | None:
    try:
        return max(parsedate_to_datetime(text).timestamp() - time.time(), 0.0)
    except (ValueError, TypeError, OverflowError):
        return None
