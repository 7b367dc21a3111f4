"""The result of a call: the response that counts, and every attempt that it took; the record of both."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import IntEnum, auto
from itertools import groupby

from catalyst_groq.domain.call_records import AttemptRecord, CallRecord
from catalyst_groq.groq.api.error_kinds import RetryAction
from catalyst_groq.groq.api.errors import ApiError
from catalyst_groq.groq.api.operations import Operation
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason, Response, Usage
from catalyst_groq.groq.api.server_kinds import ServerKind
from catalyst_groq.groq.api.structured_output import InvalidOutput
from catalyst_groq.groq.routing.endpoints import Route

ANSWERED = "answered"
NO_USAGE = Usage()
PROVIDER_GROQ = "groq"
"""Groq's name as a provider in the semantic conventions of OpenTelemetry."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to get a response from a route."""

    route: Route
    result: str
    """The result in a word or two, without anything of the response's content."""
    sent: bool = True
    """Whether a request was sent to the endpoint."""
    seconds: float = 0.0
    waited: float = 0.0
    """Seconds that were waited after it for a rate limit."""
    cost: Decimal | None = None
    """USD; None when unknown."""
    changes: tuple[str, ...] = ()
    """How the request was adapted to the model."""
    status: int | None = None
    """The HTTP status; None without a response."""
    usage: Usage | None = None
    """The tokens that the response reports."""


class AttemptLog:
    """The attempts of one call, in order."""

    def __init__(self) -> None:
        self._attempts: list[Attempt] = []

    def add(self, attempt: Attempt) -> None:
        """Add an attempt. One that was held back is superseded by the next one on the same route."""
        last = self._attempts[-1] if self._attempts else None
        if last and not last.sent and last.route == attempt.route and last.waited:
            attempt = replace(attempt, seconds=last.seconds + attempt.seconds, waited=last.waited)
            self._attempts.pop()
        self._attempts.append(attempt)

    def add_wait(self, seconds: float) -> None:
        """Add a wait after the last attempt."""
        last = self._attempts[-1]
        self._attempts[-1] = replace(last, waited=last.waited + seconds)

    def attempts(self) -> tuple[Attempt, ...]:
        """Return the attempts."""
        return tuple(self._attempts)


@dataclass(frozen=True, slots=True)
class CallResult:
    """The result of a call."""

    response: Response | NoResponse
    error: ApiError | None
    """Why the response is not usable; None when it is."""
    attempts: tuple[Attempt, ...] = ()
    server: str = ""
    """The name of the server that the error comes from; empty when no server serves the model."""
    wait_more: float | None = None
    """Seconds still to wait, when that is too long to be done here."""
    stored: bool = False
    """Whether the response is in the journal, so that a further try costs nothing."""
    replayed: bool = False
    """Whether the response came from the journal."""
    replayed_cost: Decimal | None = None
    """USD that the replayed response cost when it was received; None when unknown or not replayed."""
    repaired: bool = False
    """Whether the response is valid JSON only after a repair."""
    omitted: str = ""
    """What was omitted from a request that was too large."""

    @property
    def attempt_count(self) -> int:
        """How many requests were sent."""
        return sum(attempt.sent for attempt in self.attempts)

    @property
    def waited(self) -> float:
        """Seconds spent waiting for rate limits."""
        return sum(attempt.waited for attempt in self.attempts)

    @property
    def seconds(self) -> float:
        """Seconds spent in all, waits included."""
        return sum(attempt.seconds + attempt.waited for attempt in self.attempts)

    @property
    def cost(self) -> Decimal | None:
        """USD for all responses, also those that were not usable; None when no price is known."""
        known = [attempt.cost for attempt in self.attempts if attempt.cost is not None]
        if self.replayed_cost is not None:
            known.append(self.replayed_cost)
        return sum(known, Decimal()) if known else None

    def attempts_by_route(self) -> Iterator[Attempt]:
        """Yield the last one of each series of attempts on the same route."""
        for _, attempts in groupby(self.attempts, key=lambda attempt: attempt.route):
            *_, last = attempts
            yield last


