"""What servers other than Groq report about their limits."""

import time
from datetime import UTC, datetime
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.groq.api.go_duration import format_go_duration
from catalyst_groq.groq.rate_limits.bucket import DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS, LimitKind
from catalyst_groq.groq.rate_limits.other_servers import WINDOWS, WindowEvidence, parse_reports
from catalyst_groq.groq.rate_limits.queue import LimitUpdate

REQUESTS, TOKENS = LimitKind.REQUESTS, LimitKind.TOKENS


def spelled(name, limit="60", remaining="59", reset="1s"):
    return {name.format("limit"): limit, name.format("remaining"): remaining, name.format("reset"): reset}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("x-ratelimit-{}-requests", REQUESTS),
        ("x-ratelimit-{}-tokens", TOKENS),
        ("x-ratelimit-{}", REQUESTS),
        ("ratelimit-{}", REQUESTS),
        ("anthropic-ratelimit-requests-{}", REQUESTS),
        ("anthropic-ratelimit-tokens-{}", TOKENS),
    ],
)
def test_report_is_read_in_each_spelling(name, kind):
    assert list(parse_reports(spelled(name))) == [LimitUpdate(kind, 60, 59, 1)]


def test_report_that_is_most_specific_counts():
    headers = spelled("x-ratelimit-{}", limit="7") | spelled("x-ratelimit-{}-requests") | spelled("ratelimit-{}")
    assert list(parse_reports(headers)) == [LimitUpdate(REQUESTS, 60, 59, 1)]


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("1s", 1),
        ("6ms", 0.006),
        ("2m59.56s", 179.56),
        ("1h", 3600),
        ("30", 30),
        ("11.38", 11.38),
        ("0", 0),
        ("-5", 0),
        ("10000000000000000", DAY_SECONDS),
    ],
)
def test_reset_is_read_in_each_form(reset, seconds):
    [report] = parse_reports(spelled("x-ratelimit-{}-requests", reset=reset))
    assert report.reset == pytest.approx(seconds)


@pytest.mark.parametrize(
    "write",
    [lambda at: f"{at:.0f}", lambda at: f"{at * 1000:.0f}", lambda at: datetime.fromtimestamp(at, UTC).isoformat()],
    ids=["Unix seconds", "Unix milliseconds", "ISO date"],
)
def test_reset_may_be_a_time(write):
    [report] = parse_reports(spelled("x-ratelimit-{}-requests", reset=write(time.time() + 600)))
    assert report.reset == pytest.approx(600, abs=2)


@pytest.mark.parametrize(
    ("limit", "count"), [("100, 100;w=60", 100), ("100;w=60", 100), (" 100 ", 100), ("100.0", 100), ("99.9", 99)]
)
def test_count_may_have_a_policy_or_a_fraction(limit, count):
    [report] = parse_reports(spelled("ratelimit-{}", limit=limit))
    assert report.limit == count


@pytest.mark.parametrize(
    "changed",
    [
        {"limit": ""},
        {"limit": "0"},
        {"limit": "-1"},
        {"limit": "many"},
        {"remaining": ""},
        {"remaining": "None"},
        {"remaining": "-1"},
        {"reset": ""},
        {"reset": "soon"},
        {"reset": "nan"},
        {"reset": "9" * 30_000},
        {"limit": "9" * 30_000},
    ],
)
def test_report_that_is_incomplete_is_none(changed):
    assert list(parse_reports(spelled("x-ratelimit-{}-requests", **changed))) == []


def test_report_without_a_reset_is_none():
    assert list(parse_reports({"x-ratelimit-limit-requests": "5", "x-ratelimit-remaining-requests": "0"})) == []


def window_after(*reports, limit=60):
    evidence, window = WindowEvidence(), None
    for remaining, reset in reports:
        window = evidence.find_window(LimitUpdate(REQUESTS, limit, remaining, reset))
    return window


@pytest.mark.parametrize(
    ("limit", "remaining", "reset", "window"),
    [
        (5000, 4990, 0.12, MINUTE_SECONDS),
        (160_000, 100_000, 22.5, MINUTE_SECONDS),
        (60, 0, 60, MINUTE_SECONDS),
        (200, 191, 3561.346, DAY_SECONDS),
        (1000, 900, 360, HOUR_SECONDS),
        (60, 0, 1, inf),
        (150_000, 100_000, 0.006, inf),
        (60, 50, 45, inf),
        (60, 60, 0, inf),
        (60, 70, 30, inf),
        (60, 59, 1, inf),
    ],
    ids=[
        "OpenAI",
        "tokens of OpenAI",
        "nothing left",
        "day",
        "hour",
        "a second",
        "no figures that fit",
        "fixed window",
        "nothing used",
        "more remains than the limit",
        "several windows fit",
    ],
)
def test_window_follows_from_limit_remainder_and_reset(limit, remaining, reset, window):
    assert window_after((remaining, reset), limit=limit) == window


def test_window_fits_all_reports():
    """A fixed minute of which half is used after half of it looks like one that drains evenly, but not later."""
    assert window_after((30, 30)) == MINUTE_SECONDS
    assert window_after((30, 30), (30, 10)) == inf
    assert window_after((30, 30), (30, 10), (30, 30)) == inf


def test_window_is_found_anew_when_the_limit_changes():
    evidence = WindowEvidence()
    evidence.find_window(LimitUpdate(REQUESTS, 60, 30, 10))
    assert evidence.find_window(LimitUpdate(REQUESTS, 120, 60, 30)) == MINUTE_SECONDS
    assert evidence.find_window(LimitUpdate(TOKENS, 60, 30, 30)) == MINUTE_SECONDS


@given(
    limit=st.integers(10, 1_000_000),
    window=st.sampled_from(WINDOWS),
    used=st.lists(st.floats(0, 1), min_size=1, max_size=20),
    write=st.sampled_from([format_go_duration, lambda seconds: f"{seconds:.0f}"]),
)
def test_window_of_usage_that_drains_evenly_is_never_ruled_out(limit, window, used, write):
    evidence = WindowEvidence()
    for share in used:
        count = share * limit
        headers = spelled("x-ratelimit-{}-requests", str(limit), str(int(limit - count)), write(count / limit * window))
        [report] = parse_reports(headers)
        assert evidence.find_window(report) in (window, inf)
    evidence.find_window(LimitUpdate(REQUESTS, limit, 0, window))
    assert evidence.find_window(LimitUpdate(REQUESTS, limit, 0, window)) == window


@given(limit=st.integers(10, 10_000), window=st.sampled_from([10.0, 60.0, 3600.0]))
def test_fixed_window_is_not_taken_for_one_that_drains(limit, window):
    """All requests come in the first tenth of a fixed window."""
    evidence = WindowEvidence()
    found = [
        evidence.find_window(LimitUpdate(REQUESTS, limit, limit - used, round(window * (1 - 0.1 * used / limit))))
        for used in range(1, limit + 1, max(limit // 10, 1))
    ]
    assert found[-1] == inf
