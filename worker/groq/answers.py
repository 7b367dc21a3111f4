"""What came of one request to Groq: an answer, or none. Both are values."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from http import HTTPStatus
from typing import Any

from worker.groq.usage import Usage, usage_in
from worker.json_texts import parse

SHOWN = 300
"""Characters of a body that is no JSON which a message quotes."""


class Loss(StrEnum):
    """Why there is no answer."""

    REFUSED = "connection refused"
    UNKNOWN_HOST = "host not found"
    TLS = "TLS failed"
    CONNECT_TIMEOUT = "no connection in time"
    TIMEOUT = "no answer in time"
    RESET = "connection lost"
    CUT = "answer cut off"
    GARBAGE = "not an HTTP answer"
    NOT_ASKED = "not asked"
    NOT_YET = "kept back within Groq's limits"
    NEVER = "larger than Groq's limits"
    OVER_BUDGET = "not asked, a budget is spent"


HELD = {Loss.NOT_YET, Loss.NEVER, Loss.OVER_BUDGET}
"""Groq was not asked: the worker itself keeps its limits, and the operator's budgets."""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """No answer that can be used.

    `sent` says whether Groq may have read the request, and so may have worked and be paid for it. `wait` is the seconds
    until asking is of use, where that is known.
    """

    loss: Loss
    reason: str
    sent: bool
    seconds: float
    wait: float | None = None

    @property
    def held(self) -> bool:
        """Whether the worker has kept the request back, so that Groq was not asked."""
        return self.loss in HELD


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, whatever its status.

    `seconds` is the time from sending to the last byte, `first_token` that to the first token of a stream.
    """

    status: int
    headers: Mapping[str, str]
    text: str
    seconds: float = field(compare=False, default=0.0)
    first_token: float | None = field(compare=False, default=None)

    @property
    def held(self) -> bool:
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

    def with_body(self, body: Mapping[str, Any]) -> "Answer":
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
        return usage_in(self.body)

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
        return " ".join(self.text.split())[:SHOWN] or "an empty answer"

    @property
    def request_id(self) -> str:
        """Groq's id of the request, which its support asks for."""
        inside = self.body.get("x_groq") if isinstance(self.body, dict) else None
        found = inside.get("id") if isinstance(inside, dict) else None
        return str(found or self.headers.get("x-request-id") or "")
