"""The log lines of an engine outage."""

from catalyst_groq.camunda.outage import OutageMonitor
from catalyst_groq.errors import EngineRefused, EngineUnreachable


def test_outage_is_logged_once_and_its_end_once(caplog):
    caplog.set_level("INFO")
    outage = OutageMonitor("http://engine")
    outage.record_success()
    for _ in range(3):
        outage.record_failure(EngineUnreachable("Engine unreachable at http://engine: refused"))
    for _ in range(2):
        outage.record_success()
    outage.record_failure(EngineUnreachable("Engine unreachable again"))

    assert caplog.messages == [
        "Engine unreachable at http://engine: refused. Retrying until it responds.",
        caplog.messages[1],
        "Engine unreachable again. Retrying until it responds.",
    ]
    assert caplog.messages[1].startswith("Engine at http://engine responds again after 0")


def test_outage_interrupts_with_each_failure_and_at_its_end():
    interruptions = []
    outage = OutageMonitor("http://engine", lambda: interruptions.append(1))
    outage.record_success()
    assert not interruptions
    for _ in range(2):
        outage.record_failure(EngineUnreachable("away"))
    assert len(interruptions) == 2
    for _ in range(2):
        outage.record_success()
    assert len(interruptions) == 3


def test_outage_of_an_engine_that_refuses_names_its_url(caplog):
    OutageMonitor("http://engine").record_failure(EngineRefused(403, "AuthorizationException", "no"))

    message = "Engine at http://engine refuses requests: 403 AuthorizationException: no. Retrying until it responds."
    assert caplog.messages == [message]


def test_outage_that_ends_with_a_question_has_one_mark(caplog):
    OutageMonitor("http://engine").record_failure(EngineUnreachable("404. Is /engine-rest missing?"))
    assert caplog.messages == ["404. Is /engine-rest missing? Retrying until it responds."]


def test_outage_counts_failures_and_the_seconds_since_it_began():
    outage = OutageMonitor("http://engine")
    assert outage.seconds == 0
    outage.record_failure(EngineUnreachable("away"))
    outage.record_failure(EngineRefused(403, "AuthorizationException", "no"))
    assert outage.seconds > 0
    assert outage.failures == {"unreachable": 1, "refused": 1}
    outage.record_success()
    assert outage.seconds == 0
