"""Leaky buckets: the figures of real refusals, and laws that hold for all."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.groq.rate_limits.bucket import DAY_SECONDS as DAY
from catalyst_groq.groq.rate_limits.bucket import (
    GROQ_LIMIT_KINDS,
    REQUEST_LATENCY_SECONDS,
    SAME_WINDOW_SECONDS,
    LeakyBucket,
)
from catalyst_groq.groq.rate_limits.bucket import MINUTE_SECONDS as MINUTE

limits = st.integers(1, 1_000_000)
windows = st.sampled_from([MINUTE, DAY])
amounts = st.floats(0, 1000)
times = st.lists(st.tuples(st.floats(-1000, 1000), st.floats(0, 100)), max_size=20)


@pytest.mark.parametrize(
    ("limit", "window", "used", "requested", "seconds"),
    [(6000, MINUTE, 5034, 1443, 4.77), (100_000, DAY, 99_996, 484, 414.72), (30, MINUTE, 30, 1, 2)],
)
def test_bucket_waits_equal_those_of_real_refusals(limit, window, used, requested, seconds):
    assert LeakyBucket(limit, window, used).time_until_capacity(requested, 0) == pytest.approx(seconds, abs=0.003)


def test_bucket_drains_evenly_within_its_window():
    bucket = LeakyBucket(8000, MINUTE).add(8000, now=10)
    start = 10 + REQUEST_LATENCY_SECONDS

    assert [bucket.level(start + seconds) for seconds in (0, 15, 30, 60, 90)] == [8000, 6000, 4000, 0, 0]


def test_bucket_drains_after_the_request_latency():
    assert LeakyBucket(60, MINUTE).add(60, now=0).time_until_capacity(1, now=0) == 1 + REQUEST_LATENCY_SECONDS


def test_bucket_that_is_empty_admits_what_is_too_large():
    assert LeakyBucket(8000, MINUTE).time_until_capacity(9000, 0) == 0
    assert LeakyBucket(8000, MINUTE, used=1).time_until_capacity(9000, 0) > 0


def test_bucket_admits_what_is_ahead_first():
    assert LeakyBucket(60, MINUTE, used=60).time_until_capacity(1, 0, ahead=2) == 3


@pytest.mark.parametrize(
    ("remaining", "used"), [(7000, 1000), (7900, 500), (None, 500)], ids=["less remains", "more remains", "unreported"]
)
def test_bucket_reconciles_to_the_smaller_remainder(remaining, used):
    assert LeakyBucket(8000, MINUTE, 500).reconcile(8000, remaining, 0).level(0) == used


def test_bucket_reconciles_its_limit():
    assert LeakyBucket(250_000, MINUTE, 500).reconcile(8000, None, 0) == LeakyBucket(8000, MINUTE, 500)


def used_by(limit, window, uses):
    bucket, now = LeakyBucket(limit, window), 0.0
    for amount, pause in uses:
        bucket = bucket.add(amount, now)
        now += pause
    return bucket, now


@given(limits, windows, times, amounts)
def test_bucket_wait_is_exact(limit, window, uses, wanted):
    bucket, now = used_by(limit, window, uses)
    wait = bucket.time_until_capacity(wanted, now)
    start = max(now, bucket.at)

    assert bucket.time_until_capacity(wanted, start + wait) == pytest.approx(0, abs=1e-6)
    if wait > 1e-6:
        assert bucket.time_until_capacity(wanted, now + wait * 0.99) > 0


@given(limits, windows, times)
def test_bucket_level_is_never_negative_and_drains(limit, window, uses):
    bucket, now = used_by(limit, window, uses)
    used = bucket.level(now)

    assert used >= 0
    assert bucket.level(max(now, bucket.at) + used / limit * window + 1e-3) == pytest.approx(0, abs=1e-3)


@given(limits, st.lists(st.tuples(amounts, amounts), max_size=20))
def test_bucket_refund_leaves_what_was_used(limit, requests):
    bucket = LeakyBucket(limit, MINUTE)
    for reserved, _ in requests:
        bucket = bucket.add(reserved, 0)
    for reserved, spent in requests:
        bucket = bucket.add(min(spent, reserved) - reserved, 0)

    assert bucket.level(0) == pytest.approx(sum(map(min, requests)), abs=1e-6)


@given(limits, amounts, amounts)
def test_bucket_never_has_more_than_groq_reports(limit, used, remaining):
    reconciled = LeakyBucket(limit, MINUTE, used).reconcile(limit, remaining, 0)

    assert limit - reconciled.level(0) <= remaining + 1e-6


def test_limit_kinds_have_their_windows():
    assert {kind.name: kind.window_seconds for kind in GROQ_LIMIT_KINDS} == {
        "RPM": 60,
        "RPD": 86_400,
        "TPM": 60,
        "TPD": 86_400,
        "OTPM": 60,
    }


def test_bucket_that_expires_holds_nothing_back_from_then_on():
    bucket = LeakyBucket(60, inf, used=60, at=0, expires=9)
    assert [bucket.time_until_capacity(1, now) for now in (0, 8, 9, 100)] == [9, 1, 0, 0]
    assert [bucket.level(now) for now in (0, 8.9, 9)] == [60, 60, 0]


def test_bucket_in_a_known_window_drains_before_it_expires():
    bucket = LeakyBucket(60, MINUTE, used=60, at=0, expires=60)
    assert [bucket.time_until_capacity(amount, 0) for amount in (1, 10, 1000)] == [1, 10, 60]


def test_bucket_counts_on_until_the_reset_that_was_named():
    """Two requests are on their way when the server reports one."""
    bucket = LeakyBucket(5, inf, expires=0).replace(5, inf, 4, reset=60, now=0).add(1, 0).add(1, 0)
    same = bucket.replace(5, inf, 4, reset=59 + SAME_WINDOW_SECONDS, now=1)
    assert (same.level(1), same.expires, same.period) == (3, 60, 60)
    assert same.replace(5, inf, 0, reset=58, now=2).level(2) == 5, "others use the limit too"
    later = bucket.replace(5, inf, 4, reset=89, now=1)
    assert (later.level(1), later.expires, later.period) == (1, 90, 89)


def test_bucket_counts_on_in_a_window_whose_reset_was_a_guess():
    renewed = LeakyBucket(5, inf, used=5, at=0, expires=60, period=20).renew(61).add(5, 61)
    assert (renewed.level(61), renewed.expires, renewed.renew(80)) == (5, 80, None)
    assert renewed.replace(5, inf, 4, reset=58, now=62) == LeakyBucket(5, inf, 5, 62, 120, 58)


def test_bucket_in_a_known_window_keeps_the_larger_usage():
    bucket = LeakyBucket(60, MINUTE, used=30, at=0, expires=30, period=30)
    assert bucket.replace(60, MINUTE, 50, reset=30, now=10) == LeakyBucket(60, MINUTE, 20, 10, 40, 30)
    assert bucket.replace(60, MINUTE, 50, reset=29, now=31) == LeakyBucket(60, MINUTE, 10, 31, 60, 29)


@given(limits, st.sampled_from([MINUTE, inf]), amounts, amounts, st.floats(0, 1e5))
def test_bucket_never_waits_beyond_the_reset(limit, window, remaining, wanted, reset):
    bucket = LeakyBucket(limit, inf, used=limit, at=0, expires=50, period=50)
    reported = bucket.replace(limit, window, remaining, reset, now=20)
    assert reported.time_until_capacity(wanted, now=20, ahead=limit) <= reset + 1e-9
