"""An engine that is away."""

from catalyst_groq.camunda.outage import OutageMonitor
from catalyst_groq.common.backoff import Backoff
from catalyst_groq.errors import EngineUnreachable


def test_waits_double_up_to_the_longest_each_from_its_upper_half():
    backoff = Backoff(initial_seconds=0.5, max_seconds=30)
    for ceiling in [0.5, 1, 2, 4, 8, 16, 30, 30, 30]:
        assert ceiling / 2 <= backoff.next() <= ceiling


def test_a_success_starts_the_waits_anew():
    backoff = Backoff(initial_seconds=1, max_seconds=60)
    for _ in range(5):
        backoff.next()
    backoff.reset()
    assert backoff.next() <= 1


def test_an_outage_of_a_night_does_not_end_the_waits():
    backoff = Backoff()
    assert max(backoff.next() for _ in range(3_000)) <= 30


def test_an_outage_is_said_once_and_its_end_once(caplog):
    caplog.set_level("INFO")
    outage = OutageMonitor("http://engine")
    outage.record_success()
    for _ in range(3):
        outage.record_failure(EngineUnreachable("The engine at http://engine cannot be reached: refused"))
    for _ in range(2):
        outage.record_success()
    outage.record_failure(EngineUnreachable("Gone again"))

    assert caplog.messages == [
        "The engine at http://engine cannot be reached: refused. Retrying until it responds.",
        caplog.messages[1],
        "Gone again. Retrying until it responds.",
    ]
    assert caplog.messages[1].startswith("The engine at http://engine answers again after 0.0 s")
