"""What servers other than Groq report about their limits in the headers of responses. Pure.

The headers do not say in which window a limit applies. It can be found where usage drains evenly, as it does at OpenAI
and Groq: then the reset is `(limit - remaining) / limit * window`, the time until nothing of the limit is used. Where
no window fits all reports, the reset is taken as the end of a fixed window.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import inf

from catalyst_groq.groq.api.retry_after import parse_wait
from catalyst_groq.groq.rate_limits.bucket import DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS, LimitKind
from catalyst_groq.groq.rate_limits.queue import LimitUpdate

SPELLINGS = (
    (LimitKind.REQUESTS, "x-ratelimit-{}-requests"),  # OpenAI
    (LimitKind.TOKENS, "x-ratelimit-{}-tokens"),
    (LimitKind.REQUESTS, "x-ratelimit-{}"),  # OpenRouter, gateways
    (LimitKind.REQUESTS, "ratelimit-{}"),  # draft-ietf-httpapi-ratelimit-headers-07
    (LimitKind.REQUESTS, "anthropic-ratelimit-requests-{}"),
    (LimitKind.TOKENS, "anthropic-ratelimit-tokens-{}"),
)
HEADERS = tuple(
    (kind, name.format("limit"), name.format("remaining"), name.format("reset")) for kind, name in SPELLINGS
)
"""Of a limit, of what remains of it, and of its reset. The first ones found for a kind count."""

COUNT = re.compile(r"\s*(\d{1,18})(?:\.\d{1,18})?\s*(?:[,;]|$)")
"""A number, of which the whole part counts; policies may follow (`100, 100;w=60`)."""

WINDOWS = (MINUTE_SECONDS, HOUR_SECONDS, DAY_SECONDS)
TOLERANCE_SECONDS, RELATIVE_TOLERANCE = 1.0, 0.02
"""Of a reset: many servers round it to seconds."""


def parse_reports(headers: Mapping[str, str]) -> Iterator[LimitUpdate]:
    """Yield the limits that headers report with what remains and a reset; without these they say nothing certain."""
    found: list[LimitKind] = []
    for kind, limit_header, remaining_header, reset_header in HEADERS:
        if kind in found or not headers.keys() >= {limit_header, remaining_header, reset_header}:
            continue
        limit, remaining = _parse_count(headers[limit_header]), _parse_count(headers[remaining_header])
        reset = parse_wait(headers[reset_header], headers)
        if limit and remaining is not None and reset is not None:
            found.append(kind)
            yield LimitUpdate(kind, limit, remaining, reset)


def _parse_count(text: str) -> int | None:
    match = COUNT.match(text)
    return int(match[1]) if match else None


@dataclass(slots=True)
class WindowEvidence:
    """Which windows fit everything that one server has reported about its limits."""

    _fitting: dict[LimitKind, tuple[int, tuple[float, ...]]] = field(default_factory=dict)
    """By kind the limit, another one of which begins anew, and the windows."""

    def find_window(self, report: LimitUpdate) -> float:
        """Return the only window that fits this report and all before it; infinite when there is no such window."""
        limit, windows = self._fitting.get(report.kind, (report.limit, WINDOWS))
        if limit != report.limit:
            windows = WINDOWS
        windows = tuple(window for window in windows if _fits(window, report))
        self._fitting[report.kind] = report.limit, windows
        return windows[0] if len(windows) == 1 else inf


def _fits(window: float, report: LimitUpdate) -> bool:
    """Whether the usage that a report shows drains in the time until its reset; counts are rounded."""
    _, limit, remaining, reset, _ = report
    used = limit - (remaining or 0)
    if used <= 0 or reset is None:
        return True
    tolerance = TOLERANCE_SECONDS + RELATIVE_TOLERANCE * reset
    return (used - 1) / limit * window - tolerance <= reset <= (used + 1) / limit * window + tolerance
