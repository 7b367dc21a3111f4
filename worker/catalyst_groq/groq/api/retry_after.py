"""The wait that a server asks for in its headers, in every form in which servers write it. Pure but for the clock.

The standard has seconds or a date (RFC 9110, 10.2.3). Gateways also write Go durations, Unix times, ISO dates,
milliseconds in a header of their own, and several values after one another.
"""

import math
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from catalyst_groq.groq.api.go_duration import parse_go_duration

MILLISECONDS_HEADER, HEADER, DATE_HEADER = "retry-after-ms", "retry-after", "date"

MAX_WAIT_SECONDS = 86_400.0
"""No server is believed to need a longer wait: a day is the longest window of a limit."""

MAX_UNIX_DISTANCE_SECONDS = 30 * 86_400.0
"""A number that is a Unix time within this distance from now is one; any other is a number of seconds to wait."""

MAX_CHARS = 100
SECONDS_BY_WORD = {"millisecond": 0.001, "second": 1, "minute": 60, "hour": 3600}
WORDS = re.compile(r"(?P<number>\d{1,9}(?:\.\d{1,9})?) ?(?P<unit>millisecond|second|minute|hour)s?", re.IGNORECASE)


def parse_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds to wait, 0 for a time that has passed; None when no header says it."""
    milliseconds = _parse_number(headers.get(MILLISECONDS_HEADER, ""))
    if milliseconds is not None and (milliseconds >= 0 or HEADER not in headers):
        return _bound(milliseconds / 1000)
    text = headers.get(HEADER)
    return None if text is None else parse_wait(text, headers)


def parse_wait(text: str, headers: Mapping[str, str]) -> float | None:
    """Return the seconds until the time that a header's value names, at most MAX_WAIT_SECONDS; None for no time.

    A date is compared with the server's own clock if `headers` show it. The first of several values counts.
    """
    if len(text) > MAX_CHARS:
        return None
    for value in (text, *text.split(",")):  # a date has a comma too
        seconds = _parse_value(value.strip(), headers)
        if seconds is not None:
            return _bound(seconds)
    return None


def parse_seconds(text: str) -> float | None:
    """Return the seconds of a duration in words (`26.5 seconds`) or of a Go duration; None for any other text."""
    if words := WORDS.fullmatch(text.strip()):
        return float(words["number"]) * SECONDS_BY_WORD[words["unit"].lower()]
    return parse_go_duration(text)


def _parse_value(text: str, headers: Mapping[str, str]) -> float | None:
    number = _parse_number(text)
    if number is not None:
        return number if number <= MAX_WAIT_SECONDS else _seconds_until(number, headers)
    seconds = parse_seconds(text)
    if seconds is not None:
        return seconds
    date = _parse_date(text)
    return None if date is None else date - _server_time(headers)


def _seconds_until(number: float, headers: Mapping[str, str]) -> float:
    """Return the seconds until a Unix time in seconds or milliseconds; the number itself if it is none."""
    now = _server_time(headers)
    distances = (number - now, number / 1000 - now)
    return next((distance for distance in distances if abs(distance) <= MAX_UNIX_DISTANCE_SECONDS), number)


def _parse_number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _parse_date(text: str) -> float | None:
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            date = parse(text)
            return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
        except (ValueError, TypeError, OverflowError):
            continue
    return None


def _server_time(headers: Mapping[str, str]) -> float:
    now = _parse_date(headers.get(DATE_HEADER, ""))
    return time.time() if now is None else now


def _bound(seconds: float) -> float:
    return min(max(seconds, 0.0), MAX_WAIT_SECONDS)
