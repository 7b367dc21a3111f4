"""A Groq of the simulation: it keeps the limits of a plan, and counts how much of them is used."""

import asyncio
import json
import random
import time
from collections.abc import Mapping
from http import HTTPStatus

from catalyst_groq.groq.api.requests import GroqRequest
from catalyst_groq.groq.api.responses import REGION_HEADER, NoResponse, Response
from catalyst_groq.groq.models.catalog import ModelLimits, shipped_catalog
from catalyst_groq.groq.models.token_estimate import estimate_prompt, max_output_tokens
from catalyst_groq.sandbox.emulator.limits import RPM, TPM, LimitBucket, LimitType

MODEL = "openai/gpt-oss-120b"
PAYLOAD = {
    "model": MODEL,
    "max_tokens": 200,
    "messages": [{"role": "user", "content": "Why is the sky blue? Answer in one sentence."}],
}
CATALOG = shipped_catalog()
PROMPT_TOKENS = estimate_prompt(PAYLOAD, CATALOG.assume(MODEL))
COMPLETION_TOKENS = 60
"""What a response has used of `max_tokens`."""

RESPONSE_SECONDS = (0.2, 0.8)
"""Range of the response times."""

HEADERS = {REGION_HEADER: "simulated"}


class MeteredGroq:
    """A `GroqClient` that refuses what does not fit the requests and tokens per minute, with the emulator's buckets."""

    def __init__(self, limits: ModelLimits) -> None:
        figures = {RPM: limits.rpm, TPM: limits.tpm}
        self._buckets = {kind: LimitBucket(limit, kind.window) for kind, limit in figures.items() if limit}
        self._used = dict.fromkeys(self._buckets, 0.0)
        self._began = time.monotonic()
        self.requests = 0
        """Requests that were admitted since the beginning of the measurement."""
        self.refused = 0
        """Requests that were refused since the start."""

    def fullest(self) -> float:
        """Return the share that is used of the limit that is the tightest, 0 to 1."""
        now = time.monotonic()
        return max(bucket.used(now) / bucket.limit for bucket in self._buckets.values())

    def begin(self) -> None:
        """Begin to measure, when the limits are used up."""
        self._began, self.requests = time.monotonic(), 0
        self._used = dict.fromkeys(self._buckets, 0.0)

    def used_share(self) -> float:
        """Return the rate since the beginning by the plan's, of the limit that is the tightest."""
        seconds = time.monotonic() - self._began
        return max(
            self._used[kind] / (seconds * bucket.limit / bucket.window) for kind, bucket in self._buckets.items()
        )

    async def send(self, request: GroqRequest) -> Response | NoResponse:
        """Refuse a request that does not fit; respond to another one after some time."""
        reserved = {RPM: 1, TPM: PROMPT_TOKENS + max_output_tokens(request.payload)}
        now = time.monotonic()
        for kind, bucket in self._buckets.items():
            if wait := bucket.time_until_capacity(reserved[kind], now):
                self.refused += 1
                return _refusal(kind, bucket, reserved[kind], wait, now)
        self.requests += 1
        self._count(reserved)
        await asyncio.sleep(random.uniform(*RESPONSE_SECONDS))  # noqa: S311 -- protects nothing
        self._count({RPM: 0, TPM: PROMPT_TOKENS + COMPLETION_TOKENS - reserved[TPM]})
        usage = {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": COMPLETION_TOKENS}
        body = {"choices": [{"message": {"content": "Air scatters blue light."}}], "usage": usage}
        return Response(HTTPStatus.OK, HEADERS, json.dumps(body).encode())

    def _count(self, amounts: Mapping[LimitType, float]) -> None:
        now = time.monotonic()
        for kind, bucket in self._buckets.items():
            bucket.add(amounts[kind], now)
            self._used[kind] += amounts[kind]


def _refusal(kind: LimitType, bucket: LimitBucket, requested: float, wait: float, now: float) -> Response:
    figures = f"Limit {bucket.limit}, Used {bucket.used(now):.0f}, Requested {requested:.0f}"
    message = f"Rate limit reached on {kind.name}: {figures}. Please try again in {wait:.2f}s."
    body = {"error": {"message": message, "type": kind.kind, "code": "rate_limit_exceeded"}}
    return Response(HTTPStatus.TOO_MANY_REQUESTS, HEADERS, json.dumps(body).encode())
