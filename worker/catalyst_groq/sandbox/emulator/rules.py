"""What the emulator is told to do: to this question, that answer; to the next N requests, this fault.

A line of a script and an order to the control endpoint are the same thing, a `Rule`.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveInt, field_validator, model_validator

from catalyst_groq.sandbox.emulator.error_catalog import BY_CODE, response_for_status
from catalyst_groq.sandbox.emulator.error_responses import ErrorResponse, rate_limited

Fault = Literal["hang", "cut", "garbage", "reset", "stream_error"]
_ANSWER_FIELDS = ("answer", "tool_calls", "characters", "tokens")
_ERROR_FIELDS = ("status", "refusal")


@dataclass(frozen=True, slots=True)
class RequestSummary:
    """What a rule looks at: the endpoint's path, the model and the text of the last user message."""

    method: str
    path: str
    model: str
    text: str


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


class Condition(_Part):
    """Which requests a rule is for; whatever is left out does not matter.

    Texts are compared with the last user message: `equals` whole, `contains` without regard to case, `matches` as a
    regular expression found anywhere. `path` is the end of the endpoint's path.
    """

    equals: str | None = None
    contains: str | None = None
    matches: str | None = None
    model: str | None = None
    path: str | None = None

    @field_validator("matches")
    @classmethod
    def _check_pattern(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return pattern

    def applies_to(self, request: RequestSummary) -> bool:
        """Tell whether a request is meant. Without a path, every request that Groq would charge for is."""
        return (
            (request.method == "POST" if self.path is None else request.path.endswith(self.path))
            and self.model in {None, request.model}
            and self.equals in {None, request.text}
            and (self.contains is None or self.contains.casefold() in request.text.casefold())
            and (self.matches is None or re.search(self.matches, request.text) is not None)
        )


class ScriptedCall(_Part):
    """A call that the model is to make."""

    name: str
    arguments: Mapping[str, Any] = {}


class Rule(_Part):
    """One order: which requests, how many of them (nothing: all), and what they get.

    Either an answer (`answer`: a text, or a structure sent as JSON; `tool_calls`; made-up text of so many
    `characters` or `tokens`), or a refusal (`status`, or `refusal` by its code, with its own `body` and `headers`),
    or a `fault` of the connection. `delay` is in seconds and may stand alone.
    """

    when: Condition = Condition()
    count: PositiveInt | None = None
    delay: NonNegativeFloat = 0
    answer: str | Mapping[str, Any] | tuple[Any, ...] | None = None
    tool_calls: tuple[ScriptedCall, ...] = ()
    characters: PositiveInt | None = None
    tokens: PositiveInt | None = None
    status: int | None = Field(None, ge=200, le=599)
    refusal: str | None = None
    headers: Mapping[str, str] = {}
    body: str | Mapping[str, Any] | None = None
    fault: Fault | None = None

    @field_validator("headers")
    @classmethod
    def _lower_names(cls, headers: Mapping[str, str]) -> Mapping[str, str]:
        return {name.lower(): value for name, value in headers.items()}

    @field_validator("refusal")
    @classmethod
    def _check_error_code(cls, code: str | None) -> str | None:
        if code is not None and code not in BY_CODE:
            raise ValueError(f"no refusal has the code {code!r}; there are {', '.join(BY_CODE)}")
        return code

    @model_validator(mode="after")
    def _check_effect(self) -> Self:
        told = [name for name in (*_ANSWER_FIELDS, *_ERROR_FIELDS, "fault") if getattr(self, name) not in (None, ())]
        if len(told) > 1:
            raise ValueError(f"only one of {', '.join(told)} can be what a request gets")
        if not told and not self.delay:
            raise ValueError(
                f"says nothing; give one of {', '.join((*_ANSWER_FIELDS, *_ERROR_FIELDS, 'fault', 'delay'))}"
            )
        if self.body is not None and self.status is None:
            raise ValueError("a body needs the status it comes with")
        if self.body is None and self.status is not None and self.status < HTTPStatus.BAD_REQUEST:
            raise ValueError(f"status {self.status} needs a body; for an ordinary answer give `answer`")
        return self

    @property
    def is_error(self) -> bool:
        """Whether the rule orders a refusal."""
        return bool(self.status or self.refusal)

    @property
    def bypasses_model(self) -> bool:
        """Whether the request never reaches the model; a cut answer and a broken stream do."""
        return self.is_error or self.fault in {"hang", "garbage", "reset"}

    def error_response(self, model: str) -> ErrorResponse:
        """Return the refusal that the rule orders for a request to that model."""
        said_no = BY_CODE[self.refusal](model) if self.refusal else self._response_for_status(model)
        return said_no.with_headers(self.headers)

    def _response_for_status(self, model: str) -> ErrorResponse:
        status = self.status or HTTPStatus.INTERNAL_SERVER_ERROR
        if self.body is not None:
            return ErrorResponse(status, self.body if isinstance(self.body, str) else json.dumps(self.body))
        if status == HTTPStatus.TOO_MANY_REQUESTS and "retry-after" in self.headers:
            return rate_limited(model, self.headers["retry-after"])
        return response_for_status(status, model)


@dataclass(slots=True)
class _ActiveRule:
    rule: Rule
    remaining: int | None


class RuleSet:
    """The rules in force: orders for the next requests first, then the script, each in the order given."""

    def __init__(self, script: Iterable[Rule] = ()) -> None:
        self._script = tuple(script)
        self.reset()

    def reset(self) -> None:
        """Forget the orders and start the script anew."""
        self._entries = [_ActiveRule(rule, rule.count) for rule in self._script]
        self._added = 0

    def add(self, rule: Rule) -> None:
        """Let the next requests that fit get what the rule says, after what was ordered before."""
        self._entries.insert(self._added, _ActiveRule(rule, rule.count))
        self._added += 1

    def find(self, request: RequestSummary) -> Rule | None:
        """Return the rule for a request without using it up."""
        return next((entry.rule for entry in self._entries if self._is_active(entry, request)), None)

    def use(self, rule: Rule) -> None:
        """Count one use of a rule that was found."""
        entry = next(entry for entry in self._entries if entry.rule is rule and entry.remaining != 0)
        if entry.remaining is not None:
            entry.remaining -= 1

    @staticmethod
    def _is_active(entry: _ActiveRule, request: RequestSummary) -> bool:
        return entry.remaining != 0 and entry.rule.when.applies_to(request)
