"""The result of one request to Groq: a response, or the reason why there is none. Both are values. Pure."""

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

from catalyst_groq.common.http_statuses import SUCCESS_STATUSES
from catalyst_groq.common.json_codec import MAX_DEPTH, NestedTooDeeplyError, parse, to_bytes
from catalyst_groq.groq.api.error_bodies import find_error_object, find_message, reports_error

MAX_COUNT = 2**53
"""Of tokens: a larger integer does not fit into a float."""

REGION_HEADER = "x-groq-region"

RESULT_KEYS = ("choices", "text", "data")
"""A successful response has one of these: chat completions, transcriptions, other OpenAI operations in this order."""


class Usage(NamedTuple):
    """Tokens of the prompt, how many of these were cached, and tokens of the completion."""

    prompt: int = 0
    cached: int = 0
    completion: int = 0

    @classmethod
    def from_body(cls, body: Any) -> "Usage | None":
        """Read the `usage` of a response body; None when it has none."""
        usage = body.get("usage") if isinstance(body, dict) else None
        if not isinstance(usage, dict):
            return None
        details = usage.get("prompt_tokens_details")
        cached = _read_count(details, "cached_tokens") if isinstance(details, dict) else 0
        prompt = _read_count(usage, "prompt_tokens")
        return cls(prompt, min(cached, prompt), _read_count(usage, "completion_tokens"))


def _read_count(usage: Mapping[str, Any], name: str) -> int:
    tokens = usage.get(name)
    return min(max(tokens, 0), MAX_COUNT) if isinstance(tokens, int) else 0


class NoResponseReason(StrEnum):
    """Why there is no response, in the words of messages and logs."""

    CONNECTION_REFUSED = "connection refused"
    DNS_FAILURE = "host not found"
    TLS_FAILURE = "TLS failed"
    CONNECT_TIMEOUT = "connection timed out"
    TIMEOUT = "timed out"
    CONNECTION_RESET = "connection reset"
    INCOMPLETE_RESPONSE = "response cut off"
    INVALID_RESPONSE = "invalid response"
    RESPONSE_TOO_LARGE = "response too large"
    UNREADABLE = "response unreadable"
    SKIPPED = "not sent"
    RATE_LIMITED_LOCALLY = "held back by the worker's rate limiter"
    EXCEEDS_LIMIT = "exceeds a rate limit"
    BUDGET_EXHAUSTED = "not sent, budget exhausted"


HELD_BACK_REASONS = {
    NoResponseReason.RATE_LIMITED_LOCALLY,
    NoResponseReason.EXCEEDS_LIMIT,
    NoResponseReason.BUDGET_EXHAUSTED,
}
"""The worker did not send the request: its rate limiter or a budget held the request back."""


@dataclass(frozen=True, slots=True)
class NoResponse:
    """A request without a response.

    `sent`: whether Groq may have received the request, and so may bill it. `seconds`: the time spent on the request.
    `wait`: seconds until the request may succeed; None when unknown.
    """

    reason: NoResponseReason
    message: str
    sent: bool
    seconds: float
    wait: float | None = None

    @property
    def held_back(self) -> bool:
        """Whether the worker held the request back, so that Groq never saw it."""
        return self.reason in HELD_BACK_REASONS


@dataclass(frozen=True)
class Response:
    """An HTTP response of any status.

    `headers`: by lower-case name. `content`: the body. `seconds`: from sending the request to the last byte.
    `first_token`: seconds to the first token of a stream; None when the response was not streamed.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes
    seconds: float = field(compare=False, default=0.0)
    first_token: float | None = field(compare=False, default=None)

    @property
    def held_back(self) -> bool:
        """Whether the worker held the request back: never, since there is a response."""
        return False

    @cached_property
    def text(self) -> str:
        """The body as text. Bytes that are not UTF-8 are replaced."""
        return self.content.decode(errors="replace")

    @cached_property
    def body(self) -> Any:
        """The parsed JSON body; None when the body is not JSON (HTML, empty, cut off)."""
        for content in (self.content.removeprefix(codecs.BOM_UTF8), self.text):
            try:
                return parse(content)
            except UnicodeDecodeError:  # not an error of the JSON: `text` has these bytes replaced
                continue
            except ValueError:
                return None
        return None

    @cached_property
    def is_nested_too_deeply(self) -> bool:
        """Whether the body is JSON with more levels than the worker reads."""
        if self.body is not None:
            return False
        try:
            parse(self.text)
        except NestedTooDeeplyError:
            return True
        except ValueError:
            return False
        return False

    @cached_property
    def choices(self) -> list[dict[str, Any]]:
        """The entries of `choices` that are objects; empty when there are none."""
        choices = self.body.get("choices") if isinstance(self.body, dict) else None
        return [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []

    def with_body(self, body: Mapping[str, Any]) -> "Response":
        """Return the same response with another JSON body."""
        return replace(self, content=to_bytes(body))

    @property
    def is_from_groq(self) -> bool:
        """Whether Groq has answered, rather than another server or a gateway: it names its region in all answers."""
        return REGION_HEADER in self.headers

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return self.status in SUCCESS_STATUSES

    @cached_property
    def ok(self) -> bool:
        """Whether the status is 2xx and the body is JSON with a result. A transcription's text may be empty."""
        if not self.is_success or not isinstance(self.body, dict):
            return False
        has_result = any(self.body.get(key) not in (None, []) for key in RESULT_KEYS)
        return has_result and not reports_error(self.body.get("error"))

    @property
    def _missing_result(self) -> str:
        """The key whose value should be a result, and is null or empty; empty when there is no such key."""
        return next((key for key in RESULT_KEYS if self.body.get(key, ...) in (None, [])), "")

    @property
    def is_paid_without_result(self) -> bool:
        """Whether the server has worked, as its transcript (null) or the tokens used show, but sends no result."""
        if not self.is_success or not isinstance(self.body, dict) or self.ok or reports_error(self.body.get("error")):
            return False
        return self.body.get("text", "") is None or bool(self.usage and self.usage.completion)

    @cached_property
    def usage(self) -> Usage | None:
        """The tokens that were used; None when the response does not report them."""
        return Usage.from_body(self.body)

    @property
    def error(self) -> Mapping[str, Any]:
        """The `error` object; empty when there is none."""
        return find_error_object(self.body)

    @property
    def code(self) -> str:
        """The server's error code, such as `rate_limit_exceeded`; often empty."""
        return str(self.error.get("code") or "")

    @property
    def parameter(self) -> str:
        """The parameter of the request that the error is about, as the server names it; often empty."""
        parameter = self.error.get("param")
        return parameter if isinstance(parameter, str) else ""

    @cached_property
    def message(self) -> str:
        """The server's error message; the beginning of the body when there is none."""
        if self.is_nested_too_deeply:
            return f"The response is JSON that is nested more than {MAX_DEPTH} levels deep"
        if self.is_success and isinstance(self.body, dict) and (missing := self._missing_result):
            return f"The response has no {missing}"
        return find_message(self.body, self.text)

    @property
    def request_id(self) -> str:
        """Groq's id of the request, which Groq's support needs; empty when unknown."""
        metadata = self.body.get("x_groq") if isinstance(self.body, dict) else None
        request_id = metadata.get("id") if isinstance(metadata, dict) else None
        return str(request_id or self.headers.get("x-request-id") or "")
