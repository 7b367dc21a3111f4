"""Rules: which requests get which response or fault.

An entry of a script and a request to the control endpoint are both a `Rule`.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal, Self

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    PositiveInt,
    field_validator,
    model_validator,
)

from catalyst_groq.sandbox.emulator.error_catalog import BY_CODE, response_for_status
from catalyst_groq.sandbox.emulator.error_responses import ErrorResponse, rate_limited
from catalyst_groq.sandbox.emulator.named_answers.answer import RequestKind
from catalyst_groq.sandbox.emulator.named_answers.catalog import find_answer

Fault = Literal["hang", "cut", "garbage", "reset", "stream_error"]
_ANSWER_FIELDS = ("answer", "tool_calls", "characters", "tokens")
_ERROR_FIELDS = ("status", "error_code")
_EFFECT_FIELDS = (*_ANSWER_FIELDS, *_ERROR_FIELDS, "script", "fault")


@dataclass(frozen=True, slots=True)
class RequestSummary:
    """The parts of a request that rules compare: method, path, model, the text of the last user message, its kind."""

    method: str
    path: str
    model: str
    text: str
    kind: RequestKind


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


class Condition(_Part):
    """The condition of a rule. Omitted fields match every request.

    Texts are compared with the last user message: `equals` with the whole text, `contains` case-insensitively,
    `matches` as a regular expression anywhere in it. `path` is the end of the endpoint's path.
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
        """Whether the condition applies to a request. Without `path`: to every request that Groq charges for."""
        return (
            (request.method == "POST" if self.path is None else request.path.endswith(self.path))
            and self.model in {None, request.model}
            and self.equals in {None, request.text}
            and (self.contains is None or self.contains.casefold() in request.text.casefold())
            and (self.matches is None or re.search(self.matches, request.text) is not None)
        )


class ScriptedCall(_Part):
    """A tool call that the model makes."""

    name: str
    arguments: Mapping[str, Any] = {}


class Rule(_Part):
    """One rule: its condition, the number of requests it applies to (None: all), and its effect.

    The effect is a completion (`answer`: a text, or a structure sent as JSON; `tool_calls`; generated text of a number
    of `characters` or `tokens`), an error (`status`, or Groq's `error_code`, with optional `body` and `headers`), an
    answer by its name (`script`, see `named_answers`), or a `fault` of the connection. `delay` is in seconds and needs
    no other effect.
    """

    when: Condition = Condition()
    count: PositiveInt | None = None
    delay: NonNegativeFloat = 0
    answer: str | Mapping[str, Any] | tuple[Any, ...] | None = None
    tool_calls: tuple[ScriptedCall, ...] = ()
    characters: PositiveInt | None = None
    tokens: PositiveInt | None = None
    status: int | None = Field(None, ge=200, le=599)
    error_code: str | None = Field(None, validation_alias=AliasChoices("error_code", "refusal"))
    """`refusal` is its earlier name, which scripts may still have."""
    script: str | None = None
    headers: Mapping[str, str] = {}
    body: str | Mapping[str, Any] | None = None
    fault: Fault | None = None

    @field_validator("headers")
    @classmethod
    def _lower_names(cls, headers: Mapping[str, str]) -> Mapping[str, str]:
        return {name.lower(): value for name, value in headers.items()}

    @field_validator("error_code")
    @classmethod
    def _check_error_code(cls, code: str | None) -> str | None:
        if code is not None and code not in BY_CODE:
            raise ValueError(f"unknown error code {code!r}; must be one of {', '.join(BY_CODE)}")
        return code

    @field_validator("script")
    @classmethod
    def _check_script(cls, name: str | None) -> str | None:
        return None if name is None else find_answer(name).name

    @model_validator(mode="after")
    def _check_effect(self) -> Self:
        effects = [name for name in _EFFECT_FIELDS if getattr(self, name) not in (None, ())]
        if len(effects) > 1:
            raise ValueError(f"only one of {', '.join(effects)} is allowed")
        if not effects and not self.delay:
            raise ValueError(f"has no effect; set one of {', '.join((*_EFFECT_FIELDS, 'delay'))}")
        if self.body is not None and self.status is None:
            raise ValueError("`body` requires `status`")
        if self.body is None and self.status is not None and self.status < HTTPStatus.BAD_REQUEST:
            raise ValueError(f"status {self.status} requires `body`; use `answer` for a completion")
        return self

    def applies_to(self, request: RequestSummary) -> bool:
        """Whether the rule applies to a request. A script applies only to requests that it can answer."""
        return self.when.applies_to(request) and (self.script is None or request.kind in find_answer(self.script).kinds)

    @property
    def is_error(self) -> bool:
        """Whether the effect is an error response."""
        return bool(self.status or self.error_code)

    @property
    def bypasses_model(self) -> bool:
        """Whether the request does not reach the model. It does for the faults `cut` and `stream_error`."""
        return self.is_error or self.script is not None or self.fault in {"hang", "garbage", "reset"}

    def error_response(self, model: str) -> ErrorResponse:
        """Return the error response of the rule for a request to `model`."""
        error = BY_CODE[self.error_code](model) if self.error_code else self._response_for_status(model)
        return error.with_headers(self.headers)

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
    """The active rules: added rules first, then the script, each in insertion order."""

    def __init__(self, script: Iterable[Rule] = ()) -> None:
        self._script = tuple(script)
        self.reset()

    def reset(self) -> None:
        """Delete added rules and restart the script."""
        self._entries = [_ActiveRule(rule, rule.count) for rule in self._script]
        self._added = 0

    def add(self, rule: Rule) -> None:
        """Add a rule for the next matching requests, after the rules added before."""
        self._entries.insert(self._added, _ActiveRule(rule, rule.count))
        self._added += 1

    def find(self, request: RequestSummary) -> Rule | None:
        """Return the rule for a request without counting a use."""
        return next((entry.rule for entry in self._entries if self._is_active(entry, request)), None)

    def use(self, rule: Rule) -> None:
        """Count one use of a rule that `find` returned."""
        entry = next(entry for entry in self._entries if entry.rule is rule and entry.remaining != 0)
        if entry.remaining is not None:
            entry.remaining -= 1

    @staticmethod
    def _is_active(entry: _ActiveRule, request: RequestSummary) -> bool:
        return entry.remaining != 0 and entry.rule.applies_to(request)
