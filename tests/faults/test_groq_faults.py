"""Groq refuses, breaks off, is slow, talks nonsense or says nothing: how often it is asked, and what comes of it."""

import pytest

from catalyst_groq.sandbox.process_client import wait_for

pytestmark = pytest.mark.engine
THREE_TRIES = {"catalyst_retries": "R3/PT0S", "catalyst_timeout": "1"}
RETRIED = {
    "498": {"status": 498},
    "500": {"status": 500},
    "503": {"status": 503},
    "reset": {"fault": "reset"},
    "cut": {"fault": "cut"},
    "garbage": {"fault": "garbage"},
    "slow": {"delay": 5},
    "never": {"fault": "hang"},
    "no JSON": {"status": 200, "body": "<html>a captive portal</html>"},
}


@pytest.mark.parametrize("fault", RETRIED)
def test_a_fault_that_passes_costs_one_more_try(fault_environment, fault):
    fault_environment.emulator.next(1, **RETRIED[fault])
    instance = fault_environment.instance(properties=THREE_TRIES)
    with fault_environment.worker():
        assert instance.task() == "Review"
    assert len(fault_environment.emulator.calls) == 2


def test_faults_that_do_not_pass_are_one_incident_after_three_tries_each(fault_environment):
    instances = {}
    for fault, rule in RETRIED.items():
        fault_environment.emulator.next(None, when={"contains": f"<{fault}>"}, **rule)
        instances[fault] = fault_environment.instance(properties=THREE_TRIES, variables={"userMessage": f"<{fault}>"})
    with fault_environment.worker(circuit_threshold="100"):
        for fault, instance in instances.items():
            assert instance.incident().startswith("Groq: "), fault
            assert instance.state() == "ACTIVE"
    asked = [call.messages[-1]["content"] for call in fault_environment.emulator.calls]
    assert {fault: asked.count(f"<{fault}>") for fault in RETRIED} == dict.fromkeys(RETRIED, 3)


def test_a_limit_is_waited_out_and_burns_no_retry(fault_environment):
    fault_environment.emulator.next(4, status=429, headers={"retry-after": "1"})
    instance = fault_environment.instance(properties={"catalyst_retries": "R1/PT0S"})
    with fault_environment.worker():
        assert instance.task() == "Review"
    assert [call.status for call in fault_environment.emulator.calls] == [429] * 4 + [200]


def test_a_limit_and_a_stop_between_the_tries_leave_three_tries_three(fault_environment):
    for rule in ({"status": 503}, {"status": 429, "headers": {"retry-after": "1"}}, {"fault": "hang"}):
        fault_environment.emulator.next(1, **rule)
    instance = fault_environment.instance()
    with fault_environment.worker(shutdown_timeout="PT0S"):
        wait_for("the call that hangs", lambda: len(fault_environment.emulator.calls) == 3, timeout=20)
    fault_environment.emulator.next(None, status=503)
    with fault_environment.worker():
        assert instance.incident().startswith("Groq: 503")
    assert [call.status for call in fault_environment.emulator.calls] == [503, 429, None, 503, 503]


def test_a_long_wait_is_the_engines_and_burns_no_retry(fault_environment):
    fault_environment.emulator.next(1, status=429, headers={"retry-after": "90"})
    instance = fault_environment.instance(properties={"catalyst_retries": "R2/PT0S"})
    with fault_environment.worker():
        task = instance.failed_task()
    assert (task["retries"], instance.process_client.incidents(instance.id)) == (2, [])
    assert len(fault_environment.emulator.calls) == 1


def test_waiting_ends_after_the_time_the_modeller_gives(fault_environment):
    fault_environment.emulator.next(None, status=429, headers={"retry-after": "1"})
    with fault_environment.worker():
        instance = fault_environment.instance(
            properties={"catalyst_giveUpAfter": "PT3S", "catalyst_errorMapping": "{}"}
        )
        assert instance.incident().startswith("Groq: 429")
    assert 2 <= len(fault_environment.emulator.calls) <= 4
