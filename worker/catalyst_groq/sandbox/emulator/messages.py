"""The requests that the emulated service receives, and its replies, without HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from catalyst_groq.sandbox.emulator.chat_completion import ChatCompletion
from catalyst_groq.sandbox.emulator.error_responses import ErrorResponse
from catalyst_groq.sandbox.emulator.limits import RateLimiter, RequestUsage
from catalyst_groq.sandbox.emulator.named_answers.answer import NamedRequest, RawAnswer, RequestKind
from catalyst_groq.sandbox.emulator.rules import RequestSummary, Rule


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A received request. `body` is None if it is not a JSON object; rules compare `match_text`."""

    method: str
    path: str
    organization: str | None
    body: Mapping[str, Any] | None
    match_text: str = ""

    @property
    def model(self) -> str:
        """The requested model, or an empty text."""
        return str((self.body or {}).get("model") or "")

    @property
    def summary(self) -> RequestSummary:
        """The parts that rules compare."""
        return RequestSummary(self.method, self.path, self.model, self.match_text, self.kind)

    @property
    def kind(self) -> RequestKind:
        """What it asks for."""
        if self.path.endswith("/chat/completions"):
            return RequestKind.STREAM if (self.body or {}).get("stream") is True else RequestKind.CHAT
        return RequestKind.AUDIO if "/audio/" in self.path else RequestKind.OTHER

    def to_named(self) -> NamedRequest:
        """Return the parts that an answer by name depends on."""
        tools = (self.body or {}).get("tools")
        first = tools[0] if isinstance(tools, list) and tools else None
        function = first.get("function") if isinstance(first, dict) else None
        name = function.get("name") if isinstance(function, dict) else None
        return NamedRequest(self.kind, self.model, *([name] if isinstance(name, str) else []))


@dataclass(frozen=True, slots=True)
class CompletionReply:
    """A completion, its reserved usage, and the rule that changes its delivery."""

    completion: ChatCompletion
    stream: bool
    rate_limiter: RateLimiter
    reserved: RequestUsage
    tokens_per_second: float | None
    rule: Rule | None


@dataclass(frozen=True, slots=True)
class SimpleReply:
    """A reply in one piece: JSON or plain text. `delay` is in seconds."""

    body: Mapping[str, Any] | str
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """An error response, with the rate limit headers of the organization."""

    error: ErrorResponse
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0


@dataclass(frozen=True, slots=True)
class NamedReply:
    """An answer by name. `delay` is in seconds."""

    answer: RawAnswer
    delay: float = 0


Reply: TypeAlias = CompletionReply | SimpleReply | ErrorReply | NamedReply | Rule
"""The reply to a request. A `Rule` is a fault of the connection."""
