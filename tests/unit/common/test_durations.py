"""Durations in words for people."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.common.durations import format_duration

SECONDS = {"d": 86_400, "h": 3600, "min": 60, "s": 1}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "0 s"),
        (0, "0 s"),
        (0.0167, "0.1 s"),
        (0.5, "0.5 s"),
        (1, "1 s"),
        (1.1, "1.1 s"),
        (7.66, "7.7 s"),
        (9.99, "10 s"),
        (30.5, "31 s"),
        (59.2, "1 min"),
        (80, "1 min 20 s"),
        (900, "15 min"),
        (3599.5, "1 h"),
        (3661, "1 h 2 min"),
        (17_279.9, "4 h 48 min"),
        (86_399, "24 h"),
        (86_400, "1 d"),
        (90_001, "1 d 2 h"),
        (31 * 86_400, "31 d"),
    ],
)
def test_duration_is_written_in_words(seconds, text):
    assert format_duration(seconds) == text


@given(st.floats(0, 1e9))
def test_duration_is_rounded_up_by_less_than_its_smallest_unit(seconds):
    parts = re.findall(r"([\d.]+) (d|h|min|s)", format_duration(seconds))
    written = sum(float(number) * SECONDS[unit] for number, unit in parts)
    rounding = 0.1 if seconds < 9.9 else 1 if seconds < 3599 else 60 if seconds < 86_340 else 3600
    assert len(parts) <= 2
    assert seconds - 1e-5 <= written < seconds + rounding
