"""The FIFO queue before rate limits."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.groq.rate_limits.bucket import REQUEST_LATENCY_SECONDS, LimitKind
from catalyst_groq.groq.rate_limits.queue import (
    MAX_QUEUES,
    PROBE_TIMEOUT_SECONDS,
    QUEUE_POLL_INTERVAL_SECONDS,
    TICKET_TTL_SECONDS,
    InMemoryBackend,
    LimitQueue,
    LimitUpdate,
    PauseUpdate,
    Ticket,
)

RPM, TPM, REQUESTS = LimitKind.RPM, LimitKind.TPM, LimitKind.REQUESTS
FIGURES = {RPM: 60, TPM: 6000}


def amounts(tokens=1):
    return {RPM: 1, TPM: tokens, REQUESTS: 1}


def full():
    queue = LimitQueue()
    queue.acquire(Ticket(0, "before"), amounts(6000), FIGURES, now=0)
    return queue


def test_queue_reserves_in_all_buckets():
    admission = LimitQueue().acquire(Ticket(0, "a"), amounts(100), FIGURES, now=0)

    assert (admission.wait, admission.reserved) == (0, {RPM: 1, TPM: 100})
    assert {kind: bucket.used for kind, bucket in admission.snapshot.buckets.items()} == {RPM: 1, TPM: 100}


def test_queue_without_limits_admits_everything():
    admission = LimitQueue().acquire(Ticket(0, "a"), amounts(10**9), {}, now=0)

    assert (admission.wait, admission.reserved) == (0, {})


def test_queue_wait_reserves_nothing_and_names_the_limit():
    queue = full()
    admission = queue.acquire(Ticket(1, "a"), amounts(1000), FIGURES, now=0)

    assert (admission.wait, admission.exhausted, admission.reserved) == (10 + REQUEST_LATENCY_SECONDS, TPM, {})
    assert queue.buckets[TPM].used == 6000
    assert admission.snapshot.waiting[TPM] == 1000


def test_queue_small_request_does_not_overtake():
    queue = full()
    large = queue.acquire(Ticket(1, "large"), amounts(250), FIGURES, now=0)
    small = queue.acquire(Ticket(2, "small"), amounts(10), FIGURES, now=0)

    assert large.wait == pytest.approx(2.5 + REQUEST_LATENCY_SECONDS)
    assert small.wait == pytest.approx(large.wait + 0.1)
    queue.acquire(Ticket(1, "large"), amounts(250), FIGURES, now=2)
    now = large.wait + 0.01
    assert queue.acquire(Ticket(2, "small"), amounts(10), FIGURES, now).wait > 0
    assert queue.acquire(Ticket(1, "large"), amounts(250), FIGURES, now).wait == 0
    assert queue.acquire(Ticket(2, "small"), amounts(10), FIGURES, now + 0.1).wait == 0


def test_queue_admits_the_oldest_ticket_first():
    queue = full()
    queue.acquire(Ticket(2, "late"), amounts(60), FIGURES, now=0)
    queue.acquire(Ticket(1, "early"), amounts(60), FIGURES, now=0)
    now = REQUEST_LATENCY_SECONDS + 0.7

    assert queue.acquire(Ticket(2, "late"), amounts(60), FIGURES, now).wait > 0
    assert queue.acquire(Ticket(1, "early"), amounts(60), FIGURES, now).wait == 0


def test_queue_drops_a_ticket_after_its_ttl():
    queue = full()
    queue.acquire(Ticket(1, "gone"), amounts(3000), FIGURES, now=0)
    wait = queue.acquire(Ticket(2, "a"), amounts(10), FIGURES, now=TICKET_TTL_SECONDS).wait

    assert wait < queue.acquire(Ticket(1, "gone"), amounts(3000), FIGURES, now=TICKET_TTL_SECONDS).wait


def test_queue_refund_shortens_waits():
    queue = full()
    before = queue.acquire(Ticket(1, "a"), amounts(1000), FIGURES, now=0).wait
    queue.settle({RPM: 0, TPM: -5900}, (), now=1)

    assert before > 1
    assert queue.acquire(Ticket(1, "a"), amounts(1000), FIGURES, now=1).wait == 0


def test_queue_keeps_limits_that_groq_reports():
    queue = LimitQueue()
    queue.settle({}, [LimitUpdate(RPM, 30, 0)], now=0)
    admission = queue.acquire(Ticket(0, "a"), amounts(), {}, now=0)

    assert (admission.wait, admission.exhausted) == (2, RPM)
    assert queue.acquire(Ticket(0, "a"), amounts(), FIGURES, now=0).wait == 2, "what Groq reported is kept"


def reported(remaining, reset, limit=5):
    return [LimitUpdate(REQUESTS, limit, remaining, reset)]


def test_queue_holds_back_until_the_reset_of_a_report():
    queue = LimitQueue()
    queue.settle({}, reported(1, 10), now=0)
    waits = [queue.acquire(Ticket(number, str(number)), amounts(), {}, now).wait for number, now in ((0, 1), (1, 2))]
    assert waits == [0, 8]


def test_queue_admits_the_limit_once_more_after_a_reset():
    """The next window lasts as long as was reported at least. After that, nothing is known."""
    queue = LimitQueue()
    queue.settle({}, reported(0, 10), now=0)
    admissions = [queue.acquire(Ticket(number, str(number)), amounts(), {}, now=11) for number in range(6)]
    assert [admission.wait for admission in admissions] == [0, 0, 0, 0, 0, 9]
    assert [queue.acquire(Ticket(9, "9"), amounts(), {}, now=20).wait for _ in range(6)] == [0] * 6
    assert queue.buckets == {}


def test_queue_forgets_a_report_whose_server_is_silent():
    queue = LimitQueue()
    queue.settle({}, reported(0, 10), now=0)
    assert [queue.acquire(Ticket(0, "0"), amounts(), {}, now=21).wait for _ in range(20)] == [0] * 20


def test_queue_capacity_is_what_fits_behind_waiters():
    queue = LimitQueue()
    assert queue.snapshot(0).requests_that_fit(amounts(), 0) == float("inf")
    queue.acquire(Ticket(0, "a"), amounts(1000), FIGURES, now=0)
    assert queue.snapshot(0).requests_that_fit(amounts(1000), 0) == 5
    queue.acquire(Ticket(1, "b"), amounts(5500), FIGURES, now=0)
    assert queue.snapshot(0).requests_that_fit(amounts(1000), 0) < 0
    assert queue.snapshot(0).requests_that_fit(amounts(1000), TICKET_TTL_SECONDS) == 5, (
        "an old snapshot says nothing about who waits"
    )


@given(st.lists(st.tuples(st.integers(1, 6000), st.floats(0, 5)), min_size=1, max_size=15))
def test_queue_starves_no_caller(requests):
    queue, now, waiting = LimitQueue(), 0.0, []
    for number, (tokens, pause) in enumerate(requests):
        waiting.append((Ticket(number, str(number)), tokens))
        now += pause
    end = now + sum(tokens for tokens, _ in requests) / 100 + len(requests) + 2
    while waiting and now < end:
        for ticket, tokens in reversed(list(waiting)):
            if not queue.acquire(ticket, amounts(tokens), FIGURES, now).wait:
                waiting.remove((ticket, tokens))
        now += 0.5

    assert not waiting


def refused(seen=0, seconds=4.0):
    return PauseUpdate(seen, seen + 1, seconds)


def test_queue_pauses_for_all_callers():
    queue = LimitQueue()
    queue.settle({}, (), now=0, pause=refused())
    admissions = [queue.acquire(Ticket(number, "a"), amounts(), {}, now=1) for number in range(3)]

    assert [(admission.wait, admission.exhausted) for admission in admissions] == [(3, None)] * 3


def test_queue_lets_one_caller_try_out_the_end_of_a_pause():
    queue = LimitQueue()
    queue.settle({}, (), now=0, pause=refused())
    waits = [queue.acquire(Ticket(number, str(number)), amounts(), {}, now=4).wait for number in range(3)]
    assert waits == [0, QUEUE_POLL_INTERVAL_SECONDS, QUEUE_POLL_INTERVAL_SECONDS]
    queue.settle({}, (), now=5, pause=PauseUpdate(1, 0, 0))
    assert [queue.acquire(Ticket(number, str(number)), amounts(), {}, now=5).wait for number in range(3)] == [0, 0, 0]


def test_queue_counts_refusals_at_once_as_one():
    queue = LimitQueue()
    for _ in range(50):
        queue.settle({}, (), now=0, pause=refused(0))
    assert queue.refusals == 1
    queue.settle({}, (), now=0, pause=PauseUpdate(0, 0, 0))
    assert queue.refusals == 1, "a response to an earlier request says nothing about the pause"


def test_queue_replaces_a_probe_without_result():
    queue = LimitQueue()
    queue.settle({}, (), now=0, pause=refused())
    assert queue.acquire(Ticket(0, "lost"), amounts(), {}, now=4).wait == 0
    assert queue.acquire(Ticket(1, "next"), amounts(), {}, now=4 + PROBE_TIMEOUT_SECONDS).wait == 0


@pytest.mark.anyio
async def test_queues_of_a_process_are_bounded_except_for_those_with_waiters():
    clock = SimpleNamespace(now=0.0)
    backend = InMemoryBackend(lambda: clock.now)
    for holder in "ab":
        await backend.acquire("waited for", Ticket(0, holder), amounts(), {RPM: 1, TPM: 1})
    for number in range(MAX_QUEUES + 9):
        await backend.acquire(f"model-{number}", Ticket(0, "c"), amounts(), FIGURES)
        await backend.settle("in use", {RPM: 1}, ())
    assert len(backend._queues) == MAX_QUEUES
    assert {"waited for", "in use", f"model-{MAX_QUEUES}"} < backend._queues.keys()
    clock.now += TICKET_TTL_SECONDS
    await backend.acquire("another model", Ticket(0, "c"), amounts(), FIGURES)
    assert "waited for" not in backend._queues
