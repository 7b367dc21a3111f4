from catalyst_groq.camunda.outage import OutageMonitor
from catalyst_groq.errors import EngineUnreachable


def test_outage_is_logged_once_at_its_start_and_once_at_its_end(caplog):
    caplog.set_level("INFO")
    outage = OutageMonitor("http://engine")
    outage.record_success()
    for _ in range(3):
        outage.record_failure(EngineUnreachable("The engine at http://engine cannot be reached: refused"))
    for _ in range(2):
        outage.record_success()
    outage.record_failure(EngineUnreachable("Gone again"))

    assert caplog.messages == [
        "The engine at http://engine cannot be reached: refused. Asking again until it answers.",
        caplog.messages[1],
        "Gone again. Asking again until it answers.",
    ]
    assert caplog.messages[1].startswith("The engine at http://engine answers again after 0.0 s")
