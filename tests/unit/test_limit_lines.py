"""Who comes first goes first, and no place is kept for ever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.groq.buckets import UNDER_WAY, Dimension
from worker.groq.lines import KEPT, Line, Place, Told

RPM, TPM = Dimension.RPM, Dimension.TPM
FIGURES = {RPM: 60, TPM: 6000}


def asking(tokens=1):
    return {RPM: 1, TPM: tokens}


def full():
    line = Line()
    line.enter(Place(0, "before"), asking(6000), FIGURES, now=0)
    return line


def test_a_turn_is_counted_in_all_buckets():
    turn = Line().enter(Place(0, "a"), asking(100), FIGURES, now=0)

    assert (turn.wait, turn.taken) == (0, {RPM: 1, TPM: 100})
    assert {dimension: bucket.used for dimension, bucket in turn.view.buckets.items()} == {RPM: 1, TPM: 100}


def test_a_line_without_known_limits_holds_nobody():
    turn = Line().enter(Place(0, "a"), asking(10**9), {}, now=0)

    assert (turn.wait, turn.taken) == (0, {})


def test_what_has_to_wait_counts_nothing_and_says_what_there_is_too_little_of():
    line = full()
    turn = line.enter(Place(1, "a"), asking(1000), FIGURES, now=0)

    assert (turn.wait, turn.short_of, turn.taken) == (10 + UNDER_WAY, TPM, {})
    assert line.buckets[TPM].used == 6000
    assert turn.view.waiting[TPM] == 1000


def test_a_small_request_does_not_overtake_a_large_one():
    line = full()
    large = line.enter(Place(1, "large"), asking(250), FIGURES, now=0)
    small = line.enter(Place(2, "small"), asking(10), FIGURES, now=0)

    assert large.wait == pytest.approx(2.5 + UNDER_WAY)
    assert small.wait == pytest.approx(large.wait + 0.1)
    line.enter(Place(1, "large"), asking(250), FIGURES, now=2)
    now = large.wait + 0.01
    assert line.enter(Place(2, "small"), asking(10), FIGURES, now).wait > 0
    assert line.enter(Place(1, "large"), asking(250), FIGURES, now).wait == 0
    assert line.enter(Place(2, "small"), asking(10), FIGURES, now + 0.1).wait == 0


def test_who_came_first_goes_first_whoever_asks_first():
    line = full()
    line.enter(Place(2, "late"), asking(60), FIGURES, now=0)
    line.enter(Place(1, "early"), asking(60), FIGURES, now=0)
    now = UNDER_WAY + 0.7

    assert line.enter(Place(2, "late"), asking(60), FIGURES, now).wait > 0
    assert line.enter(Place(1, "early"), asking(60), FIGURES, now).wait == 0


def test_a_place_is_lost_by_who_does_not_look_again():
    line = full()
    line.enter(Place(1, "gone"), asking(3000), FIGURES, now=0)
    wait = line.enter(Place(2, "a"), asking(10), FIGURES, now=KEPT).wait

    assert wait < line.enter(Place(1, "gone"), asking(3000), FIGURES, now=KEPT).wait


def test_what_is_given_back_shortens_the_wait():
    line = full()
    before = line.enter(Place(1, "a"), asking(1000), FIGURES, now=0).wait
    line.settle({RPM: 0, TPM: -5900}, (), now=1)

    assert before > 1
    assert line.enter(Place(1, "a"), asking(1000), FIGURES, now=1).wait == 0


def test_limits_that_groq_tells_are_kept_from_then_on():
    line = Line()
    line.settle({}, [Told(RPM, 30, 0)], now=0)
    turn = line.enter(Place(0, "a"), asking(), {}, now=0)

    assert (turn.wait, turn.short_of) == (2, RPM)
    assert line.enter(Place(0, "a"), asking(), FIGURES, now=0).wait == 2, "what Groq told is not forgotten"


def test_room_is_what_fits_behind_those_that_wait():
    line = Line()
    assert line.view(0).room(asking(), 0) == float("inf")
    line.enter(Place(0, "a"), asking(1000), FIGURES, now=0)
    assert line.view(0).room(asking(1000), 0) == 5
    line.enter(Place(1, "b"), asking(5500), FIGURES, now=0)
    assert line.view(0).room(asking(1000), 0) < 0
    assert line.view(0).room(asking(1000), KEPT) == 5, "an old view tells nothing of who waits"


@given(st.lists(st.tuples(st.integers(1, 6000), st.floats(0, 5)), min_size=1, max_size=15))
def test_nobody_starves_and_everybody_goes_in_turn(requests):
    line, now, waiting = Line(), 0.0, []
    for number, (tokens, pause) in enumerate(requests):
        waiting.append((Place(number, str(number)), tokens))
        now += pause
    end = now + sum(tokens for tokens, _ in requests) / 100 + len(requests) + 2
    while waiting and now < end:
        for place, tokens in reversed(list(waiting)):
            if not line.enter(place, asking(tokens), FIGURES, now).wait:
                waiting.remove((place, tokens))
        now += 0.5

    assert not waiting
