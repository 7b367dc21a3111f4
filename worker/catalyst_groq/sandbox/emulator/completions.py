"""Generates the completion of a valid request. Pure: the same input gives the same output."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from zlib import crc32

from catalyst_groq.groq.models.catalog import Model
from catalyst_groq.groq.models.token_estimate import cut_to_tokens, estimate_prompt, estimate_tokens
from catalyst_groq.sandbox.emulator.capabilities import max_output_tokens
from catalyst_groq.sandbox.emulator.chat_completion import ChatCompletion, CompletionUsage, ToolCall
from catalyst_groq.sandbox.emulator.error_responses import ErrorResponse, json_validate_failed
from catalyst_groq.sandbox.emulator.generated_text import generate_filler, generate_text, last_user_text, scripted_text
from catalyst_groq.sandbox.emulator.rules import Rule
from catalyst_groq.sandbox.emulator.schemas import generate_sample, schema_violations
from catalyst_groq.sandbox.emulator.tools import executed_tools, generate_tool_calls, make_scripted_calls

_EFFORT_TOKENS = {"none": 0, "low": 8, "default": 16, "medium": 16, "high": 48}
_BUDGET_EXHAUSTED_TEXT = "max completion tokens reached before generating a valid document"

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class GenerationContext:
    """Inputs of a completion besides the request: ids, time (Unix seconds), speed and prompt cache."""

    request_id: str
    completion_id: str
    created: int
    queue_time: float
    tokens_per_second: float
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True)
class _Draft:
    """The model's output before the token budget cuts it."""

    content: str | None
    reasoning: str = ""
    calls: tuple[ToolCall, ...] = ()
    executed: tuple[Mapping[str, Any], ...] = ()
    finish_reason: str = "stop"


def generate_completion(
    body: Body, model: Model, rule: Rule | None, context: GenerationContext
) -> ChatCompletion | ErrorResponse:
    """Generate the completion of a valid request: scripted by its rule, otherwise derived from the request."""
    draft = _write_draft(body, model, rule)
    if isinstance(draft, ErrorResponse):
        return draft
    budget = max_output_tokens(body) or model.max_completion_tokens
    if budget is not None:
        draft = _cut_to_budget(draft, budget)
    if problem := _check_json(body, draft):
        return problem
    return _build_completion(body, model, draft, context)


def prompt_digest(body: Body) -> int:
    """Return a checksum: equal requests give equal numbers."""
    return crc32(json.dumps(body, sort_keys=True, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _write_draft(body: Body, model: Model, rule: Rule | None) -> _Draft | ErrorResponse:
    text = scripted_text(rule)
    if rule and rule.tool_calls:
        calls = make_scripted_calls(body, rule.tool_calls)
    else:
        calls = generate_tool_calls(body, model) if text is None else ()
    if isinstance(calls, ErrorResponse):
        return calls
    reasoning = generate_filler(tokens=_EFFORT_TOKENS[_reasoning_effort(body, model)])
    if calls:
        return _Draft(None, reasoning, calls, finish_reason="tool_calls")
    if text is None:
        text = _structured_text(body) or generate_text(body, model.id)
    return _Draft(_apply_stop(body, text), reasoning, executed=executed_tools(body))


def _reasoning_effort(body: Body, model: Model) -> str:
    if model.reasoning is None:
        return "none"
    return str(body.get("reasoning_effort") or model.reasoning.default)


def _structured_text(body: Body) -> str | None:
    response_format = body.get("response_format") or {}
    match response_format.get("type"):
        case "json_object":
            return json.dumps({"question": last_user_text(body), "answer": "generated"}, ensure_ascii=False)
        case "json_schema":
            named = response_format["json_schema"]
            return json.dumps(generate_sample(named.get("schema") or {}, named["name"]), ensure_ascii=False)
        case _:
            return None


def _apply_stop(body: Body, text: str) -> str:
    stop = body.get("stop") or []
    for word in filter(None, [stop] if isinstance(stop, str) else stop):
        text = text.split(word, 1)[0]
    return text


def _cut_to_budget(draft: _Draft, budget: int) -> _Draft:
    """Apply the token budget as a model does: to reasoning first, then to the text."""
    remaining = budget - estimate_tokens(draft.reasoning)
    content = draft.content or ""
    if remaining >= estimate_tokens(content):
        return draft
    return replace(
        draft,
        reasoning=cut_to_tokens(draft.reasoning, budget),
        content=cut_to_tokens(content, max(remaining, 0)),
        finish_reason="length",
    )


def _check_json(body: Body, draft: _Draft) -> ErrorResponse | None:
    if (body.get("response_format") or {}).get("type", "text") == "text" or draft.content is None:
        return None
    if draft.finish_reason == "length":
        return json_validate_failed(_BUDGET_EXHAUSTED_TEXT)
    try:
        value = json.loads(draft.content)
    except ValueError:
        return json_validate_failed(draft.content)
    named = body["response_format"].get("json_schema") or {}
    if named.get("strict") and schema_violations(value, named.get("schema") or {}):
        return json_validate_failed(draft.content)
    return None


def _build_completion(body: Body, model: Model, draft: _Draft, context: GenerationContext) -> ChatCompletion:
    reasoning_tokens = estimate_tokens(draft.reasoning)
    output_tokens = estimate_tokens(draft.content or "") + sum(
        estimate_tokens(json.dumps(call.as_json())) for call in draft.calls
    )
    completion_tokens = reasoning_tokens + output_tokens
    content, reasoning = _format_reasoning(body, model, draft)
    usage = CompletionUsage(
        prompt_tokens=estimate_prompt(body, model),
        completion_tokens=completion_tokens,
        reasoning_tokens=reasoning_tokens,
        cached_tokens=context.cached_tokens,
        queue_time=context.queue_time,
        completion_time=completion_tokens / context.tokens_per_second,
    )
    seed = body.get("seed")
    tier = body.get("service_tier") or "on_demand"
    return ChatCompletion(
        id=context.completion_id,
        request_id=context.request_id,
        created=context.created,
        model=model.id,
        content=content,
        reasoning=reasoning,
        tool_calls=draft.calls,
        executed_tools=draft.executed,
        finish_reason=draft.finish_reason,
        usage=usage,
        service_tier="on_demand" if tier == "auto" else tier,
        seed=prompt_digest(body) if seed is None else seed,
    )


def _format_reasoning(body: Body, model: Model, draft: _Draft) -> tuple[str | None, str | None]:
    """Return content and reasoning in the format of the request."""
    if not draft.reasoning or model.reasoning is None or body.get("include_reasoning") is False:
        return draft.content, None
    plain = bool(body.get("tools") or body.get("response_format"))
    default = "raw" if model.reasoning.formats and not plain and body.get("include_reasoning") is None else "parsed"
    match body.get("reasoning_format") or default:
        case "raw":
            return f"<think>\n{draft.reasoning}\n</think>\n\n{draft.content or ''}", None
        case "hidden":
            return draft.content, None
        case _:
            return draft.content, draft.reasoning
