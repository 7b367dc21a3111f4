"""Who comes first goes first, and no place is kept for ever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.groq.rate_limits.bucket import REQUEST_LATENCY_SECONDS, LimitKind
from catalyst_groq.groq.rate_limits.queue import TICKET_TTL_SECONDS, LimitQueue, LimitUpdate, Ticket

RPM, TPM = LimitKind.RPM, LimitKind.TPM
FIGURES = {RPM: 60, TPM: 6000}


def asking(tokens=1):
    return {RPM: 1, TPM: tokens}


def full():
    line = LimitQueue()
    line.acquire(Ticket(0, "before"), asking(6000), FIGURES, now=0)
    return line


def test_a_turn_is_counted_in_all_buckets():
    turn = LimitQueue().acquire(Ticket(0, "a"), asking(100), FIGURES, now=0)

    assert (turn.wait, turn.reserved) == (0, {RPM: 1, TPM: 100})
    assert {dimension: bucket.used for dimension, bucket in turn.snapshot.buckets.items()} == {RPM: 1, TPM: 100}


def test_a_line_without_known_limits_holds_nobody():
    turn = LimitQueue().acquire(Ticket(0, "a"), asking(10**9), {}, now=0)

    assert (turn.wait, turn.reserved) == (0, {})


def test_what_has_to_wait_counts_nothing_and_says_what_there_is_too_little_of():
    line = full()
    turn = line.acquire(Ticket(1, "a"), asking(1000), FIGURES, now=0)

    assert (turn.wait, turn.exhausted, turn.reserved) == (10 + REQUEST_LATENCY_SECONDS, TPM, {})
    assert line.buckets[TPM].used == 6000
    assert turn.snapshot.waiting[TPM] == 1000


def test_a_small_request_does_not_overtake_a_large_one():
    line = full()
    large = line.acquire(Ticket(1, "large"), asking(250), FIGURES, now=0)
    small = line.acquire(Ticket(2, "small"), asking(10), FIGURES, now=0)

    assert large.wait == pytest.approx(2.5 + REQUEST_LATENCY_SECONDS)
    assert small.wait == pytest.approx(large.wait + 0.1)
    line.acquire(Ticket(1, "large"), asking(250), FIGURES, now=2)
    now = large.wait + 0.01
    assert line.acquire(Ticket(2, "small"), asking(10), FIGURES, now).wait > 0
    assert line.acquire(Ticket(1, "large"), asking(250), FIGURES, now).wait == 0
    assert line.acquire(Ticket(2, "small"), asking(10), FIGURES, now + 0.1).wait == 0


def test_who_came_first_goes_first_whoever_asks_first():
    line = full()
    line.acquire(Ticket(2, "late"), asking(60), FIGURES, now=0)
    line.acquire(Ticket(1, "early"), asking(60), FIGURES, now=0)
    now = REQUEST_LATENCY_SECONDS + 0.7

    assert line.acquire(Ticket(2, "late"), asking(60), FIGURES, now).wait > 0
    assert line.acquire(Ticket(1, "early"), asking(60), FIGURES, now).wait == 0


def test_a_place_is_lost_by_who_does_not_look_again():
    line = full()
    line.acquire(Ticket(1, "gone"), asking(3000), FIGURES, now=0)
    wait = line.acquire(Ticket(2, "a"), asking(10), FIGURES, now=TICKET_TTL_SECONDS).wait

    assert wait < line.acquire(Ticket(1, "gone"), asking(3000), FIGURES, now=TICKET_TTL_SECONDS).wait


def test_what_is_given_back_shortens_the_wait():
    line = full()
    before = line.acquire(Ticket(1, "a"), asking(1000), FIGURES, now=0).wait
    line.settle({RPM: 0, TPM: -5900}, (), now=1)

    assert before > 1
    assert line.acquire(Ticket(1, "a"), asking(1000), FIGURES, now=1).wait == 0


def test_limits_that_groq_tells_are_kept_from_then_on():
    line = LimitQueue()
    line.settle({}, [LimitUpdate(RPM, 30, 0)], now=0)
    turn = line.acquire(Ticket(0, "a"), asking(), {}, now=0)

    assert (turn.wait, turn.exhausted) == (2, RPM)
    assert line.acquire(Ticket(0, "a"), asking(), FIGURES, now=0).wait == 2, "what Groq told is not forgotten"


def test_room_is_what_fits_behind_those_that_wait():
    line = LimitQueue()
    assert line.snapshot(0).requests_that_fit(asking(), 0) == float("inf")
    line.acquire(Ticket(0, "a"), asking(1000), FIGURES, now=0)
    assert line.snapshot(0).requests_that_fit(asking(1000), 0) == 5
    line.acquire(Ticket(1, "b"), asking(5500), FIGURES, now=0)
    assert line.snapshot(0).requests_that_fit(asking(1000), 0) < 0
    assert line.snapshot(0).requests_that_fit(asking(1000), TICKET_TTL_SECONDS) == 5, (
        "an old view tells nothing of who waits"
    )


@given(st.lists(st.tuples(st.integers(1, 6000), st.floats(0, 5)), min_size=1, max_size=15))
def test_nobody_starves_and_everybody_goes_in_turn(requests):
    line, now, waiting = LimitQueue(), 0.0, []
    for number, (tokens, pause) in enumerate(requests):
        waiting.append((Ticket(number, str(number)), tokens))
        now += pause
    end = now + sum(tokens for tokens, _ in requests) / 100 + len(requests) + 2
    while waiting and now < end:
        for place, tokens in reversed(list(waiting)):
            if not line.acquire(place, asking(tokens), FIGURES, now).wait:
                waiting.remove((place, tokens))
        now += 0.5

    assert not waiting
