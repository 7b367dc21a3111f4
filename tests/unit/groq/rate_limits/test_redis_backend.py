"""Rate limits that workers share, in a real Redis."""

import asyncio
import json
import time
from math import inf

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from catalyst_groq.groq.rate_limits import redis_backend
from catalyst_groq.groq.rate_limits.bucket import LimitKind
from catalyst_groq.groq.rate_limits.queue import (
    QUEUE_POLL_INTERVAL_SECONDS,
    TICKET_TTL_SECONDS,
    InMemoryBackend,
    LimitUpdate,
    PauseUpdate,
    Ticket,
)
from catalyst_groq.groq.rate_limits.redis_backend import KEY_PREFIX, FallbackBackend, RedisBackend

pytestmark = pytest.mark.anyio
RPM, TPM, REQUESTS = LimitKind.RPM, LimitKind.TPM, LimitKind.REQUESTS
FIGURES = {RPM: 60, TPM: 6000}


@pytest.fixture
async def backends(redis):
    """Two workers' backends in the same Redis."""
    one, other = RedisBackend(redis), RedisBackend(redis)
    yield one, other
    await one.aclose()
    await other.aclose()


def amounts(tokens=1):
    return {RPM: 1, TPM: tokens, REQUESTS: 1}


async def test_redis_reservation_of_one_worker_makes_another_wait(backends):
    own, other = backends
    admission = await own.acquire("a", Ticket(1, "mine"), amounts(6000), FIGURES)
    later = await other.acquire("a", Ticket(2, "theirs"), amounts(100), FIGURES)

    assert (admission.wait, admission.reserved) == (0, {RPM: 1, TPM: 6000})
    assert later.wait == pytest.approx(1.5, abs=0.1)
    assert later.exhausted is TPM
    assert later.snapshot.waiting == {RPM: 1, TPM: 100}


async def test_redis_workers_share_one_queue(backends):
    own, other = backends
    await own.acquire("b", Ticket(1, "before"), amounts(6000), FIGURES)
    await own.acquire("b", Ticket(2, "mine"), amounts(300), FIGURES)
    later = await other.acquire("b", Ticket(3, "theirs"), amounts(10), FIGURES)

    assert later.wait == pytest.approx(3.6, abs=0.1)


async def test_redis_queue_does_not_depend_on_worker_clocks(backends, monkeypatch):
    own, other = backends
    now = time.monotonic()
    await own.acquire("ahead", Ticket(now, "before"), amounts(6000), FIGURES)
    monkeypatch.setattr("catalyst_groq.groq.rate_limits.redis_backend.time.monotonic", lambda: now + 1000)
    await other.acquire("ahead", Ticket(now + 1000, "theirs"), amounts(300), FIGURES)
    monkeypatch.undo()
    await asyncio.sleep(0.01)
    later = await own.acquire("ahead", Ticket(time.monotonic(), "mine"), amounts(10), FIGURES)

    assert later.wait == pytest.approx(3.6, abs=0.1)


async def test_redis_caller_that_does_not_enqueue_holds_nobody(backends):
    own, other = backends
    await own.acquire("elsewhere", Ticket(1, "before"), amounts(6000), FIGURES)
    gone = await own.acquire("elsewhere", Ticket(2, "gone"), amounts(3000), FIGURES, enqueue=False)
    later = await other.acquire("elsewhere", Ticket(3, "theirs"), amounts(10), FIGURES)

    assert gone.wait > 30
    assert later.wait < 1


async def test_redis_limits_learned_by_one_worker_apply_to_all(backends):
    own, other = backends
    await own.settle("c", {}, [LimitUpdate(RPM, 30, 0)])
    admission = await other.acquire("c", Ticket(1, "theirs"), amounts(), {})

    assert (admission.wait, admission.exhausted) == (pytest.approx(2, abs=0.1), RPM)


