from catalyst_groq.common.backoff import Backoff


def test_backoff_doubles_up_to_the_maximum_with_equal_jitter():
    backoff = Backoff(initial_seconds=0.5, max_seconds=30)
    for ceiling in [0.5, 1, 2, 4, 8, 16, 30, 30, 30]:
        assert ceiling / 2 <= backoff.next() <= ceiling


def test_backoff_with_full_jitter_uses_the_whole_range():
    first_delays = [Backoff(initial_seconds=1, full_jitter=True).next() for _ in range(200)]
    assert min(first_delays) < 0.25
    assert 0.75 < max(first_delays) <= 1


def test_backoff_with_full_jitter_doubles_up_to_the_maximum():
    backoffs = [Backoff(initial_seconds=0.5, max_seconds=4, full_jitter=True) for _ in range(200)]
    for ceiling in [0.5, 1, 2, 4, 4]:
        assert ceiling / 2 < max(backoff.next() for backoff in backoffs) <= ceiling


def test_backoff_reset_starts_from_the_initial_delay():
    backoff = Backoff(initial_seconds=1, max_seconds=60)
    for _ in range(5):
        backoff.next()
    backoff.reset()
    assert backoff.next() <= 1


def test_backoff_does_not_overflow_in_a_long_outage():
    backoff = Backoff()
    assert max(backoff.next() for _ in range(3_000)) <= 30
