"""Circuit breakers: what failed several times in a row is not used for a while."""

import logging
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Generic, NamedTuple, Protocol, TypeVar

from catalyst_groq.common.durations import format_duration
from catalyst_groq.groq.api.errors import ApiError

log = logging.getLogger(__name__)

CIRCUIT_OPEN = "circuit_open"
"""The cause of a skipped route in an error mapping."""

JITTER = 0.2
"""Share by which a reset timeout is longer or shorter, so that replicas do not probe at the same time."""

PROBE_WAIT_SECONDS = 5.0
"""Longest wait that is reported while a probe is under way, which may end the waiting any moment."""

OVERDUE_SECONDS = 60.0
"""A circuit breaker whose probe is overdue by this much is forgotten: nothing uses its subject any more."""

MAX_TRACKED = 1000
"""Failing subjects that are remembered: a model's name may come from a process variable."""


class Subject(Protocol):
    """What a circuit breaker is about, such as a route; its text appears in logs and messages."""

    @property
    def id(self) -> object:
        """Identifies it."""


class Wording(NamedTuple):
    """How messages and logs describe an open circuit breaker."""

    causes: tuple[str, ...]
    """Put before those of the failure."""
    state: str
    """Formatted with the subject, the wait in words, the failures in a row and the message of the last one."""
    opened: str
    """Formatted with the subject, the wait in words, the failures and the message."""
    closed: str
    """Formatted with the subject."""


ROUTE_WORDING = Wording(
    (CIRCUIT_OPEN,),
    "The circuit breaker of {} is open for {} after {} failures in a row: {}",
    "Circuit breaker of %s opened for about %s after %d failures in a row: %s",
    "Circuit breaker of %s closed",
)

S = TypeVar("S", bound=Subject)


@dataclass(slots=True)
class _CircuitBreaker(Generic[S]):
    subject: S
    error: ApiError
    """The last failure."""
    failures: int = 0
    probes: int = 0
    retry_at: float = 0.0
    """When the next probe is due (`time.monotonic`)."""
    is_open: bool = False
    is_probing: bool = False


class CircuitBreakers(Generic[S]):
    """A circuit breaker for each subject: the routes (account and model), or the accounts.

    It opens after `threshold` failures in a row. After `reset_timeout` seconds one request is let through as a probe:
    a response closes the circuit breaker, a failed or unanswered probe starts another timeout, twice as long up to
    `max_reset_timeout`.
    """

    def __init__(
        self,
        threshold: int = 5,
        reset_timeout: float = 30.0,
        max_reset_timeout: float | None = None,
        wording: Wording = ROUTE_WORDING,
    ) -> None:
        self._threshold = threshold
        self._reset_timeout = reset_timeout
        self._max_reset_timeout = max_reset_timeout or reset_timeout
        self._wording = wording
        self._failing: dict[object, _CircuitBreaker[S]] = {}

    def check(self, subject: S) -> ApiError | None:
        """Return the error of an open circuit breaker, with the seconds to wait; None when the subject may be used.

        The one caller that gets None from an open circuit breaker sends the probe.
        """
        breaker = self._failing.get(subject.id)
        if breaker is None or not breaker.is_open:
            return None
        wait = self._wait(breaker)
        if wait <= 0:
            breaker.probes += 1
            breaker.is_probing, breaker.retry_at = True, self._next_retry(breaker)
            return None
        last, (causes, state, *_) = breaker.error, self._wording
        message = state.format(subject, format_duration(wait), breaker.failures, last.message)
        return replace(last, causes=(*causes, *last.causes), message=message, wait=wait)

    def wait(self, subject: S) -> float | None:
        """Return the seconds until the subject may be used; None while its circuit breaker is closed."""
        breaker = self._failing.get(subject.id)
        return max(self._wait(breaker), 0.0) if breaker and breaker.is_open else None

    def record_failure(self, subject: S, error: ApiError, *, trip: bool = False) -> None:
        """Count a failure. `trip`: open the circuit breaker at once."""
        breaker = self._failing.get(subject.id)
        if breaker is None:
            if len(self._failing) == MAX_TRACKED:
                del self._failing[next(iter(self._failing))]
            breaker = self._failing[subject.id] = _CircuitBreaker(subject, error)
        breaker.failures += 1
        breaker.error = error
        if not (breaker.is_open or trip or breaker.failures >= self._threshold):
            return
        breaker.is_probing, breaker.retry_at = False, self._next_retry(breaker)
        if not breaker.is_open:
            breaker.is_open = True
            wait = format_duration(self._reset_timeout)
            log.warning(self._wording.opened, subject, wait, breaker.failures, error.message)

    def record_success(self, subject: S, *, only_probe: bool = False) -> None:
        """Close the circuit breaker and start counting again.

        `only_probe`: not if no probe is under way, since the response is to an earlier request.
        """
        if not self._failing:
            return
        self._forget_overdue()
        breaker = self._failing.get(subject.id)
        if breaker and not (only_probe and breaker.is_open and not breaker.is_probing):
            self._close(subject.id)

    def release_probe(self, subject: S) -> None:
        """Let the next request through as the probe: this one could not show anything."""
        breaker = self._failing.get(subject.id)
        if breaker and breaker.is_probing:
            breaker.is_probing, breaker.retry_at = False, time.monotonic()
            breaker.probes -= 1

    def open_subjects(self, grace: float = 0.0) -> Iterator[S]:
        """Yield what is not used at the moment, also while a probe is due for less than `grace` seconds."""
        now = time.monotonic() - grace
        return (breaker.subject for breaker in self._failing.values() if breaker.is_open and breaker.retry_at > now)

    def _close(self, subject_id: object) -> None:
        breaker = self._failing.pop(subject_id, None)
        if breaker and breaker.is_open:
            log.info(self._wording.closed, breaker.subject)

    def _forget_overdue(self) -> None:
        limit = time.monotonic() - OVERDUE_SECONDS
        for breaker in [other for other in self._failing.values() if other.is_open and other.retry_at < limit]:
            self._close(breaker.subject.id)

    @staticmethod
    def _wait(breaker: _CircuitBreaker[S]) -> float:
        left = breaker.retry_at - time.monotonic()
        return min(left, PROBE_WAIT_SECONDS) if breaker.is_probing else left

    def _next_retry(self, breaker: _CircuitBreaker[S]) -> float:
        jitter = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 -- spreads load, protects nothing
        timeout = self._reset_timeout
        for _ in range(breaker.probes):
            timeout = min(timeout * 2, self._max_reset_timeout)
            if timeout == self._max_reset_timeout:
                break
        return time.monotonic() + timeout * jitter
