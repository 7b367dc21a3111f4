"""The Retries field: how many attempts a task has, and the waits in between."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.connector.fields.retry_cycle import RetryCycle, parse_duration
from catalyst_groq.errors import FieldError


def waits_of(cycle, retries=None):
    """The waits between all attempts of a task that never succeeds."""
    waits: list[float] = []
    while True:
        retries, wait = cycle.after_failure(retries)
        if not retries:
            return waits
        waits.append(wait.total_seconds())


@pytest.mark.parametrize(
    ("text", "waits"),
    [
        ("R3/PT10S", [10, 10]),
        ("R1/PT10S", []),
        ("R0/PT10S", []),
        (" R5/P1D ", [86400] * 4),
        ("PT10S", [10]),
        ("PT10S, PT1M,PT1H", [10, 60, 3600]),
    ],
)
def test_retry_cycle_sets_attempts_and_waits(text, waits):
    assert waits_of(RetryCycle.parse("f", text)) == waits


def test_retry_cycle_counts_before_the_first_failure():
    cycle = RetryCycle.parse("f", "R3/PT10S")
    assert cycle.retries_left(None) == 3
    assert cycle.retries_left(1) == 1


def test_retry_cycle_uses_retries_that_an_operator_adds():
    assert waits_of(RetryCycle.parse("f", "PT10S,PT1M"), retries=6) == [10, 10, 10, 10, 60]


@given(st.integers(0, 50), st.none() | st.integers(-5, 100))
def test_retry_cycle_counts_down_to_zero(times, retries):
    cycle = RetryCycle.parse("f", f"R{times}/PT1S")
    seen = [cycle.retries_left(retries)]
    while seen[-1] > 0:
        left, wait = cycle.after_failure(seen[-1])
        assert wait == timedelta(seconds=1)
        seen.append(left)
    assert all(after == before - 1 for before, after in pairwise(seen))
    assert cycle.after_failure(seen[-1])[0] == 0


@pytest.mark.parametrize(
    "text", ["3", "R3", "R/PT10S", "R-1/PT10S", "R3/10", "r3/PT10S", "R3/PT10S,PT1M", "PT10S,", "PT10S;PT1M", "soon"]
)
def test_retry_cycle_that_is_wrong_names_the_fix(text):
    with pytest.raises(
        FieldError, match=r"^f: '.*' is not an ISO 8601 duration .*\. Write R3/PT10S \(three attempts"
    ) as caught:
        RetryCycle.parse("f", text)
    assert caught.value.field == "f"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT30S", 30), (" PT1.5S ", 1.5), ("PT1H30M", 5400), ("P1DT1S", 86401), ("P1W", 604800), ("PT0S", 0)],
)
def test_duration_is_parsed_as_iso_8601(text, seconds):
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "-PT1S", "P-1D", "PT10", "10", "10s", "00:10:00", "pt10s", "P99999999999D"]
)
def test_duration_in_another_form_is_refused(text):
    with pytest.raises(ValueError, match=r"is not an ISO 8601 duration such as PT30S"):
        parse_duration(text)
