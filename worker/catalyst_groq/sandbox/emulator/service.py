"""The emulated Groq service without HTTP: it maps a request to a reply by settings, rules and limits."""

import time
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from catalyst_groq.groq.models.catalog import Feature, Model, ModelLimits, shipped_catalog
from catalyst_groq.groq.models.token_estimate import estimate_prompt
from catalyst_groq.sandbox.emulator.api_keys import ApiKeys
from catalyst_groq.sandbox.emulator.call_log import CallLog, OnCall, ignore_call
from catalyst_groq.sandbox.emulator.capabilities import (
    DEFAULT_OUTPUT_TOKENS,
    max_output_tokens,
    validate_capabilities,
    validate_model,
)
from catalyst_groq.sandbox.emulator.clock import Clock
from catalyst_groq.sandbox.emulator.completions import GenerationContext, generate_completion
from catalyst_groq.sandbox.emulator.config import EVERY_MODEL, EmulatorConfig, EmulatorSettings, update_settings
from catalyst_groq.sandbox.emulator.error_responses import (
    ErrorResponse,
    bad_request,
    flex_full,
    invalid_api_key,
    model_not_found,
)
from catalyst_groq.sandbox.emulator.generated_text import scripted_text
from catalyst_groq.sandbox.emulator.limits import RateLimiter, RequestUsage
from catalyst_groq.sandbox.emulator.messages import (
    ApiRequest,
    CompletionReply,
    ErrorReply,
    NamedReply,
    Reply,
    SimpleReply,
)
from catalyst_groq.sandbox.emulator.named_answers.catalog import find_answer
from catalyst_groq.sandbox.emulator.prompt_cache import PromptCache
from catalyst_groq.sandbox.emulator.request_schema import validate_schema
from catalyst_groq.sandbox.emulator.rules import Rule, RuleSet
from catalyst_groq.sandbox.emulator.transcriptions import (
    AudioUpload,
    format_transcription,
    generate_transcript,
    validate_upload,
)

_DEFAULT_TOKENS_PER_SECOND = 500
_EXPECTED_OUTPUT_MARGIN_TOKENS = 16