@pytest.mark.slow
async def test_redis_report_of_one_worker_holds_all_back_until_its_reset(backends, redis):
    own, other = backends
    await own.settle("report", {}, [LimitUpdate(REQUESTS, 60, 1, 0.3)])
    first, second = [await other.acquire("report", Ticket(n, str(n)), amounts(), {}) for n in range(2)]
    assert (first.wait, second.wait, second.exhausted) == (0, pytest.approx(0.3, abs=0.2), REQUESTS)
    async with Redis.from_url(redis) as server:
        stored = json.loads(await server.get(f"{KEY_PREFIX}report"))
    assert (stored["buckets"], list(stored["reported"])) == ({}, ["REQUESTS"]), "earlier versions know no such limit"
    await asyncio.sleep(second.wait)
    later = await other.acquire("report", Ticket(1, "1"), amounts(), {})
    assert (later.wait, later.snapshot.buckets[REQUESTS].used) == (0, pytest.approx(1)), "the next window"
    await asyncio.sleep(0.3)
    assert (await other.acquire("report", Ticket(1, "1"), amounts(), {})).snapshot.buckets == {}


@pytest.mark.parametrize(
    "reports",
    [
        [(4, 100, inf), (4, 100.9, inf)],
        [(4, 100, inf), (4, 50, inf)],
        [(4, 100, inf), (4, 150, inf)],
        [(4, 100, 60), (4, 150, 60)],
        [(4, 100, 60), (4, 100.9, 60)],
        [(4, 0, inf), (4, 100, inf)],
    ],
    ids=["same reset", "earlier reset", "later reset", "draining", "draining, same reset", "expired"],
)
async def test_redis_report_is_applied_like_in_memory(backends, reports):
    """Two requests are on their way, which the second report has not counted."""
    shared, own, name = backends[0], InMemoryBackend(), f"report {reports}"
    for backend in (shared, own):
        await backend.settle(name, {}, [LimitUpdate(REQUESTS, 5, *reports[0])])
        for number in range(2):
            await backend.acquire(name, Ticket(number, str(number)), amounts(), {})
    there, here = [await backend.settle(name, {}, [LimitUpdate(REQUESTS, 5, *reports[1])]) for backend in (shared, own)]
    bucket, now = here.buckets[REQUESTS], time.monotonic()
    assert there.buckets[REQUESTS].level(now) == pytest.approx(bucket.level(now), abs=0.05)
    assert there.buckets[REQUESTS].expires == pytest.approx(bucket.expires, abs=0.2)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("acquire"), st.integers(0, 5), st.integers(0, 7000)),
        st.tuples(st.just("settle"), st.integers(-3000, 3000), st.just(0)),
        st.tuples(st.just("pause"), st.integers(0, 3), st.integers(0, 3)),
        st.tuples(st.just("update"), st.integers(1000, 9000), st.one_of(st.none(), st.integers(0, 1000))),
        st.tuples(
            st.just("report"), st.integers(0, 6), st.sampled_from([(0, inf), (100, inf), (100.5, 60), (200, inf)])
        ),
    ),
    max_size=12,
)


@given(steps=steps)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.slow
async def test_redis_backend_equals_the_in_memory_one(backends, steps):
    shared, own, name = backends[0], InMemoryBackend(), f"law {time.monotonic_ns()}"
    for kind, first, second in steps:
        if kind == "acquire":
            step = (name, Ticket(first, str(first)), amounts(second), FIGURES)
            shared_admission, own_admission = await shared.acquire(*step), await own.acquire(*step)
            assert shared_admission.wait == pytest.approx(own_admission.wait, abs=0.2)
            assert shared_admission[1::2] == own_admission[1::2], "the reservation and the exhausted limit"
            there, here = shared_admission.snapshot, own_admission.snapshot
        else:
            updates = {
                "update": [LimitUpdate(TPM, first, second)],
                "report": [LimitUpdate(REQUESTS, 5, first, *second)] if kind == "report" else [],
            }.get(kind, [])
            change = {RPM: 0, TPM: first} if kind == "settle" else {}
            pause = PauseUpdate(first, second, 100.0) if kind == "pause" else None
            settled = [await backend.settle(name, change, updates, pause) for backend in (shared, own)]
            there, here = settled
        assert there.waiting == here.waiting
        now = time.monotonic()
        for dimension, bucket in here.buckets.items():
            assert there.buckets[dimension][:2] == bucket[:2], "the limit and the window"
            assert there.buckets[dimension].expires == pytest.approx(bucket.expires, abs=0.2)
            assert there.buckets[dimension].level(now) == pytest.approx(bucket.level(now), abs=20)


