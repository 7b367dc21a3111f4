"""Durations in Go's notation, as Groq writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.groq.api.go_duration import format_go_duration, parse_go_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("585ms", 0.585),
        ("7.66s", 7.66),
        ("6s", 6),
        ("1m26.4s", 86.4),
        ("2m59.56s", 179.56),
        ("6m54.72s", 414.72),
        ("6m 11.52s", 371.52),
        ("11m0.528s", 660.528),
        ("3m51.983999999s", 231.983999999),
        ("1h23m45.6s", 5025.6),
        ("20m", 1200),
        ("250µs", 0.00025),
        ("250us", 0.00025),
        ("10ns", 1e-8),
        ("0s", 0),
    ],
)
def test_go_duration_is_parsed(text, seconds):
    assert parse_go_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "soon", "5", "s", "-5s", "5s!", "5 parsecs", "1.s", "in 5s"])
def test_go_duration_of_other_text_is_none(text):
    assert parse_go_duration(text) is None


@given(st.floats(0, 100_000))
def test_go_duration_is_formatted_to_the_millisecond_rounded_up(seconds):
    assert seconds - 1e-6 <= parse_go_duration(format_go_duration(seconds)) < seconds + 0.001 + 1e-6
