"""Exponential backoff."""

from catalyst_groq.common.backoff import Backoff


def test_backoff_doubles_up_to_its_maximum_with_equal_jitter():
    backoff = Backoff(initial_seconds=0.5, max_seconds=30)
    for ceiling in [0.5, 1, 2, 4, 8, 16, 30, 30, 30]:
        assert ceiling / 2 <= backoff.next() <= ceiling


def test_backoff_starts_again_after_a_reset():
    backoff = Backoff(initial_seconds=1, max_seconds=60)
    for _ in range(5):
        backoff.next()
    backoff.reset()
    assert backoff.next() <= 1


def test_backoff_survives_thousands_of_failures():
    backoff = Backoff()
    assert max(backoff.next() for _ in range(3_000)) <= 30