class GroqService:
    """The state and the behaviour of the emulated service."""

    def __init__(self, config: EmulatorConfig, script: Iterable[Rule] = (), on_call: OnCall = ignore_call) -> None:
        self.models = shipped_catalog()
        self.rules = RuleSet(script)
        self.clock = Clock(config.time_scale)
        self.calls = CallLog(config.max_calls, on_call)
        self.keys = ApiKeys(config.keys)
        self._initial_settings: EmulatorSettings = config
        self._settings: EmulatorSettings = config
        self._rate_limiters: dict[tuple[str, str], RateLimiter] = {}
        self._prompt_cache = PromptCache()

    def update_settings(self, changes: Mapping[str, Any]) -> None:
        """Change settings. Deletes the limit usage."""
        self._apply_settings(update_settings(self._settings, changes))

    def reset(self) -> None:
        """Delete added rules, calls and limit usage, and restore the initial settings."""
        self.rules.reset()
        self.calls.clear()
        self._apply_settings(self._initial_settings)

    def chat(self, request: ApiRequest) -> Reply:
        """Answer a chat completions request."""
        if early_reply := self._reject_early(request):
            return early_reply
        body = request.body
        if body is None:
            return ErrorReply(bad_request("The request body is not a JSON object."))
        if error := validate_schema(body) or validate_model(request.model, self.models):
            return ErrorReply(error)
        if error := validate_capabilities(body, self.models[request.model]):
            return ErrorReply(error)
        return self._complete(str(request.organization), request, body)

    def transcribe(self, request: ApiRequest, upload: AudioUpload, *, translate: bool) -> Reply:
        """Answer a request to transcribe or translate a recording."""
        if early_reply := self._reject_early(request):
            return early_reply
        error = validate_upload(upload, self._settings.plan)
        if error := error or validate_model(request.model, self.models, "transcription"):
            return ErrorReply(error)
        model = self.models[request.model]
        if translate and Feature.TRANSLATION not in model.features:
            return ErrorReply(bad_request(f"The model `{model.id}` does not support translations"))
        rate_limiter, now = self._rate_limiter(str(request.organization), model), self.clock.now()
        if error := rate_limiter.admit(RequestUsage(audio_seconds=upload.billed_seconds), "on_reserved_usage", now):
            return ErrorReply(error, rate_limiter.headers(now))
        rule = self._use_rule(request)
        task = "translate" if translate else "transcribe"
        text = scripted_text(rule)
        body = format_transcription(
            upload, generate_transcript(upload) if text is None else text, task, new_request_id()
        )
        delay = self._latency(model.id) + (rule.delay if rule else 0)
        return SimpleReply(body, {**rate_limiter.headers(now), **(rule.headers if rule else {})}, delay)

    def list_models(self, request: ApiRequest) -> Reply:
        """Reply with the models that an ordinary account can use."""
        models = [_model_object(model, self.models.dated) for model in self.models.available()]
        return self._reject_early(request) or SimpleReply({"object": "list", "data": models})

    def show_model(self, request: ApiRequest) -> Reply:
        """Reply with one model."""
        if early_reply := self._reject_early(request):
            return early_reply
        model = self.models.get(request.model)
        if model is None or not model.is_available:
            return ErrorReply(model_not_found(request.model))
        return SimpleReply(_model_object(model, self.models.dated))

    def _reject_early(self, request: ApiRequest) -> ErrorReply | NamedReply | Rule | None:
        """Return the reply to a request that does not reach the model, because of a rule or its key."""
        rule = self.rules.find(request.summary)
        if rule and rule.bypasses_model:
            self.rules.use(rule)
            if rule.script:
                answer = find_answer(rule.script).make(request.to_named())
                return NamedReply(answer.with_headers(rule.headers), rule.delay)
            return ErrorReply(rule.error_response(request.model), {}, rule.delay) if rule.is_error else rule
        return ErrorReply(invalid_api_key()) if request.organization is None else None

    def _complete(
        self, organization: str, request: ApiRequest, body: Mapping[str, Any]
    ) -> CompletionReply | ErrorReply:
        model = self.models[request.model]
        tier = str(body.get("service_tier") or "on_reserved_usage")
        if tier == "flex" and self._settings.flex_full:
            return ErrorReply(flex_full())
        rate_limiter, now = self._rate_limiter(organization, model), self.clock.now()
        reserved = max_output_tokens(body) or DEFAULT_OUTPUT_TOKENS
        reserved_usage = RequestUsage(estimate_prompt(body, model), reserved, reserved + _EXPECTED_OUTPUT_MARGIN_TOKENS)
        if error := rate_limiter.admit(reserved_usage, tier, now):
            return ErrorReply(error, rate_limiter.headers(now))
        rule = self._use_rule(request)
        completion = generate_completion(body, model, rule, self._generation_context(organization, model, body))
        if isinstance(completion, ErrorResponse):
            rate_limiter.settle(reserved_usage, RequestUsage(reserved_usage.prompt_tokens), now)
            return ErrorReply(completion, rate_limiter.headers(now))
        return CompletionReply(
            completion, bool(body.get("stream")), rate_limiter, reserved_usage, self._tokens_per_second(model), rule
        )

    def _use_rule(self, request: ApiRequest) -> Rule | None:
        rule = self.rules.find(request.summary)
        if rule:
            self.rules.use(rule)
        return rule

    def _generation_context(self, organization: str, model: Model, body: Mapping[str, Any]) -> GenerationContext:
        is_cached = Feature.PROMPT_CACHE in model.features
        now = self.clock.now()
        return GenerationContext(
            request_id=new_request_id(),
            completion_id=f"chatcmpl-{uuid.uuid4()}",
            created=int(time.time()),
            queue_time=self._latency(model.id),
            tokens_per_second=self._tokens_per_second(model) or _published_speed(model),
            cached_tokens=self._prompt_cache.cached_tokens(organization, model, body, now) if is_cached else 0,
        )

    def _rate_limiter(self, organization: str, model: Model) -> RateLimiter:
        key = (organization, model.id)
        if key not in self._rate_limiters:
            self._rate_limiters[key] = RateLimiter(organization, model.id, self._limits(model))
        return self._rate_limiters[key]

    def _limits(self, model: Model) -> ModelLimits:
        chosen = self._settings.limits.get(model.id) or self._settings.limits.get(EVERY_MODEL)
        plan = self._settings.plan
        return chosen or (ModelLimits() if plan == "none" else model.limits.get(plan, ModelLimits()))

    def _latency(self, model: str) -> float:
        return self._settings.model_latency.get(model, self._settings.latency)

    def _tokens_per_second(self, model: Model) -> float | None:
        speed = self._settings.model_tokens_per_second.get(model.id, self._settings.tokens_per_second)
        return _published_speed(model) if speed == "model" else speed

    def _apply_settings(self, settings: EmulatorSettings) -> None:
        self._settings = settings
        self.clock.set_scale(settings.time_scale)
        self._rate_limiters.clear()
        self._prompt_cache.clear()


def new_request_id() -> str:
    """Return a new request id in Groq's format."""
    return f"req_{uuid.uuid4().hex[:26]}"


def _published_speed(model: Model) -> float:
    return model.tokens_per_second or _DEFAULT_TOKENS_PER_SECOND


def _model_object(model: Model, dated: date) -> dict[str, Any]:
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
