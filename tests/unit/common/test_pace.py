"""Calls at a bounded rate."""

import pytest

from catalyst_groq.common.pace import Pace


def test_pace_spreads_calls_evenly():
    now = [100.0]
    pace = Pace(4, lambda: now[0])

    assert [pace.reserve() for _ in range(3)] == pytest.approx([0, 0.25, 0.5])
    now[0] += 0.5
    assert pace.reserve() == pytest.approx(0.25)


def test_pace_allows_no_burst_after_a_pause():
    now = [100.0]
    pace = Pace(4, lambda: now[0])
    pace.reserve()
    now[0] += 60

    assert [pace.reserve(), pace.reserve()] == pytest.approx([0, 0.25])
