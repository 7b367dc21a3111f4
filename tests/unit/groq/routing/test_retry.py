"""The decision after an attempt: stop, send a changed payload, wait, or go on with the next route."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.groq.api.error_kinds import ERROR_KINDS, ErrorKind, RetryAction
from catalyst_groq.groq.api.errors import ApiError
from catalyst_groq.groq.routing.retry import (
    MAX_LOCAL_WAIT_SECONDS,
    NEXT_ROUTE,
    STOP,
    Resend,
    RetryState,
    Stop,
    Wait,
    decide,
)

RATE_LIMITED = ApiError(ErrorKind.RATE_LIMITED, ("429",), "429 slow down", 429)
TRANSIENT = ApiError(ErrorKind.TRANSIENT, ("503",), "503", 503)
BAD_REQUEST = ApiError(ErrorKind.BAD_REQUEST, ("400",), "400 no", 400)


def make_state(
    *,
    seconds_left=900.0,
    may_fail_over=True,
    has_untried_routes=False,
    committed_wait=None,
    shortest_wait=None,
    resend=None,
    has_waiting_place=True,
):
    return RetryState(
        seconds_left, may_fail_over, has_untried_routes, committed_wait, shortest_wait, resend, has_waiting_place
    )


CASES = {
    "usable response": (None, make_state(has_untried_routes=True), STOP),
    "usable response, with a payload to resend": (None, make_state(resend={"a": 1}), STOP),
    "final error": (BAD_REQUEST, make_state(may_fail_over=False, has_untried_routes=True), STOP),
    "final error, after a rate limit elsewhere": (
        BAD_REQUEST,
        make_state(may_fail_over=False, shortest_wait=(1, 0)),
        STOP,
    ),
    "final error, with a payload to resend": (
        BAD_REQUEST,
        make_state(may_fail_over=False, resend={"a": 1}),
        Resend({"a": 1}),
    ),
    "failure, another endpoint": (TRANSIENT, make_state(has_untried_routes=True), NEXT_ROUTE),
    "failure, last endpoint": (TRANSIENT, make_state(), NEXT_ROUTE),
    "failure, after a rate limit elsewhere": (TRANSIENT, make_state(shortest_wait=(3, 0)), Wait(3, 0)),
    "failure, after a long rate limit elsewhere": (TRANSIENT, make_state(shortest_wait=(61, 0)), NEXT_ROUTE),
    "failure on the route that was waited for": (
        TRANSIENT,
        make_state(committed_wait=(0, 1), shortest_wait=(3, 0)),
        NEXT_ROUTE,
    ),
    "rate limit, another endpoint": (
        RATE_LIMITED,
        make_state(has_untried_routes=True, shortest_wait=(1, 0)),
        NEXT_ROUTE,
    ),
    "rate limit, last endpoint": (RATE_LIMITED, make_state(shortest_wait=(1, 0)), Wait(1, 0)),
    "rate limit without failover": (RATE_LIMITED, make_state(may_fail_over=False, shortest_wait=(1, 0)), Wait(1, 0)),
    "rate limit of the longest local wait": (RATE_LIMITED, make_state(shortest_wait=(60, 0)), Wait(60, 0)),
    "rate limit beyond the longest local wait": (RATE_LIMITED, make_state(shortest_wait=(60.1, 0)), NEXT_ROUTE),
    "rate limit that ends at the deadline": (
        RATE_LIMITED,
        make_state(seconds_left=30, shortest_wait=(30, 0)),
        Wait(30, 0),
    ),
    "rate limit without a waiting place": (
        RATE_LIMITED,
        make_state(shortest_wait=(1, 0), has_waiting_place=False),
        NEXT_ROUTE,
    ),
    "rate limit beyond the deadline": (RATE_LIMITED, make_state(seconds_left=29, shortest_wait=(30, 0)), NEXT_ROUTE),
    "rate limit after the deadline": (RATE_LIMITED, make_state(seconds_left=-5, shortest_wait=(0.01, 0)), NEXT_ROUTE),
    "rate limit again on the route that was waited for": (
        RATE_LIMITED,
        make_state(committed_wait=(2, 1), shortest_wait=(1, 0)),
        Wait(2, 1),
    ),
    "rate limit during a follow-up": (
        RATE_LIMITED,
        make_state(has_untried_routes=True, committed_wait=(2, 0)),
        Wait(2, 0),
    ),
    "long rate limit on the route that was waited for": (
        RATE_LIMITED,
        make_state(committed_wait=(300, 1), shortest_wait=(1, 0)),
        NEXT_ROUTE,
    ),
}


@pytest.mark.parametrize(("error", "state", "decision"), CASES.values(), ids=CASES)
def test_decision(error, state, decision):
    assert decide(error, state) == decision


waits = st.none() | st.tuples(st.floats(0, 1e6), st.integers(0, 5))
errors = st.none() | st.sampled_from([ApiError(kind, ("cause",), "message") for kind in ERROR_KINDS])
states = st.builds(
    RetryState,
    seconds_left=st.floats(-1e6, 1e6),
    may_fail_over=st.booleans(),
    has_untried_routes=st.booleans(),
    committed_wait=waits,
    shortest_wait=waits,
    resend=st.none() | st.just({"model": "m"}),
)


@given(errors, states)
def test_decision_never_waits_beyond_the_deadline_or_a_minute(error, state):
    decision = decide(error, state)
    if isinstance(decision, Wait):
        assert 0 <= decision.seconds <= min(state.seconds_left, MAX_LOCAL_WAIT_SECONDS)
        assert decision in {state.committed_wait, state.shortest_wait}


@given(errors, states)
def test_decision_resends_whenever_a_changed_payload_may_help(error, state):
    assert isinstance(decide(error, state), Resend) == (error is not None and state.resend is not None)


@given(errors, states)
def test_decision_stops_only_if_nothing_helps(error, state):
    nothing_helps = error is None or (
        state.resend is None and not state.may_fail_over and error.kind.action is not RetryAction.WAIT
    )
    assert isinstance(decide(error, state), Stop) == nothing_helps


@given(errors, states)
def test_decision_waits_only_after_every_route_was_tried(error, state):
    state = state._replace(committed_wait=None, has_untried_routes=True)
    assert not isinstance(decide(error, state), Wait)


@given(states, st.tuples(st.floats(0, 100), st.integers(0, 5)))
def test_decision_stays_on_the_route_that_was_waited_for(state, wait):
    state = state._replace(committed_wait=wait, resend=None)
    assert decide(RATE_LIMITED, state) in {Wait(*wait), NEXT_ROUTE}
