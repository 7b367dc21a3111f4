"""Groq's side of a call, without HTTP: what a request gets, given the settings, rules, limits and what came before."""

import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, TypeAlias

from catalyst_groq.groq.models.catalog import Feature, Model, ModelLimits, shipped_catalog
from catalyst_groq.groq.models.token_estimate import estimate_prompt
from catalyst_groq.sandbox.emulator.answers import Completion
from catalyst_groq.sandbox.emulator.api_keys import ApiKeys
from catalyst_groq.sandbox.emulator.call_log import CallLog, OnCall, unseen
from catalyst_groq.sandbox.emulator.capabilities import (
    DEFAULT_OUTPUT_TOKENS,
    output_tokens,
    refuse_model,
    refuse_request,
)
from catalyst_groq.sandbox.emulator.clock import Clock
from catalyst_groq.sandbox.emulator.completions import RequestContext, complete
from catalyst_groq.sandbox.emulator.config import EVERY_MODEL, EmulatorConfig, EmulatorSettings, apply_changes
from catalyst_groq.sandbox.emulator.error_responses import (
    ErrorResponse,
    bad_request,
    flex_full,
    invalid_api_key,
    model_not_found,
)
from catalyst_groq.sandbox.emulator.generated_text import scripted_text
from catalyst_groq.sandbox.emulator.limits import ModelUsage, RequestCost
from catalyst_groq.sandbox.emulator.prompt_cache import PromptCache
from catalyst_groq.sandbox.emulator.recordings import UploadedAudio, default_transcript, transcription, validate_upload
from catalyst_groq.sandbox.emulator.request_schema import refuse_shape
from catalyst_groq.sandbox.emulator.rules import MatchInput, Rule, RuleBook

_USUAL_TOKENS_PER_SECOND = 500
_OUTPUT_MARGIN = 16


@dataclass(frozen=True, slots=True)
class IncomingRequest:
    """A request as it came: `body` is nothing when it was no JSON object, `text` is what rules look at."""

    method: str
    path: str
    organization: str | None
    body: Mapping[str, Any] | None
    text: str = ""

    @property
    def model(self) -> str:
        """The model that was asked, as far as the request says so."""
        return str((self.body or {}).get("model") or "")

    @property
    def match_input(self) -> MatchInput:
        """What rules look at."""
        return MatchInput(self.method, self.path, self.model, self.text)


@dataclass(frozen=True, slots=True)
class ModelReply:
    """An answer, what it was admitted with, and the rule that changes its delivery."""

    answer: Completion
    stream: bool
    account: ModelUsage
    demand: RequestCost
    tokens_per_second: float | None
    rule: Rule | None


@dataclass(frozen=True, slots=True)
class StaticReply:
    """An answer that no model had to write: JSON, or a plain text. `delay` is in seconds."""

    value: Mapping[str, Any] | str
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """A refusal with the headers of the account it concerns."""

    error: ErrorResponse
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0


Reply: TypeAlias = ModelReply | StaticReply | ErrorReply | Rule
"""What a request gets. A rule by itself is a fault of the connection."""


