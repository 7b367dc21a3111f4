"""Endpoints that answer none of their requests, seen while the requests wait.

A circuit breaker learns of such an endpoint only when the requests have timed out.
"""

import logging
import time
from dataclasses import dataclass, field
from math import inf

from catalyst_groq.common.durations import format_duration

log = logging.getLogger(__name__)

MIN_WAIT_SECONDS = 30.0
"""How long a request waits for a response at least, and its endpoint answers no other, until that is unresponsive."""

TIMEOUT_SHARE = 0.5
"""A request waits for this share of its timeout at least: a task with a long timeout expects a long answer."""

MAX_TIMEOUT_SHARE = 0.9
"""And at most for this share, so that requests that time out one after the other are noticed."""

SLOW_RESPONSE_FACTOR = 1.5
"""How much longer than its slowest response lately an endpoint may take."""

SLOW_RESPONSE_DECAY = 0.9
"""By which factor the slowest response counts less with each further one."""

FORGET_SECONDS = 60.0
"""An unresponsive endpoint is forgotten this long after its last request."""

MAX_ENDPOINTS = 200
"""A process may name a URL of its own, whose host is the endpoint's name."""


@dataclass(slots=True)
class _Endpoint:
    name: str
    waiting: "set[PendingRequest]" = field(default_factory=set)
    receiving: int = 0
    """Responses that have begun and not ended."""
    last_response: float = -inf
    """`time.monotonic`, as are all times here."""
    last_end: float = -inf
    """When a request has ended, with or without a response."""
    slowest: float = 0.0
    """Seconds until the slowest of the last responses began."""
    unresponsive_since: float | None = None

    def record_response(self, now: float) -> None:
        """Record that bytes of a response have arrived."""
        self.last_response = now
        if self.unresponsive_since is not None:
            seconds = format_duration(round(now - self.unresponsive_since))
            self.unresponsive_since = None
            log.info("Endpoint %s responds again after %s", self.name, seconds)

    def eviction_order(self) -> tuple[bool, float]:
        """Return the key by which endpoints are sorted when one of too many is evicted: the first one is."""
        is_in_use = bool(self.waiting) or self.receiving > 0 or self.unresponsive_since is not None
        return is_in_use, self.last_end

    def has_responded_lately(self, now: float) -> bool:
        """Whether a response has come within MIN_WAIT_SECONDS, or is being received."""
        return self.receiving > 0 or now - self.last_response < MIN_WAIT_SECONDS

    def update(self, now: float) -> None:
        """Find out whether it has become unresponsive; forget that of one that is no longer used."""
        since = self.unresponsive_since
        if since is None:
            since = self.unresponsive_since = self._find_since(now)
            if since is not None:
                log.warning(
                    "Endpoint %s does not respond: it has answered no request for %s (%d wait). "
                    "They fail over or are retried when they time out.",
                    self.name,
                    format_duration(round(now - since)),
                    len(self.waiting),
                )
        elif not self.waiting and now - self.last_end > FORGET_SECONDS:
            self.unresponsive_since = None
            seconds = format_duration(round(now - since))
            log.info("Endpoint %s gets no more requests: it had not responded for %s", self.name, seconds)

    def _find_since(self, now: float) -> float | None:
        """Return since when it answers no request; None while no request has waited for too long."""
        if self.receiving:
            return None
        waits = [(max(request.sent_at, self.last_response), request.timeout) for request in self.waiting]
        return min((since for since, timeout in waits if now - since >= self._longest_wait(timeout)), default=None)

    def _longest_wait(self, timeout: float) -> float:
        """Return for how long a request may wait. It is seen before it times out, however slow the endpoint was."""
        slow = min(self.slowest * SLOW_RESPONSE_FACTOR, timeout * MAX_TIMEOUT_SHARE)
        return max(MIN_WAIT_SECONDS, timeout * TIMEOUT_SHARE, slow)


class PendingRequest:
    """A request that was sent. Call `end` in any case."""

    __slots__ = ("_endpoint", "_is_answered", "sent_at", "timeout")

    def __init__(self, endpoint: _Endpoint, timeout: float) -> None:
        self.sent_at = time.monotonic()
        self.timeout = timeout
        self._endpoint = endpoint
        self._is_answered = False
        endpoint.waiting.add(self)

    def record_response(self) -> None:
        """Record that its response has begun, and later that it is complete."""
        now, endpoint = time.monotonic(), self._endpoint
        if not self._is_answered:
            self._is_answered = True
            endpoint.waiting.discard(self)
            endpoint.receiving += 1
            endpoint.slowest = max(now - self.sent_at, endpoint.slowest * SLOW_RESPONSE_DECAY)
        endpoint.record_response(now)

    def end(self) -> None:
        """Record that it has ended, with or without a response."""
        self._endpoint.last_end = time.monotonic()
        if self._is_answered:
            self._endpoint.receiving -= 1
        else:
            self._endpoint.waiting.discard(self)


class ResponseMonitor:
    """Knows which endpoints have requests and respond to none. It logs once when that begins and once when it ends.

    A request that takes long is ordinary while its endpoint answers others. Otherwise it counts from MIN_WAIT_SECONDS
    on, but not before half of its timeout, nor before the endpoint has taken longer than for its last slow responses.
    What a task gives less time says nothing: its request times out before.
    """

    def __init__(self) -> None:
        self._endpoints: dict[str, _Endpoint] = {}

    def begin(self, endpoint: str, timeout: float) -> PendingRequest:
        """Record that a request is sent to the endpoint of this name, with a timeout in seconds."""
        return PendingRequest(self._endpoints.get(endpoint) or self._add(endpoint), timeout)

    def unresponsive_seconds(self) -> dict[str, float]:
        """Return by endpoint the seconds for which it has answered no request; 0 for one that has responded lately."""
        now = time.monotonic()
        for endpoint in self._endpoints.values():
            endpoint.update(now)
        return {
            endpoint.name: 0.0 if endpoint.unresponsive_since is None else now - endpoint.unresponsive_since
            for endpoint in self._endpoints.values()
            if endpoint.unresponsive_since is not None or endpoint.has_responded_lately(now)
        }

    async def check(self) -> None:
        """Log what has become unresponsive, or is no longer used; for repeated checks in the background."""
        self.unresponsive_seconds()

    def _add(self, name: str) -> _Endpoint:
        """Add an endpoint; if there are too many, the one that has been unused for the longest time makes room."""
        if len(self._endpoints) >= MAX_ENDPOINTS:
            del self._endpoints[min(self._endpoints.values(), key=_Endpoint.eviction_order).name]
        added = self._endpoints[name] = _Endpoint(name)
        return added
