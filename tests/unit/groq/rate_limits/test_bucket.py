"""Leaky buckets: the figures of real refusals, and laws that hold for all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.groq.rate_limits.bucket import DAY_SECONDS as DAY
from catalyst_groq.groq.rate_limits.bucket import MINUTE_SECONDS as MINUTE
from catalyst_groq.groq.rate_limits.bucket import REQUEST_LATENCY_SECONDS, LeakyBucket, LimitKind

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
    assert {kind.name: kind.window_seconds for kind in LimitKind} == {
        "RPM": 60,
        "RPD": 86_400,
        "TPM": 60,
        "TPD": 86_400,
        "OTPM": 60,
    }