class Service:
    """Everything the emulator knows."""

    def __init__(self, config: EmulatorConfig, script: Iterable[Rule] = (), on_call: OnCall = unseen) -> None:
        self.models = shipped_catalog()
        self.rules = RuleBook(script)
        self.clock = Clock(config.time_scale)
        self.calls = CallLog(config.calls_kept, on_call)
        self.keys = ApiKeys(config.keys)
        self._start: EmulatorSettings = config
        self._settings: EmulatorSettings = config
        self._accounts: dict[tuple[str, str], ModelUsage] = {}
        self._prompts = PromptCache()

    def change(self, changes: Mapping[str, Any]) -> None:
        """Change settings; what was used of the limits is forgotten."""
        self._set(apply_changes(self._settings, changes))

    def reset(self) -> None:
        """Forget orders, calls, used limits and changed settings."""
        self.rules.reset()
        self.calls.clear()
        self._set(self._start)

    def chat(self, asked: IncomingRequest) -> Reply:
        """Answer a chat completions request."""
        if stopped := self._gate(asked):
            return stopped
        body = asked.body
        if body is None:
            return ErrorReply(bad_request("The request body is not a JSON object."))
        if said_no := refuse_shape(body) or refuse_model(asked.model, self.models):
            return ErrorReply(said_no)
        if said_no := refuse_request(body, self.models[asked.model]):
            return ErrorReply(said_no)
        return self._complete(str(asked.organization), asked, body)

    def transcribe(self, asked: IncomingRequest, recording: UploadedAudio, *, translate: bool) -> Reply:
        """Answer a request to transcribe or translate a recording."""
        if stopped := self._gate(asked):
            return stopped
        said_no = validate_upload(recording, self._settings.plan)
        if said_no := said_no or refuse_model(asked.model, self.models, "transcription"):
            return ErrorReply(said_no)
        model = self.models[asked.model]
        if translate and Feature.TRANSLATION not in model.features:
            return ErrorReply(bad_request(f"The model `{model.id}` does not support translations"))
        account, now = self._account(str(asked.organization), model), self.clock.now()
        if said_no := account.admit(RequestCost(audio_seconds=recording.billed_seconds), "on_demand", now):
            return ErrorReply(said_no, account.headers(now))
        rule = self._use_rule(asked)
        task = "translate" if translate else "transcribe"
        text = scripted_text(rule)
        value = transcription(recording, default_transcript(recording) if text is None else text, task, request_id())
        delay = self._latency(model.id) + (rule.delay if rule else 0)
        return StaticReply(value, {**account.headers(now), **(rule.headers if rule else {})}, delay)

    def list_models(self, asked: IncomingRequest) -> Reply:
        """List the models that an ordinary account can use."""
        listed = [_listing(model, self.models.dated) for model in self.models.available()]
        return self._gate(asked) or StaticReply({"object": "list", "data": listed})

    def show_model(self, asked: IncomingRequest) -> Reply:
        """Describe one model."""
        if stopped := self._gate(asked):
            return stopped
        model = self.models.get(asked.model)
        if model is None or not model.is_available:
            return ErrorReply(model_not_found(asked.model))
        return StaticReply(_listing(model, self.models.dated))

    def _gate(self, asked: IncomingRequest) -> ErrorReply | Rule | None:
        """Stop a request that is ordered not to reach the model, or has no key."""
        rule = self.rules.find(asked.match_input)
        if rule and rule.disturbs:
            self.rules.use(rule)
            return ErrorReply(rule.as_refusal(asked.model), {}, rule.delay) if rule.refuses else rule
        return ErrorReply(invalid_api_key()) if asked.organization is None else None

    def _complete(self, organization: str, asked: IncomingRequest, body: Mapping[str, Any]) -> ModelReply | ErrorReply:
        model = self.models[asked.model]
        tier = str(body.get("service_tier") or "on_demand")
        if tier == "flex" and self._settings.flex_full:
            return ErrorReply(flex_full())
        account, now = self._account(organization, model), self.clock.now()
        reserved = output_tokens(body) or DEFAULT_OUTPUT_TOKENS
        demand = RequestCost(estimate_prompt(body, model), reserved, reserved + _OUTPUT_MARGIN)
        if said_no := account.admit(demand, tier, now):
            return ErrorReply(said_no, account.headers(now))
        rule = self._use_rule(asked)
        answer = complete(body, model, rule, self._request_context(organization, model, body))
        if isinstance(answer, ErrorResponse):
            account.settle(demand, RequestCost(demand.prompt_tokens), now)
            return ErrorReply(answer, account.headers(now))
        return ModelReply(answer, bool(body.get("stream")), account, demand, self._speed(model), rule)

    def _use_rule(self, asked: IncomingRequest) -> Rule | None:
        rule = self.rules.find(asked.match_input)
        if rule:
            self.rules.use(rule)
        return rule

    def _request_context(self, organization: str, model: Model, body: Mapping[str, Any]) -> RequestContext:
        cached = Feature.PROMPT_CACHE in model.features
        now = self.clock.now()
        return RequestContext(
            request_id=request_id(),
            completion_id=f"chatcmpl-{uuid.uuid4()}",
            created=int(time.time()),
            queue_time=self._latency(model.id),
            tokens_per_second=self._speed(model) or _published_speed(model),
            cached_tokens=self._prompts.cached_tokens(organization, model, body, now) if cached else 0,
        )

    def _account(self, organization: str, model: Model) -> ModelUsage:
        key = (organization, model.id)
        if key not in self._accounts:
            self._accounts[key] = ModelUsage(organization, model.id, self._limits(model))
        return self._accounts[key]

    def _limits(self, model: Model) -> ModelLimits:
        chosen = self._settings.limits.get(model.id) or self._settings.limits.get(EVERY_MODEL)
        plan = self._settings.plan
        return chosen or (ModelLimits() if plan == "none" else model.limits.get(plan, ModelLimits()))

    def _latency(self, model: str) -> float:
        return self._settings.model_latency.get(model, self._settings.latency)

    def _speed(self, model: Model) -> float | None:
        speed = self._settings.model_tokens_per_second.get(model.id, self._settings.tokens_per_second)
        return _published_speed(model) if speed == "model" else speed

    def _set(self, settings: EmulatorSettings) -> None:
        self._settings = settings
        self.clock.run_at(settings.time_scale)
        self._accounts.clear()
        self._prompts.clear()


def request_id() -> str:
    """Return a new request id in Groq's form."""
    return f"req_{uuid.uuid4().hex[:26]}"


def _published_speed(model: Model) -> float:
    return model.tokens_per_second or _USUAL_TOKENS_PER_SECOND


def _listing(model: Model, dated: date) -> dict[str, Any]:
    created = datetime.combine(dated, datetime.min.time(), UTC)
    return {
        "id": model.id,
        "object": "model",
        "created": int(created.timestamp()),
        "owned_by": model.owned_by,
        "active": True,
        "context_window": model.context_window,
        "public_apps": None,
        "max_completion_tokens": model.max_completion_tokens,
    }
