"""The outages, in the order of the page."""

import signal
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from redis import Redis

from support.full_disk import FULL_DISK, LONG_ANSWER, LONG_PAYLOAD
from support.outages.outage import Outage, Parts
from support.redis_server import find_program, running_redis
from support.tcp_proxy import running_proxy

DEFAULT, SMALLER = "openai/gpt-oss-120b", "openai/gpt-oss-20b"
REFUSED_KEY = {"error": {"message": "Invalid API Key", "code": "invalid_api_key"}}
DAY_LIMIT = (
    "Rate limit reached for model on tokens per day (TPD): Limit 100000, Used 99996, Requested 484. "
    "Please try again in 6h54m."
)


@contextmanager
def proxy_of_engine(rest_url):
    """Run a proxy before the engine."""
    with running_proxy(urlsplit(rest_url).port) as proxy:
        yield proxy


@contextmanager
def own_redis(_):
    """Run a Redis server that an outage may stop; yields its URL."""
    with running_redis(find_program()) as url:
        yield url


def stop_redis(parts):
    with Redis.from_url(parts.resource) as server:
        server.shutdown(nosave=True)


def answer_all(**rule):
    """Let Groq answer all requests of the outage's tasks so."""

    def induce(parts: Parts):
        parts.groq.next(None, when={"contains": parts.name}, **rule)

    return induce


BROKEN_JOURNAL: dict[str, Any] = {
    "metric": "catalyst_journal_broken 1.0",
    "check": "journal",
    "problem": "The journal … cannot be used: …",
    "alert": "CatalystJournalBroken",
}
WAITING_FOR_LIMITS: dict[str, Any] = {
    "ready": True,
    "check": "limits",
    "problem": "requests wait for rate limits (models: 1), for up to …",
    "alert": "CatalystRateLimited",
}
OUTAGES = [
    Outage(
        name="worker",
        part="worker",
        induced="the process is killed",
        induce=lambda parts: parts.worker.signal(signal.SIGKILL),
        ready=None,
        alert="CatalystWorkerDown",
    ),
    Outage(
        name="engine",
        part="engine",
        induced="the network to it is cut",
        resource=proxy_of_engine,
        settings=lambda proxy: {"engine_url": proxy.rest_url},
        induce=lambda parts: parts.resource.cut(),
        log="Engine unreachable … Retrying until it responds.",
        metric="catalyst_engine_outage_seconds …",
        ready=False,
        check="engine",
        problem="it has refused or not answered requests for …",
        alert="CatalystEngineAway",
    ),
    Outage(
        name="groq-fails",
        part="Groq",
        induced="it responds with status 503",
        induce=answer_all(status=503),
        tasks=6,
        log="Circuit breaker of … opened for about …",
        metric='catalyst_circuits_open{endpoint="…",model="…"} 1.0',
        ready=True,
        check="groq",
        problem="1 circuit breakers are open",
        alert="CatalystGroqFailing",
    ),
    Outage(
        name="groq-unresponsive",
        part="Groq",
        induced="it accepts requests and does not respond",
        induce=answer_all(fault="hang"),
        tasks=3,
        log="Endpoint … does not respond: it has answered no request for … (… wait). …",
        metric='catalyst_groq_unresponsive_seconds{endpoint="…"} 3…',
        ready=True,
        check="groq",
        problem="… has answered no request for …",
        alert="CatalystGroqUnresponsive",
    ),
    Outage(
        name="key",
        part="key",
        induced="Groq refuses it (status 401)",
        induce=answer_all(status=401, body=REFUSED_KEY),
        tasks=4,
        log="The key or account of the endpoint … is refused: the account is paused. …",
        metric='catalyst_accounts_paused{endpoint="…"} 1.0',
        ready=False,
        check="key",
        problem="the account is refused by …",
        alert="CatalystKeyRefused",
    ),
    Outage(
        name="redis-limits",
        part="Redis",
        induced="the server with the rate limits is stopped",
        resource=own_redis,
        settings=lambda url: {"limits_redis_url": url, "limits": "auto"},
        induce=stop_redis,
        tasks=1,
        log="Shared rate limits unavailable, this worker enforces the rate limits on its own: …",
        metric="catalyst_limits_shared 0.0",
        ready=True,
        check="redis",
        problem="it is unavailable: each worker enforces the rate limits on its own",
        alert="CatalystRedisAway",
    ),
    Outage(
        name="redis-journal",
        part="Redis",
        induced="the server with the journal is stopped",
        resource=own_redis,
        settings=lambda url: {"journal": url},
        induce=stop_redis,
        tasks=1,
        log="The journal … cannot be used: … Continuing without the journal: …",
        ready=True,
        **BROKEN_JOURNAL,
    ),
    Outage(
        name="disk",
        part="disk",
        induced="the one with the journal is full",
        faults=FULL_DISK,
        induce=answer_all(**LONG_ANSWER),
        tasks=1,
        diagram={"fields": LONG_PAYLOAD},
        log="The journal … cannot be used: … Continuing without the journal: …",
        ready=True,
        **BROKEN_JOURNAL,
    ),
    Outage(
        name="disk-required",
        part="disk",
        induced="the same, with `CATALYST_JOURNAL_REQUIRED`",
        faults=FULL_DISK,
        settings=lambda _: {"journal_required": "true"},
        induce=answer_all(**LONG_ANSWER),
        tasks=1,
        diagram={"fields": LONG_PAYLOAD},
        log="The journal … cannot be used: … No request is sent to Groq until the journal works.",
        ready=False,
        **BROKEN_JOURNAL,
    ),
    Outage(
        name="limit-minute",
        part="limit",
        induced="Groq responds with status 429 and a wait of 50 s",
        settings=lambda _: {"limits": "auto"},
        induce=answer_all(status=429, headers={"retry-after": "50"}),
        tasks=3,
        log="Rate limit: task … waits … for …",
        metric='catalyst_groq_limit_wait_seconds{model="openai/gpt-oss-120b"} …',
        **WAITING_FOR_LIMITS,
        alert_labels={"model": DEFAULT},
    ),
    Outage(
        name="limit-day",
        part="limit",
        induced="the tokens of the day are used up (status 429 and a wait of hours)",
        settings=lambda _: {"limits": "auto"},
        induce=answer_all(status=429, body={"error": {"message": DAY_LIMIT}}),
        tasks=3,
        diagram={"properties": {"catalyst_model": SMALLER}},
        log="Failed …, no retries left: Groq: 429 Rate limit reached … tokens per day (TPD): …",
        metric='catalyst_groq_limit_wait_seconds{model="openai/gpt-oss-20b"} …',
        **WAITING_FOR_LIMITS,
        alert_labels={"model": SMALLER},
    ),
    Outage(
        name="budget",
        part="budget",
        induced="that of a day is spent",
        settings=lambda _: {"budget_per_day": "0.000001"},
        induce=lambda _: None,
        tasks=2,
        log="Budget spent: … USD for all processes (CATALYST_BUDGET_PER_DAY), until … 00:00 UTC. …",
        metric='catalyst_budget_spent_usd{budget="day",process=""} …',
        ready=True,
        check="budgets",
        problem="… USD for all processes (CATALYST_BUDGET_PER_DAY), until … 00:00 UTC",
        alert="CatalystBudgetSpent",
    ),
]