@pytest.mark.slow
async def test_redis_ticket_of_a_dead_worker_expires(backends):
    own, other = backends
    await own.acquire("d", Ticket(1, "before"), amounts(6000), FIGURES)
    await own.acquire("d", Ticket(2, "dead"), amounts(3000), FIGURES)
    began = time.monotonic()
    while (admission := await other.acquire("d", Ticket(3, "theirs"), amounts(10), FIGURES)).wait > 5:
        assert time.monotonic() - began < TICKET_TTL_SECONDS + 1
        await asyncio.sleep(0.1)

    assert admission.snapshot.waiting.get(TPM, 0) <= 10


def shorten_exact_front(monkeypatch, tickets):
    """Let steps add up only so many tickets one by one."""
    constants = json.loads(redis_backend.SCRIPT_CONSTANTS) | {"exact_tickets": tickets}
    monkeypatch.setattr(redis_backend, "SCRIPT_CONSTANTS", json.dumps(constants))


async def wait_in_queue(backend, name, tokens, number):
    """Let a caller that has waited `10 - number` seconds ask."""
    ticket = Ticket(time.monotonic() - 10 + number, f"waits {number}")
    return await backend.acquire(name, ticket, amounts(tokens), FIGURES)


async def test_redis_step_does_not_read_a_long_queue(backends, redis):
    own, _ = backends
    await own.acquire("long", Ticket(1, "before"), amounts(6000), FIGURES)

    async def stored_bytes():
        async with Redis.from_url(redis) as server:
            return len(await server.get(f"{KEY_PREFIX}long"))

    await wait_in_queue(own, "long", 10, 0)
    short = await stored_bytes()
    await asyncio.gather(*(wait_in_queue(own, "long", 10, number / 100) for number in range(200)))
    last = await wait_in_queue(own, "long", 10, 9)

    assert await stored_bytes() < short + 20, "each step parses it"
    assert last.snapshot.waiting[TPM] == 2020
    assert last.wait == pytest.approx(143.5, abs=1), "201 requests are ahead, of 60 at one a second"


async def test_redis_wait_behind_a_long_queue_is_estimated(backends, monkeypatch):
    shorten_exact_front(monkeypatch, 2)
    own, other = backends
    await own.acquire("average", Ticket(1, "before"), amounts(6000), FIGURES)
    for number, tokens in enumerate([1000, 1000, 400, 600, 500]):  # tokens: 100 a second
        await wait_in_queue(own, "average", tokens, number)
    later = await wait_in_queue(other, "average", 100, 9)

    between = await wait_in_queue(other, "average", 100, 3.5)

    assert later.wait == pytest.approx(36, abs=0.6), "all that is ahead, and its own"
    assert between.wait == pytest.approx(20 + 2 * 4 + 1, abs=0.6), "two of four tickets, 400 tokens on average"


async def test_redis_large_request_at_the_front_is_not_overtaken(backends, monkeypatch):
    shorten_exact_front(monkeypatch, 2)
    own, other = backends
    await own.acquire("large", Ticket(1, "before"), amounts(3000), FIGURES)
    await wait_in_queue(own, "large", 6000, 0)
    for number in range(1, 6):
        await wait_in_queue(own, "large", 1, number)

    assert (await wait_in_queue(other, "large", 1, 9)).wait > 30


async def test_redis_tickets_of_an_earlier_version_are_ahead(backends, redis):
    own, _ = backends
    await own.acquire("old", Ticket(1, "before"), amounts(6000), FIGURES)
    async with Redis.from_url(redis) as server:
        key = f"{KEY_PREFIX}old"
        queue = json.loads(await server.get(key))
        now = time.time()
        ticket = {"who": "old", "since": now - 60, "seen": now, "demand": {"RPM": 1, "TPM": 3000}}
        await server.set(key, json.dumps(queue | {"waiting": {"old": ticket}}))
    later = await own.acquire("old", Ticket(time.monotonic(), "mine"), amounts(100), FIGURES)

    assert later.wait == pytest.approx(31.5, abs=0.5)
    assert later.snapshot.waiting[TPM] == 3100