@dataclass(slots=True)
class RouteResult:
    """The latest result on one route of a call."""

    response: Response | NoResponse
    error: ApiError | None
    repaired: bool = False
    invalid: InvalidOutput | None = None
    """The content that is not the JSON that was requested."""
    wait: float | None = None
    """Seconds until the rate limit of the route admits the request; None when there is none."""
    wait_more: float | None = None
    """The same, when it is left to the engine to wait."""
    server: str = ""
    """The name of the server that the result comes from."""
    stored: bool = False
    replayed: bool = False
    omitted: str = ""
    """What was omitted from the request."""
    refuses_stream_options: bool = False
    """Whether the server refused the stream options that the worker had added."""

    @property
    def was_tried(self) -> bool:
        """Whether the route was tried, rather than skipped. A request that the worker holds back counts as tried."""
        return not (isinstance(self.response, NoResponse) and self.response.reason is NoResponseReason.SKIPPED)


def best_result(results: Sequence[RouteResult]) -> RouteResult:
    """Return the result that is most useful to the task; the latest one on a tie."""
    return min(reversed(results), key=_rank)


def record_call(result: CallResult, operation: Operation, model_asked: str, started: float) -> CallRecord:
    """Return what observers see of a call that has ended now. It `started` then, by `time.monotonic`."""
    response = result.response
    usable = response if isinstance(response, Response) and response.ok else None
    model, choices = usable.body.get("model") if usable else None, usable.choices if usable else ()
    finish_reason = choices[0].get("finish_reason") if choices else None
    return CallRecord(
        started=started,
        seconds=time.monotonic() - started,
        operation=operation.model_kind,
        model_asked=model_asked,
        model_used=model if isinstance(model, str) else "",
        attempts=tuple(map(_record_attempt, result.attempts)),
        error_kind=result.error.kind.name if result.error else "",
        request_id=response.request_id if isinstance(response, Response) else "",
        finish_reason=finish_reason if isinstance(finish_reason, str) else "",
        replayed=result.replayed,
    )


def _record_attempt(attempt: Attempt) -> AttemptRecord:
    usage, endpoint = attempt.usage or NO_USAGE, attempt.route.endpoint
    return AttemptRecord(
        endpoint=endpoint.name,
        provider=PROVIDER_GROQ if endpoint.account.server is ServerKind.GROQ else endpoint.name,
        model=attempt.route.model,
        result=attempt.result,
        status=attempt.status,
        sent=attempt.sent,
        seconds=attempt.seconds,
        waited=attempt.waited,
        prompt_tokens=usage.prompt,
        cached_tokens=usage.cached,
        completion_tokens=usage.completion,
        cost=attempt.cost,
    )


def summarize(response: Response | NoResponse, error: ApiError | None) -> str:
    """Describe a result in a word or two, without anything of the response's content."""
    if error is None:
        return ANSWERED
    if isinstance(response, NoResponse):
        return str(response.reason)
    cause = error.causes[0]
    return cause if cause == str(error.status) else f"{error.status} {cause}"


class _ResultRank(IntEnum):
    """How useful a result is, the best first."""

    ANSWERED = auto()
    WAIT_AND_SEND_AGAIN = auto()
    RETRY = auto()
    WAIT_FOR_CIRCUIT_BREAKER = auto()
    FINAL = auto()
    SKIPPED = auto()


def _rank(result: RouteResult) -> tuple[_ResultRank, float]:
    """Rank a result; waits rank by their length. A request that the worker holds back ranks like Groq's own refusal."""
    if result.error is None:
        return _ResultRank.ANSWERED, 0
    # A refused account waits only if no other endpoint has a result.
    if result.wait_more is not None and not result.error.kind.pauses_account:
        rank = _ResultRank.WAIT_AND_SEND_AGAIN if result.was_tried else _ResultRank.WAIT_FOR_CIRCUIT_BREAKER
        return rank, result.wait_more
    if result.was_tried:
        return _ResultRank.RETRY if result.error.kind.action is RetryAction.RETRY else _ResultRank.FINAL, 0
    return _ResultRank.SKIPPED, 0
