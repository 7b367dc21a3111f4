"""The result of a call: its attempts, what follows from them, and which of several results counts."""

import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.groq.api.error_kinds import ERROR_KINDS, ErrorKind
from catalyst_groq.groq.api.errors import ApiError, classify
from catalyst_groq.groq.api.responses import NoResponse, NoResponseReason
from catalyst_groq.groq.routing.call_result import Attempt, AttemptLog, CallResult, RouteResult, best_result, summarize
from support.factories import RATE_LIMITED, make_response, make_route

A, B = make_route("a"), make_route("b")
HELLO = make_response()
BUSY = make_response(503, "")


def make_log(*steps):
    """A log of attempts, and of waits given in seconds."""
    log = AttemptLog()
    for step in steps:
        if isinstance(step, Attempt):
            log.add(step)
        else:
            log.add_wait(step)
    return log


def make_result(*attempts, **more):
    return CallResult(HELLO, None, attempts, **more)


def test_result_counts_the_requests_that_were_sent():
    result = make_result(Attempt(A, "not sent: circuit breaker open", sent=False), Attempt(B, "503"), Attempt(B, "ok"))

    assert result.attempt_count == 2
    assert make_result().attempt_count == 0


def test_result_sums_seconds_and_waits():
    result = make_result(Attempt(A, "429", seconds=1, waited=2), Attempt(A, "429", seconds=3, waited=4))

    assert (result.waited, result.seconds) == (6, 10)
    assert (make_result().waited, make_result().seconds) == (0, 0)


@pytest.mark.parametrize(
    ("costs", "replayed_cost", "cost"),
    [
        ([], None, None),
        ([None, None], None, None),
        (["0.1", None, "0.2"], None, "0.3"),
        ([], "0.4", "0.4"),
        (["0.1"], "0.4", "0.5"),
        (["0"], None, "0"),
    ],
)
def test_result_sums_the_known_costs(costs, replayed_cost, cost):
    attempts = [Attempt(A, "answered", cost=known and Decimal(known)) for known in costs]
    result = make_result(*attempts, replayed_cost=replayed_cost and Decimal(replayed_cost))

    assert result.cost == (cost and Decimal(cost))


def test_attempts_by_route_are_the_last_of_each_series():
    attempts = [Attempt(A, "429"), Attempt(A, "503"), Attempt(B, "429"), Attempt(B, "429"), Attempt(A, "answered")]

    by_route = list(make_result(*attempts).attempts_by_route())
    assert by_route == [attempts[1], attempts[3], attempts[4]]
    assert list(make_result().attempts_by_route()) == []


def test_log_adds_waits_to_the_last_attempt():
    assert make_log(Attempt(A, "429"), 2, 3, Attempt(A, "answered")).attempts() == (
        Attempt(A, "429", waited=5),
        Attempt(A, "answered"),
    )


def test_log_merges_attempts_that_were_held_back():
    held_back = Attempt(A, "held back", sent=False, seconds=0.5)

    assert make_log(held_back, 1, held_back, 2, Attempt(A, "answered", seconds=1)).attempts() == (
        Attempt(A, "answered", seconds=2, waited=3),
    )


def test_log_merges_neither_sent_attempts_nor_other_routes():
    sent, held_back = Attempt(A, "429"), Attempt(A, "held back", sent=False)

    assert len(make_log(sent, 1, sent).attempts()) == 2
    assert len(make_log(held_back, 1, Attempt(B, "answered")).attempts()) == 2
    assert len(make_log(held_back, sent).attempts()) == 2


steps = st.lists(
    st.builds(Attempt, st.sampled_from([A, B]), st.just("429"), st.booleans(), st.integers(0, 9)) | st.integers(0, 9)
)


