"""Whether a worker is ready for tasks, and why not. A part that is away for a moment makes it no less ready."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from catalyst_groq.camunda.poller import Poller
from catalyst_groq.common.durations import format_duration
from catalyst_groq.groq.rate_limits.queue import LimiterBackend
from catalyst_groq.journal import Journal, check_available
from catalyst_groq.observability.state_metrics import SharedBackend

ENGINE_GRACE_SECONDS = 30.0
"""An engine that restarts, or a network that stumbles, is back by then."""


LIMIT_GRACE_SECONDS = 10.0
"""Shorter waits for a rate limit are ordinary."""

NOT_SHARED = "it is unavailable: each worker enforces the rate limits on its own"


class CheckStatus(StrEnum):
    """The result of a check."""

    OK = "ok"
    WARNING = "warning"
    """Something is wrong, and the worker goes on."""
    FAILED = "failed"
    """The worker is not ready."""


@dataclass(frozen=True, slots=True)
class Check:
    """The state of one part, in words for an operator."""

    status: CheckStatus = CheckStatus.OK
    problem: str = ""


OK = Check()


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Checks the parts of a worker."""

    poller: Poller
    journal: Journal
    backend: LimiterBackend
    blocked_endpoints: Callable[[], Sequence[str]]
    """Returns the names of the endpoints that refuse their accounts, if no other is left."""
    paused_endpoints: Callable[[], Iterable[object]]
    open_circuits: Callable[[], Iterable[object]]
    unresponsive_seconds: Callable[[], Mapping[str, float]]
    """Returns by endpoint the seconds for which it has answered no request, or 0."""
    limit_waits: Callable[[], Iterable[tuple[str, float]]]
    """Returns by model the seconds that requests wait for a rate limit."""
    exhausted_budgets: Callable[[], Iterable[str]]
    """Returns a message about each budget of today that is spent."""
    mask: Callable[[str], str]
    """Removes keys from a text."""

    async def checks(self) -> dict[str, Check]:
        """Return the checks by the names of the parts."""
        status = self.journal.status()
        if status.problem and status.is_required:  # without it no task would find out that it works again
            await check_available(self.journal)
        checks = {
            "worker": self._check_worker(),
            "engine": self._check_engine(),
            "key": self._check_key(),
            "groq": self._check_groq(),
            "limits": self._check_limits(),
            "budgets": self._check_budgets(),
            "journal": self._check_journal(),
        }
        if isinstance(self.backend, SharedBackend):
            checks["redis"] = _warn("" if self.backend.is_shared else NOT_SHARED)
        return checks

    def _check_worker(self) -> Check:
        if self.poller.is_stopping:
            return Check(CheckStatus.FAILED, "it is stopping")
        return Check(CheckStatus.FAILED, "its fetch hangs") if self.poller.is_stalled else OK

    def _check_engine(self) -> Check:
        seconds = self.poller.outage.seconds
        if not self.poller.has_connected:
            return Check(CheckStatus.FAILED, "it has not responded since the worker started")
        if not seconds:
            return OK
        status = CheckStatus.FAILED if seconds >= ENGINE_GRACE_SECONDS else CheckStatus.WARNING
        return Check(status, f"it has refused or not answered requests for {format_duration(seconds)}")

    def _check_key(self) -> Check:
        if blocked := self.blocked_endpoints():
            return Check(CheckStatus.FAILED, f"the account is refused by {', '.join(blocked)}")
        paused = sorted({str(endpoint) for endpoint in self.paused_endpoints()})
        return _warn(f"the account is refused by {', '.join(paused)}" if paused else "")

    def _check_groq(self) -> Check:
        problems = [
            f"{endpoint} has answered no request for {format_duration(round(seconds))}"
            for endpoint, seconds in sorted(self.unresponsive_seconds().items())
            if seconds
        ]
        if circuits := len(list(self.open_circuits())):
            problems.append(f"{circuits} circuit breakers are open")
        return _warn("; ".join(problems))

    def _check_limits(self) -> Check:
        waits = [seconds for _, seconds in self.limit_waits() if seconds >= LIMIT_GRACE_SECONDS]
        if not waits:
            return OK
        return _warn(f"requests wait for rate limits (models: {len(waits)}), for up to {format_duration(max(waits))}")

    def _check_budgets(self) -> Check:
        messages = list(self.exhausted_budgets())
        others = f"; and {len(messages) - 1} more" if len(messages) > 1 else ""
        return _warn(f"{self.mask(messages[0])}{others}" if messages else "")

    def _check_journal(self) -> Check:
        status = self.journal.status()
        problem = self.mask(status.problem)
        return Check(CheckStatus.FAILED, problem) if problem and status.is_required else _warn(problem)


def _warn(problem: str) -> Check:
    return Check(CheckStatus.WARNING, problem) if problem else OK


def is_ready(checks: Collection[Check]) -> bool:
    """Whether no check has failed."""
    return all(check.status is not CheckStatus.FAILED for check in checks)


def to_json(checks: Mapping[str, Check]) -> dict[str, Any]:
    """Return what `/readyz` responds."""
    described = {
        name: {"status": check.status.value} | ({"problem": check.problem} if check.problem else {})
        for name, check in checks.items()
    }
    return {"status": "ready" if is_ready(checks.values()) else "not ready", "checks": described}
