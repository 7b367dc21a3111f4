"""The rate limiter before servers whose limits have other windows than Groq's."""

from dataclasses import replace
from math import ceil, floor
from types import SimpleNamespace

import pytest

from catalyst_groq.groq.api.responses import NoResponseReason, Response
from catalyst_groq.groq.rate_limits.bucket import LeakyBucket
from support.factories import make_response
from support.groq_clients import FakeGroqClient
from support.rate_limiter import call_with_router, chat_request, limit_config, limited_to, make_limiter

pytestmark = pytest.mark.anyio


def reported(limit=60, remaining=0, reset="1s", unit="requests", status=200):
    fields = {"limit": limit, "remaining": remaining, "reset": reset}
    headers = {f"x_ratelimit_{name}_{unit}": str(value) for name, value in fields.items() if value is not None}
    return (
        make_response(429, {"error": {"message": "slow down"}}, **headers)
        if status == 429
        else make_response(**headers)
    )


class Server:
    """A server with five requests per minute, each with a new window or with a bucket that drains evenly."""

    limit, window = 5, 60.0

    def __init__(self, *, is_bucket):
        self.now = 0.0
        self.refused = 0
        self._is_bucket = is_bucket
        self._bucket = LeakyBucket(self.limit, self.window)
        self._counts = {}

    async def send(self, request):
        used, reset = self._use(0)
        is_refused = used > self.limit - 1
        self.refused += is_refused
        used, reset = self._use(not is_refused)
        remaining = floor(self.limit - used)
        return reported(self.limit, remaining, f"{reset:.3f}s", status=429 if is_refused else 200)

    def _use(self, requests):
        if self._is_bucket:
            self._bucket = LeakyBucket(self.limit, self.window, self._bucket.level(self.now) + requests, self.now)
            return self._bucket.used, self._bucket.used / self.limit * self.window
        number = int(self.now // self.window)
        self._counts[number] = self._counts.get(number, 0) + requests
        return self._counts[number], (number + 1) * self.window - self.now


@pytest.mark.parametrize(("is_bucket", "seconds"), [(True, 180), (False, 180)], ids=["bucket", "fixed window"])
async def test_limiter_keeps_the_limit_of_another_server(is_bucket, seconds):
    """After a burst, all other requests are sent as early as the server admits them."""
    server = Server(is_bucket=is_bucket)
    limiter = make_limiter(limit_config(), client=server, clock=lambda: server.now)
    for _ in range(20):
        held = await limiter.send(chat_request())
        if not isinstance(held, Response):
            server.now += held.wait
            assert (await limiter.send(chat_request())).status == 200
    assert server.refused == 0
    assert server.now == pytest.approx(seconds, abs=1)


async def test_limiter_waits_until_the_reset_that_a_server_names():
    clock, client = SimpleNamespace(now=0.0), FakeGroqClient(reported(), make_response())
    limiter = make_limiter(limit_config(), client=client, clock=lambda: clock.now)
    await limiter.send(chat_request())
    held = await limiter.send(chat_request())
    assert (held.reason, held.wait) == (NoResponseReason.RATE_LIMITED_LOCALLY, 1)
    assert held.message == "requests, as the server reports: Limit 60, Used 60. It fits in 1 s"
    clock.now += 1
    assert (await limiter.send(chat_request())).ok


@pytest.mark.parametrize(("reset", "tasks"), [("60s", 1), ("0s", 50)])
async def test_limiter_fetches_no_tasks_that_would_wait_for_a_reset(reset, tasks):
    """One that may use another model is fetched all the same."""
    limiter = make_limiter(limit_config(), reported(reset=reset))
    await limiter.send(chat_request())
    assert limiter.fetchable_tasks(50, 0) == tasks
    assert [kind.name for _, kind, *_ in limiter.remaining()] == (["REQUESTS"] if tasks == 1 else [])


async def test_limiter_names_the_window_that_the_reports_show():
    limiter = make_limiter(limit_config(), reported(60, 0, "1m"))
    await limiter.send(chat_request())
    assert (await limiter.send(chat_request())).message.startswith("requests per minute, as the server reports: Limit ")


@pytest.mark.parametrize(
    "response",
    [reported(5, 0, None), reported(5, 0, "soon"), reported(0, 0), reported(-1, -1, "0"), reported(60, 59, "1s")],
    ids=["no reset", "no time", "no limit", "unlimited", "enough remains"],
)
async def test_limiter_holds_nothing_back_without_certain_figures(response):
    limiter = make_limiter(limit_config(), *[response] * 20)
    assert all([isinstance(await limiter.send(chat_request()), Response) for _ in range(20)])


async def test_limiter_believes_a_server_that_less_remains_than_was_counted():
    limiter = make_limiter(limit_config(), reported(1000, 998, "50s"), *[reported(1000, 1, "50s")] * 2)
    sent = [isinstance(await limiter.send(chat_request()), Response) for _ in range(4)]
    assert sent == [True, True, True, False]


async def test_limiter_waits_for_tokens_of_another_server():
    limiter = make_limiter(limit_config(), reported(1000, 50, "20s", "tokens"))
    await limiter.send(chat_request())
    held = await limiter.send(chat_request())
    assert held.wait == pytest.approx(20, abs=0.1)
    assert held.message == "tokens, as the server reports: Limit 1000, Used 950. It fits in 20 s"


async def test_limiter_of_another_server_limits_no_size():
    limiter = make_limiter(limit_config(), *[reported(1000, 1000, "0s", "tokens")] * 2)
    assert all([(await limiter.send(chat_request(max_tokens=5000))).ok for _ in "12"])


async def test_limiter_keeps_the_operators_limits_before_another_server():
    limiter = make_limiter(limited_to(rpm=1), reported(1000, 999, "1s"))
    await limiter.send(chat_request())
    assert "requests per minute (RPM): Limit 1" in (await limiter.send(chat_request())).message


@pytest.mark.parametrize(("seconds", "wait"), [(0.4, 0.6), (5.0, None)])
async def test_limiter_counts_the_reset_of_a_stream_from_its_beginning(seconds, wait):
    limiter = make_limiter(limit_config(), replace(reported(), first_token=0.1, seconds=seconds), make_response())
    await limiter.send(chat_request())
    assert getattr(await limiter.send(chat_request()), "wait", None) == (wait and pytest.approx(wait, abs=0.1))


async def test_limiter_holds_others_back_after_a_refusal_with_a_reset():
    client = FakeGroqClient(reported(5, 0, "30s", status=429))
    limiter = make_limiter(limit_config(), client=client)
    await limiter.send(chat_request())
    held = [await limiter.send(chat_request()) for _ in range(3)]
    assert [ceil(response.wait) for response in held] == [30] * 3
    assert len(client.requests) == 1


async def test_call_waits_for_the_reset_of_another_server():
    limiter = make_limiter(limit_config(), reported(reset="200ms"), make_response())
    first, second = [await call_with_router(limiter) for _ in "12"]
    assert (first.waited, second.error, second.attempt_count) == (0, None, 1)
    assert second.waited == pytest.approx(0.2, abs=0.05)