async def test_redis_ticket_is_removed_when_it_is_admitted(backends, redis):
    own, _ = backends
    await own.acquire("admitted", Ticket(1, "before"), amounts(6000), FIGURES)
    await wait_in_queue(own, "admitted", 100, 0)
    await own.settle("admitted", {TPM: -6000, RPM: -1}, [])
    admission = await wait_in_queue(own, "admitted", 100, 0)
    async with Redis.from_url(redis) as server:
        keys = [key async for key in server.scan_iter("*admitted*")]

    assert (admission.wait, admission.snapshot.waiting[TPM]) == (0, 0)
    assert keys == [f"{KEY_PREFIX}admitted".encode()]


async def test_redis_steps_that_come_together_are_few_calls(backends, redis):
    own, _ = backends
    await own.settle("together", {}, [])

    async def scripts():
        async with Redis.from_url(redis) as server:
            return (await server.info("commandstats"))["cmdstat_evalsha"]["calls"]

    before = await scripts()
    admissions = await asyncio.gather(
        *(own.acquire("together", Ticket(1, str(number)), amounts(), FIGURES) for number in range(50))
    )
    assert [admission.wait for admission in admissions] == [0] * 50
    assert await scripts() - before <= 2


async def test_redis_outage_falls_back_and_is_logged_once(caplog):
    caplog.set_level("INFO")
    shared = FallbackBackend(RedisBackend("redis://127.0.0.1:1/0"), InMemoryBackend())
    admissions = [await shared.acquire("e", Ticket(n, str(n)), amounts(6000), FIGURES) for n in range(3)]
    snapshot = await shared.settle("e", {RPM: 0, TPM: -6000}, [])
    await shared.aclose()

    assert not shared.is_shared
    assert [admission.wait > 0 for admission in admissions] == [False, True, True]
    assert snapshot.buckets[TPM].used == pytest.approx(0, abs=1)
    assert [record.message.split(",")[0] for record in caplog.records] == ["Shared rate limits unavailable"]


async def test_redis_is_used_again_after_an_outage(redis, caplog, monkeypatch):
    caplog.set_level("INFO")
    monkeypatch.setattr("catalyst_groq.groq.rate_limits.redis_backend.FALLBACK_SECONDS", 0.0)
    backends = RedisBackend("redis://127.0.0.1:1/0")
    shared = FallbackBackend(backends, InMemoryBackend())
    await shared.acquire("f", Ticket(1, "a"), amounts(), FIGURES)
    await backends.aclose()
    back = RedisBackend(redis)
    monkeypatch.setattr(shared, "_shared", back)
    await shared.acquire("f", Ticket(1, "a"), amounts(), FIGURES)
    await shared.aclose()

    assert shared.is_shared
    assert caplog.messages[-1] == "Rate limits are shared with the other workers again"


async def test_redis_pause_of_one_worker_pauses_all(backends):
    mine, theirs = backends
    await mine.settle("pause", {}, [], PauseUpdate(0, 1, 60))
    await theirs.settle("pause", {}, [], PauseUpdate(0, 1, 600))
    paused = await theirs.acquire("pause", Ticket(1, "theirs"), amounts(), {})
    assert (paused.wait, paused.exhausted) == (pytest.approx(60, abs=1), None)

    await mine.settle("pause", {}, [], PauseUpdate(1, 2, 0))
    probe = await theirs.acquire("pause", Ticket(1, "theirs"), amounts(), {})
    assert (probe.wait, probe.refusals) == (0, 2)
    assert 0 < (await mine.acquire("pause", Ticket(2, "mine"), amounts(), {})).wait <= QUEUE_POLL_INTERVAL_SECONDS
    await theirs.settle("pause", {}, [], PauseUpdate(2, 0, 0))
    assert (await mine.acquire("pause", Ticket(2, "mine"), amounts(), {})).wait == 0