@given(steps)
def test_log_loses_no_time_and_no_request(steps):
    attempts = list(itertools.dropwhile(lambda step: isinstance(step, int), steps))
    result = make_result(*make_log(*attempts).attempts())

    assert result.waited == sum(step for step in attempts if isinstance(step, int))
    assert result.seconds - result.waited == sum(step.seconds for step in attempts if isinstance(step, Attempt))
    assert result.attempt_count == sum(step.sent for step in attempts if isinstance(step, Attempt))


@pytest.mark.parametrize(
    ("response", "summary"),
    [
        (HELLO, "answered"),
        (BUSY, "503"),
        (make_response(429, RATE_LIMITED), "429 rate_limit_exceeded"),
        (NoResponse(NoResponseReason.TIMEOUT, "nothing within 5 s", sent=True, seconds=5), "timed out"),
        (make_response(400, {"error": {"message": "the secret prompt"}}), "400"),
    ],
)
def test_summary_is_short_and_without_content(response, summary):
    assert summarize(response, classify(response)) == summary


def make_error(kind):
    return ApiError(kind, ("cause",), "message")


SKIPPED = NoResponse(NoResponseReason.SKIPPED, "circuit breaker open", sent=False, seconds=0)
HELD_BACK = NoResponse(NoResponseReason.RATE_LIMITED_LOCALLY, "TPM", sent=False, seconds=0)
RANKED = {
    "answered": RouteResult(HELLO, None),
    "held back, short wait": RouteResult(HELD_BACK, make_error(ErrorKind.RATE_LIMITED), wait_more=70),
    "rate limited, long wait": RouteResult(BUSY, make_error(ErrorKind.RATE_LIMITED), wait_more=300),
    "transient": RouteResult(BUSY, make_error(ErrorKind.TRANSIENT)),
    "circuit breaker, short wait": RouteResult(SKIPPED, make_error(ErrorKind.TRANSIENT), wait_more=5),
    "circuit breaker, long wait": RouteResult(SKIPPED, make_error(ErrorKind.TRANSIENT), wait_more=9),
    "final": RouteResult(BUSY, make_error(ErrorKind.BAD_REQUEST)),
    "skipped": RouteResult(SKIPPED, make_error(ErrorKind.TRANSIENT)),
}


@pytest.mark.parametrize(("better", "worse"), list(itertools.pairwise(RANKED)))
def test_best_result_ranks(better, worse):
    assert best_result([RANKED[better], RANKED[worse]]) is RANKED[better]
    assert best_result([RANKED[worse], RANKED[better]]) is RANKED[better]


@given(st.permutations(list(RANKED)), st.integers(1, len(RANKED)))
def test_best_result_does_not_depend_on_the_order(names, count):
    best = min(names[:count], key=list(RANKED).index)
    assert best_result([RANKED[name] for name in names[:count]]) is RANKED[best]


def test_best_result_is_the_latest_of_equal_ones():
    first, second = (RouteResult(BUSY, make_error(ErrorKind.TRANSIENT)) for _ in range(2))
    assert best_result([first, second]) is second


@pytest.mark.parametrize("kind", ERROR_KINDS, ids=lambda kind: kind.name)
def test_best_result_prefers_any_response_to_a_skipped_route(kind):
    tried = RouteResult(BUSY, make_error(kind))
    assert best_result([tried, RANKED["skipped"]]) is tried


@pytest.mark.parametrize(("response", "was_tried"), [(HELLO, True), (BUSY, True), (HELD_BACK, True), (SKIPPED, False)])
def test_route_that_was_skipped_was_not_tried(response, was_tried):
    assert RouteResult(response, classify(response)).was_tried is was_tried


def test_refused_key_waits_only_if_no_other_route_may_pass():
    refused = RouteResult(BUSY, make_error(ErrorKind.AUTHENTICATION), wait_more=5)
    for name in ("held back, short wait", "transient", "circuit breaker, long wait"):
        assert best_result([RANKED[name], refused]) is RANKED[name]
    assert best_result([refused, RANKED["skipped"]]) is refused
