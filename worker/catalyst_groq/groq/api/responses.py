"""What came of one request to Groq: an answer, or none. Both are values."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from http import HTTPStatus
from typing import Any, NamedTuple

from catalyst_groq.common.json_codec import parse

MAX_EXCERPT_CHARS = 300
"""Characters of a body that is no JSON which a message quotes."""


class Usage(NamedTuple):
    """Tokens of the prompt, those of them that were cached, and tokens of the answer."""

    prompt: int = 0
    cached: int = 0
    completion: int = 0


def parse_usage(body: Any) -> Usage | None:
    """Return what an answer with this body took; None where it does not say."""
    usage = body.get("usage") if isinstance(body, dict) else None
    if not isinstance(usage, dict):
        return None
    details = usage.get("prompt_tokens_details")
    cached = _tokens(details, "cached_tokens") if isinstance(details, dict) else 0
    prompt = _tokens(usage, "prompt_tokens")
    return Usage(prompt, min(cached, prompt), _tokens(usage, "completion_tokens"))


def _tokens(usage: Mapping[str, Any], name: str) -> int:
    tokens = usage.get(name)
    return max(tokens, 0) if isinstance(tokens, int) else 0


class NoResponseReason(StrEnum):
    """Why there is no answer."""

    CONNECTION_REFUSED = "connection refused"
    DNS_FAILURE = "host not found"
    TLS_FAILURE = "TLS failed"
    CONNECT_TIMEOUT = "no connection in time"
    TIMEOUT = "no answer in time"
    CONNECTION_RESET = "connection lost"
    INCOMPLETE_RESPONSE = "answer cut off"
    INVALID_RESPONSE = "not an HTTP answer"
    SKIPPED = "not asked"
    RATE_LIMITED_LOCALLY = "kept back within Groq's limits"
    EXCEEDS_LIMIT = "larger than Groq's limits"
    BUDGET_EXHAUSTED = "not asked, a budget is spent"


NOT_SENT_BY_WORKER = {
    NoResponseReason.RATE_LIMITED_LOCALLY,
    NoResponseReason.EXCEEDS_LIMIT,
    NoResponseReason.BUDGET_EXHAUSTED,
}
"""Groq was not asked: the worker itself keeps its limits, and the operator's budgets."""


@dataclass(frozen=True, slots=True)
class NoResponse:
    """No answer that can be used.

    `sent` says whether Groq may have read the request, and so may have worked and be paid for it. `wait` is the seconds
    until asking is of use, where that is known.
    """

    reason: NoResponseReason
    message: str
    sent: bool
    seconds: float
    wait: float | None = None

    @property
    def held_back(self) -> bool:
        """Whether the worker has kept the request back, so that Groq was not asked."""
        return self.reason in NOT_SENT_BY_WORKER


@dataclass(frozen=True)
class Response:
    """An HTTP answer, whatever its status.

    `seconds` is the time from sending to the last byte, `first_token` that to the first token of a stream.
    """

    status: int
    headers: Mapping[str, str]
    text: str
    seconds: float = field(compare=False, default=0.0)
    first_token: float | None = field(compare=False, default=None)

    @property
    def held_back(self) -> bool:
        """Whether the worker has kept the request back: what was answered was asked."""
        return False

    @cached_property
    def body(self) -> Any:
        """The parsed JSON; None when the body is HTML, empty or cut."""
        try:
            return parse(self.text)
        except (ValueError, RecursionError):
            return None

    @property
    def choices(self) -> list[dict[str, Any]]:
        """The `choices` of an answer, as far as they are objects."""
        choices = self.body.get("choices") if isinstance(self.body, dict) else None
        return [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []

    def with_body(self, body: Mapping[str, Any]) -> "Response":
        """Return the same answer with another body."""
        return replace(self, text=json.dumps(body, ensure_ascii=False))

    @cached_property
    def ok(self) -> bool:
        """A 2xx with an answer in it: the choices of a chat, or the text of a recording, which may be empty."""
        if not HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES or not isinstance(self.body, dict):
            return False
        return bool(self.body.get("choices") or "text" in self.body) and not self.body.get("error")

    @cached_property
    def usage(self) -> Usage | None:
        """The tokens that it took; None where it does not say."""
        return parse_usage(self.body)

    @property
    def error(self) -> Mapping[str, Any]:
        """The `error` object of a refusal; empty where there is none."""
        error = self.body.get("error") if isinstance(self.body, dict) else None
        return error if isinstance(error, dict) else {}

    @property
    def code(self) -> str:
        """Groq's error code, such as `rate_limit_exceeded`; often missing."""
        return str(self.error.get("code") or "")

    @property
    def message(self) -> str:
        """What Groq says went wrong; for a body that is no JSON, its beginning."""
        if message := self.error.get("message"):
            return str(message)
        return " ".join(self.text.split())[:MAX_EXCERPT_CHARS] or "an empty answer"

    @property
    def request_id(self) -> str:
        """Groq's id of the request, which its support asks for."""
        inside = self.body.get("x_groq") if isinstance(self.body, dict) else None
        found = inside.get("id") if isinstance(inside, dict) else None
        return str(found or self.headers.get("x-request-id") or "")
