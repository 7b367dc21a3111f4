"""Endpoints that answer none of their requests: when they count as unresponsive, until when, and what is logged."""

from types import SimpleNamespace

import pytest

from catalyst_groq.groq.api import unresponsive_endpoints
from catalyst_groq.groq.api.unresponsive_endpoints import MAX_ENDPOINTS, ResponseMonitor

GROQ, OTHER = "api.groq.com", "vllm"


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until a test moves it (`now`)."""
    moved = SimpleNamespace(now=1000.0)
    moved.monotonic = lambda: moved.now
    monkeypatch.setattr(unresponsive_endpoints, "time", moved)
    return moved


@pytest.fixture
def monitor(clock):
    return ResponseMonitor()


@pytest.fixture
def respond(monitor, clock):
    """Send a request that is answered after so many seconds."""

    def respond(seconds=1.0, endpoint=GROQ):
        request = monitor.begin(endpoint, 60)
        clock.now += seconds
        request.record_response()
        request.end()

    return respond


def unresponsive(monitor):
    return [(name, seconds) for name, seconds in monitor.unresponsive_seconds().items() if seconds]


def test_endpoint_without_requests_is_responsive(monitor, clock, respond):
    assert unresponsive(monitor) == []
    respond()
    clock.now += 3600
    assert unresponsive(monitor) == []


def test_endpoint_that_answers_nothing_for_30_s_is_unresponsive(monitor, clock, caplog):
    for _ in range(3):
        monitor.begin(GROQ, 60)
    clock.now += 29
    assert unresponsive(monitor) == []
    clock.now += 1
    assert unresponsive(monitor) == [(GROQ, 30)]
    clock.now += 5
    assert unresponsive(monitor) == [(GROQ, 35)]
    [message] = caplog.messages
    assert message == (
        "Endpoint api.groq.com does not respond: it has answered no request for 30 s (3 wait). "
        "They fail over or are retried when they time out."
    )
    assert caplog.records[0].levelname == "WARNING"


def test_long_request_among_answered_ones_is_ordinary(monitor, clock, respond):
    long_request = monitor.begin(GROQ, 60)
    for _ in range(5):
        clock.now += 9
        respond()
        assert unresponsive(monitor) == []
    long_request.record_response()
    long_request.end()
    assert unresponsive(monitor) == []


def test_endpoint_that_stops_answering_is_unresponsive_since_then(monitor, clock, respond):
    monitor.begin(GROQ, 60)
    clock.now += 20
    respond()
    clock.now += 29
    assert unresponsive(monitor) == []
    clock.now += 1
    assert unresponsive(monitor) == [(GROQ, 30)]


def test_stream_that_has_begun_is_a_response_until_it_ends(monitor, clock):
    stream = monitor.begin(GROQ, 60)
    clock.now += 1
    stream.record_response()
    monitor.begin(GROQ, 60)
    clock.now += 50
    assert unresponsive(monitor) == [], "it is being received"
    stream.record_response()
    stream.end()
    clock.now += 29
    assert unresponsive(monitor) == [], "it has ended a moment ago"
    clock.now += 1
    assert unresponsive(monitor) == [(GROQ, 30)]


def test_stream_that_breaks_off_is_no_response(monitor, clock):
    stream = monitor.begin(GROQ, 60)
    stream.record_response()
    monitor.begin(GROQ, 60)
    clock.now += 40
    stream.end()
    assert unresponsive(monitor) == [(GROQ, 40)]


def test_request_with_a_long_timeout_may_wait_for_half_of_it(monitor, clock):
    monitor.begin(GROQ, 600)
    clock.now += 299
    assert unresponsive(monitor) == []
    clock.now += 1
    assert unresponsive(monitor) == [(GROQ, 300)]


def test_slow_endpoint_may_take_half_as_long_again(monitor, clock, respond):
    respond(40)
    monitor.begin(GROQ, 120)
    clock.now += 59
    assert unresponsive(monitor) == []
    clock.now += 1
    assert unresponsive(monitor) == [(GROQ, 60)]


def test_requests_that_time_out_after_a_slow_response_are_noticed(monitor, clock, respond):
    respond(50)
    clock.now += 10
    for _ in range(2):
        request = monitor.begin(GROQ, 60)
        clock.now += 54
        noticed = unresponsive(monitor)
        clock.now += 6
        request.end()
    assert noticed == [(GROQ, 114)]


def test_one_slow_response_counts_less_with_each_further_one(monitor, clock, respond):
    respond(300)
    for _ in range(30):
        respond()
    monitor.begin(GROQ, 60)
    clock.now += 30
    assert unresponsive(monitor) == [(GROQ, 30)]


def test_short_timeout_of_a_task_says_nothing_of_its_endpoint(monitor, clock):
    for _ in range(20):
        request = monitor.begin(GROQ, 5)
        clock.now += 5
        request.end()
    assert unresponsive(monitor) == []


def test_request_that_is_cancelled_waits_no_longer(monitor, clock):
    request = monitor.begin(GROQ, 60)
    request.end()
    clock.now += 30
    assert unresponsive(monitor) == []


def test_endpoints_are_judged_on_their_own(monitor, clock, respond):
    monitor.begin(GROQ, 60)
    clock.now += 29
    respond(endpoint=OTHER)
    assert unresponsive(monitor) == [(GROQ, 30)]


def test_endpoint_stays_unresponsive_while_requests_time_out(monitor, clock, caplog):
    first = monitor.begin(GROQ, 60)
    clock.now += 60
    unresponsive(monitor)
    first.end()
    clock.now += 5
    monitor.begin(GROQ, 60)
    clock.now += 5
    assert unresponsive(monitor) == [(GROQ, 70)]
    assert len(caplog.messages) == 1


@pytest.mark.parametrize("answered", ["the one that waits", "another one"])
def test_any_response_ends_it(monitor, clock, respond, caplog, answered):
    caplog.set_level("INFO")
    waiting = monitor.begin(GROQ, 60)
    clock.now += 40
    unresponsive(monitor)
    if answered == "another one":
        respond(5)
    else:
        clock.now += 5
        waiting.record_response()
    assert unresponsive(monitor) == []
    assert caplog.messages[1:] == ["Endpoint api.groq.com responds again after 45 s"]
    assert caplog.records[1].levelname == "INFO"


def test_unresponsive_endpoint_that_gets_no_request_is_forgotten(monitor, clock, caplog):
    caplog.set_level("INFO")
    request = monitor.begin(GROQ, 60)
    clock.now += 40
    unresponsive(monitor)
    request.end()
    clock.now += 60
    assert unresponsive(monitor) == [(GROQ, 100)]
    clock.now += 1
    assert unresponsive(monitor) == []
    assert caplog.messages[1:] == ["Endpoint api.groq.com gets no more requests: it had not responded for 1 min 41 s"]


def test_endpoint_that_has_responded_lately_has_no_seconds(monitor, clock, respond):
    """The figures of several processes become one by the smallest: a response to one of them counts for all."""
    waiting = monitor.begin(GROQ, 60)
    assert monitor.unresponsive_seconds() == {}, "nothing is known"
    respond()
    assert monitor.unresponsive_seconds() == {GROQ: 0}
    clock.now += 29
    assert monitor.unresponsive_seconds() == {GROQ: 0}
    clock.now += 1
    assert monitor.unresponsive_seconds() == {GROQ: 30}
    waiting.record_response()
    clock.now += 3600
    assert monitor.unresponsive_seconds() == {GROQ: 0}, "it is being received"


def test_endpoint_that_is_reported_is_not_forgotten_for_others(monitor, clock, respond):
    request = monitor.begin(GROQ, 60)
    clock.now += 30
    assert unresponsive(monitor) == [(GROQ, 30)]
    request.end()
    for number in range(MAX_ENDPOINTS + 50):
        respond(0, f"host-{number}")
    assert unresponsive(monitor) == [(GROQ, 30)]


@pytest.mark.anyio
async def test_check_finds_it_without_a_scrape(monitor, clock, caplog):
    monitor.begin(GROQ, 60)
    clock.now += 30
    await monitor.check()
    assert len(caplog.messages) == 1


def test_number_of_endpoints_is_bounded(monitor, clock, respond):
    monitor.begin(GROQ, 60)
    for number in range(MAX_ENDPOINTS + 50):
        respond(0.01, f"host-{number}")
    assert len(monitor._endpoints) == MAX_ENDPOINTS
    clock.now += 30
    assert unresponsive(monitor) == [(GROQ, clock.now - 1000)], "the one that is waited for is kept"
