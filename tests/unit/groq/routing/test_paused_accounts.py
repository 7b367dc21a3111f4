"""Accounts whose key is refused: when they are paused, and when none is left."""

from dataclasses import replace

import pytest

from catalyst_groq.groq.api.error_kinds import ErrorKind
from catalyst_groq.groq.api.errors import classify
from catalyst_groq.groq.routing.circuit_breaker import OVERDUE_SECONDS, PROBE_WAIT_SECONDS
from catalyst_groq.groq.routing.paused_accounts import (
    MAX_KNOWN_ACCOUNTS,
    MAX_PROBE_INTERVAL_SECONDS,
    REFUSALS_UNTIL_PAUSE,
    PausedAccounts,
)
from support.factories import make_response, make_route

DENIED = classify(make_response(401, {"error": {"message": "Invalid API Key", "code": "invalid_api_key"}}))
A, B = make_route("a").endpoint, make_route("b").endpoint


def refuse(accounts, endpoint):
    """Refuse the key as often as it takes to pause the account."""
    for _ in range(REFUSALS_UNTIL_PAUSE):
        accounts.record_refused(endpoint, DENIED)


def test_refusals_that_are_not_in_a_row_pause_nothing(clock):
    accounts = PausedAccounts()
    for _ in range(5):
        for _ in range(REFUSALS_UNTIL_PAUSE - 1):
            accounts.record_refused(A, DENIED)
            assert (accounts.check(A), accounts.wait(A)) == (None, 30), "the refused task waits all the same"
        accounts.record_accepted(A)
    assert accounts.paused() == []


def test_refused_key_pauses_its_account_alone(clock):
    accounts = PausedAccounts()
    refuse(accounts, A)

    error = accounts.check(A)
    assert (error.kind, error.causes, error.wait) == (ErrorKind.AUTHENTICATION, DENIED.causes, 30)
    assert accounts.check(B) is None
    assert accounts.paused() == [A]


def test_refused_key_says_what_becomes_of_its_tasks(clock, caplog):
    refuse(PausedAccounts(), A)

    assert "Its tasks throw a BPMN error that their process catches, or wait in the engine. One" in caplog.text


def test_refused_key_is_tried_now_and_then_and_ever_more_rarely(clock):
    accounts, intervals = PausedAccounts(), []
    refuse(accounts, A)
    for _ in range(6):
        intervals.append(accounts.wait(A))
        clock.now += accounts.wait(A)
        assert accounts.check(A) is None
        assert accounts.check(A).wait == PROBE_WAIT_SECONDS, "one request is enough"
        accounts.record_refused(A, DENIED)
    assert intervals == [30, 60, 120, 240, MAX_PROBE_INTERVAL_SECONDS, MAX_PROBE_INTERVAL_SECONDS]


def test_refusals_at_once_are_one_pause(clock, caplog):
    accounts = PausedAccounts()
    for _ in range(50):
        accounts.record_refused(A, DENIED)
    assert accounts.wait(A) == 30
    assert len(caplog.messages) == 1


def test_accepted_key_ends_the_pause(clock, caplog):
    caplog.set_level("INFO")
    accounts = PausedAccounts()
    refuse(accounts, A)
    accounts.record_accepted(A)
    assert accounts.paused() == [A], "the response is to a request that was sent before"
    clock.now += 31
    assert accounts.check(A) is None
    assert accounts.blocked() == ["a"], "the probe is under way"
    accounts.record_accepted(A)
    assert (accounts.check(A), accounts.paused(), accounts.blocked()) == (None, [], ())
    assert [message.split(" is refused:")[0] for message in caplog.messages] == [
        "The key or account of the endpoint a",
        "The pause of the endpoint a has ended: its key is accepted, or is no longer used",
    ]


def test_key_of_a_task_pauses_nothing_and_waits_for_nothing(clock):
    accounts, own = PausedAccounts(), replace(A, is_operators=False)
    accounts.record_refused(own, DENIED)
    assert (accounts.check(A), accounts.paused()) == (None, [])
    refuse(accounts, A)
    assert (accounts.check(own), accounts.wait(own)) == (None, None)


def test_blocked_only_if_no_account_is_left(clock):
    accounts = PausedAccounts(30, [A, B])
    assert accounts.blocked() == ()
    refuse(accounts, A)
    assert accounts.blocked() == ()
    refuse(accounts, B)
    assert accounts.blocked() == ["a", "b"]
    clock.now += 31
    assert accounts.check(B) is None
    accounts.record_accepted(B)
    assert accounts.blocked() == ()


@pytest.mark.parametrize("changed", ["to a bad key", "to a good key"])
def test_blocked_after_a_key_was_changed(clock, changed):
    """The account of a replaced key still counts for nothing."""
    accounts = PausedAccounts()
    old, new = (replace(A, account=replace(A.account, key=key)) for key in ("old", "new"))
    if changed == "to a bad key":
        accounts.record_accepted(old)
        refuse(accounts, new)
        assert accounts.blocked() == ["a"]
    else:
        refuse(accounts, old)
        accounts.record_accepted(new)
        assert accounts.blocked() == ()
        clock.now += 31 + OVERDUE_SECONDS
        assert accounts.paused() == []


def test_probe_that_shows_nothing_is_released(clock):
    accounts = PausedAccounts()
    refuse(accounts, A)
    clock.now += 31
    assert accounts.check(A) is None
    accounts.release_probe(A)
    assert accounts.check(A) is None


def test_refused_key_leaves_another_that_works_at_the_same_endpoint(clock):
    """Tasks may use several secrets at one endpoint, whose name is the same for all."""
    accounts = PausedAccounts()
    good, bad = (replace(A, account=replace(A.account, key=key)) for key in ("good", "bad"))
    accounts.record_accepted(good)
    accounts.record_refused(bad, DENIED)
    accounts.record_accepted(good)
    refuse(accounts, bad)
    assert (accounts.paused(), accounts.blocked()) == ([bad], ())
    clock.now += 31
    assert accounts.check(bad) is None
    accounts.record_refused(bad, DENIED)
    assert accounts.blocked() == ()


def test_single_refusal_forgets_no_account(clock):
    accounts = PausedAccounts()
    good, bad = (replace(A, account=replace(A.account, key=key)) for key in ("good", "bad"))
    accounts.record_accepted(good)
    accounts.record_refused(bad, DENIED)
    refuse(accounts, B)
    assert accounts.blocked() == ()


def test_refused_accounts_are_bounded(clock):
    accounts = PausedAccounts()
    for number in range(2 * MAX_KNOWN_ACCOUNTS):
        accounts.record_refused(replace(A, account=replace(A.account, key=str(number))), DENIED)
    assert len(accounts._maybe_replaced) == MAX_KNOWN_ACCOUNTS
