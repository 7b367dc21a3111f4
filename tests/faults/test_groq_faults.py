"""Groq fails: errors, broken or slow responses, invalid JSON, silence. How many requests follow, and what outcome."""

from typing import Any

import pytest

from catalyst_groq.sandbox.process_client import wait_for

pytestmark = pytest.mark.engine
THREE_ATTEMPTS = {"catalyst_retries": "R3/PT0S", "catalyst_timeout": "1"}
FAULTS: dict[str, dict[str, Any]] = {
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


@pytest.mark.parametrize("fault", FAULTS)
def test_transient_fault_costs_one_retry(fault_environment, fault):
    fault_environment.emulator.next(1, **FAULTS[fault])
    instance = fault_environment.instance(properties=THREE_ATTEMPTS)
    with fault_environment.worker():
        assert instance.task() == "Review"
    assert len(fault_environment.emulator.calls) == 2


def test_permanent_fault_is_one_incident_after_three_attempts(fault_environment):
    instances = {}
    for fault, rule in FAULTS.items():
        fault_environment.emulator.next(None, when={"contains": f"<{fault}>"}, **rule)
        instances[fault] = fault_environment.instance(
            properties=THREE_ATTEMPTS, variables={"userMessage": f"<{fault}>"}
        )
    with fault_environment.worker(circuit_threshold="100"):
        for fault, instance in instances.items():
            assert instance.incident().startswith("Groq: "), fault
            assert instance.state() == "ACTIVE"
    prompts = [call.messages[-1]["content"] for call in fault_environment.emulator.calls]
    assert {fault: prompts.count(f"<{fault}>") for fault in FAULTS} == dict.fromkeys(FAULTS, 3)


def test_rate_limit_is_waited_out_without_a_retry(fault_environment):
    fault_environment.emulator.next(4, status=429, headers={"retry-after": "1"})
    instance = fault_environment.instance(properties={"catalyst_retries": "R1/PT0S"})
    with fault_environment.worker():
        assert instance.task() == "Review"
    assert [call.status for call in fault_environment.emulator.calls] == [429] * 4 + [200]


def test_retries_are_not_spent_by_rate_limit_or_restart(fault_environment):
    for rule in ({"status": 503}, {"status": 429, "headers": {"retry-after": "1"}}, {"fault": "hang"}):
        fault_environment.emulator.next(1, **rule)
    instance = fault_environment.instance()
    with fault_environment.worker(shutdown_timeout="PT0S"):
        wait_for("the call that hangs", lambda: len(fault_environment.emulator.calls) == 3, timeout=20)
    fault_environment.emulator.next(None, status=503)
    with fault_environment.worker():
        assert instance.incident().startswith("Groq: 503")
    assert [call.status for call in fault_environment.emulator.calls] == [503, 429, None, 503, 503]


def test_long_rate_limit_wait_is_left_to_the_engine(fault_environment):
    fault_environment.emulator.next(1, status=429, headers={"retry-after": "90"})
    instance = fault_environment.instance(properties={"catalyst_retries": "R2/PT0S"})
    with fault_environment.worker():
        task = instance.failed_task()
    assert (task["retries"], instance.process_client.incidents(instance.id)) == (2, [])
    assert len(fault_environment.emulator.calls) == 1


def test_rate_limit_wait_ends_after_give_up_time(fault_environment):
    fault_environment.emulator.next(None, status=429, headers={"retry-after": "1"})
    with fault_environment.worker():
        instance = fault_environment.instance(
            properties={"catalyst_giveUpAfter": "PT3S", "catalyst_errorMapping": "{}"}
        )
        assert instance.incident().startswith("Groq: 429")
    assert 2 <= len(fault_environment.emulator.calls) <= 4
