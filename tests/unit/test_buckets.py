"""Groq's limits as buckets: the figures of real answers, and laws that hold for all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.groq.buckets import DAY, MINUTE, UNDER_WAY, Bucket, Dimension

limits = st.integers(1, 1_000_000)
windows = st.sampled_from([MINUTE, DAY])
amounts = st.floats(0, 1000)
times = st.lists(st.tuples(st.floats(-1000, 1000), st.floats(0, 100)), max_size=20)


@pytest.mark.parametrize(
    ("limit", "window", "used", "requested", "seconds"),
    [(6000, MINUTE, 5034, 1443, 4.77), (100_000, DAY, 99_996, 484, 414.72), (30, MINUTE, 30, 1, 2)],
)
def test_the_waits_of_real_refusals_come_out(limit, window, used, requested, seconds):
    assert Bucket(limit, window, used).wait(requested, 0) == pytest.approx(seconds, abs=0.003)


def test_what_is_used_is_forgotten_evenly_within_the_window():
    bucket = Bucket(8000, MINUTE).use(8000, now=10)
    begun = 10 + UNDER_WAY

    assert [bucket.used_at(begun + seconds) for seconds in (0, 15, 30, 60, 90)] == [8000, 6000, 4000, 0, 0]


def test_nothing_is_forgotten_before_the_first_request_can_have_reached_groq():
    assert Bucket(60, MINUTE).use(60, now=0).wait(1, now=0) == 1 + UNDER_WAY


def test_what_is_larger_than_the_bucket_fits_into_an_empty_one():
    assert Bucket(8000, MINUTE).wait(9000, 0) == 0
    assert Bucket(8000, MINUTE, used=1).wait(9000, 0) > 0


def test_who_stands_ahead_is_let_in_before():
    assert Bucket(60, MINUTE, used=60).wait(1, 0, ahead=2) == 3


@pytest.mark.parametrize(
    ("remaining", "used"), [(7000, 1000), (7900, 500), (None, 500)], ids=["less remains", "more remains", "not said"]
)
def test_groq_is_believed_where_less_remains_than_was_thought(remaining, used):
    assert Bucket(8000, MINUTE, 500).told(8000, remaining, 0).used_at(0) == used


def test_a_limit_is_corrected_by_what_groq_says():
    assert Bucket(250_000, MINUTE, 500).told(8000, None, 0) == Bucket(8000, MINUTE, 500)


def used_by(limit, window, uses):
    bucket, now = Bucket(limit, window), 0.0
    for amount, pause in uses:
        bucket = bucket.use(amount, now)
        now += pause
    return bucket, now


@given(limits, windows, times, amounts)
def test_whoever_waits_as_told_is_let_in_and_not_much_before(limit, window, uses, wanted):
    bucket, now = used_by(limit, window, uses)
    wait = bucket.wait(wanted, now)
    start = max(now, bucket.at)

    assert bucket.wait(wanted, start + wait) == pytest.approx(0, abs=1e-6)
    if wait > 1e-6:
        assert bucket.wait(wanted, now + wait * 0.99) > 0


@given(limits, windows, times)
def test_use_is_never_negative_and_forgotten_after_a_window(limit, window, uses):
    bucket, now = used_by(limit, window, uses)
    used = bucket.used_at(now)

    assert used >= 0
    assert bucket.used_at(max(now, bucket.at) + used / limit * window + 1e-3) == pytest.approx(0, abs=1e-3)


@given(limits, st.lists(st.tuples(amounts, amounts), max_size=20))
def test_what_was_reserved_and_given_back_leaves_what_was_spent(limit, requests):
    bucket = Bucket(limit, MINUTE)
    for reserved, _ in requests:
        bucket = bucket.use(reserved, 0)
    for reserved, spent in requests:
        bucket = bucket.use(min(spent, reserved) - reserved, 0)

    assert bucket.used_at(0) == pytest.approx(sum(map(min, requests)), abs=1e-6)


@given(limits, amounts, amounts)
def test_no_correction_makes_more_remain_than_groq_says(limit, used, remaining):
    told = Bucket(limit, MINUTE, used).told(limit, remaining, 0)

    assert limit - told.used_at(0) <= remaining + 1e-6


def test_every_dimension_says_what_it_counts_and_its_window():
    assert {dimension.name: dimension.window for dimension in Dimension} == {
        "RPM": 60,
        "RPD": 86_400,
        "TPM": 60,
        "TPD": 86_400,
        "OTPM": 60,
    }
