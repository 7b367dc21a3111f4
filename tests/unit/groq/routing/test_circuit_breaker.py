"""Circuit breakers: when they open, probe and close, and what is logged."""

from catalyst_groq.groq.api.error_kinds import ErrorKind
from catalyst_groq.groq.api.errors import classify
from catalyst_groq.groq.routing.circuit_breaker import CircuitBreakers
from catalyst_groq.groq.routing.endpoints import Route
from support.factories import make_response, make_route

BUSY = classify(make_response(503, {"error": {"message": "over capacity"}}))


A, B = make_route("a"), make_route("b")


def after_failures(count, route=A):
    breakers: CircuitBreakers[Route] = CircuitBreakers(threshold=3, reset_timeout=30)
    for _ in range(count):
        breakers.record_failure(route, BUSY)
    return breakers


def test_breaker_opens_at_its_threshold(clock):
    assert after_failures(2).check(A) is None
    breakers = after_failures(3)

    error = breakers.check(A)
    assert (error.kind, error.causes, error.wait) == (ErrorKind.TRANSIENT, ("circuit_open", "503", "5xx"), 30)
    assert error.message == (
        "The circuit breaker of m at a is open for 30 s after 3 failures in a row: 503 over capacity"
    )
    assert breakers.check(B) is None
    assert [str(route) for route in breakers.open_subjects()] == ["m at a"]


def test_breaker_counts_failures_in_a_row(clock):
    breakers = after_failures(2)
    breakers.record_success(A)
    breakers.record_failure(A, BUSY)
    assert breakers.check(A) is None


def test_breaker_lets_one_probe_through_and_closes(clock):
    breakers = after_failures(3)
    clock.now += 31
    assert list(breakers.open_subjects()) == []
    assert [breakers.check(A) is None for _ in range(3)] == [True, False, False]
    breakers.record_success(A)
    assert breakers.check(A) is None


def test_breaker_probe_that_was_held_back_is_released(clock):
    breakers = after_failures(3)
    clock.now += 31
    assert breakers.check(A) is None
    breakers.release_probe(A)
    assert [breakers.check(A) is None for _ in range(2)] == [True, False]


def test_breaker_stays_open_after_a_failed_or_silent_probe(clock):
    breakers = after_failures(3)
    clock.now += 31
    breakers.check(A)
    clock.now += 5
    breakers.record_failure(A, BUSY)
    assert breakers.check(A).wait == 30
    clock.now += 31
    assert [breakers.check(A) is None for _ in range(2)] == [True, False]
    clock.now += 31
    assert breakers.check(A) is None


def test_breaker_can_be_tripped_at_once(clock):
    breakers: CircuitBreakers[Route] = CircuitBreakers()
    breakers.record_failure(A, BUSY, trip=True)
    assert breakers.check(A).wait == 30


def test_breaker_logs_once_at_each_end(clock, caplog):
    caplog.set_level("INFO")
    breakers = after_failures(7)
    breakers.record_success(A)
    breakers.record_success(A)
    assert caplog.messages == [
        "Circuit breaker of m at a opened for about 30 s after 3 failures in a row: 503 over capacity",
        "Circuit breaker of m at a closed",
    ]


def test_breaker_timeouts_have_jitter():
    waits = {after_failures(3).check(A).wait for _ in range(20)}
    assert len(waits) > 1
    assert all(23 < wait < 37 for wait in waits)
