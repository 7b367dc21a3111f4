"""Adapts a request to a model that takes another's place. Pure.

Parameters that only tune a model are left out or mapped to the nearest value; where the response would be a different
one, the model is incompatible. Source: `catalog.yaml`, and refusals seen (reference/groq-api.md, 1.4, 1.5, 1.8).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from catalyst_groq.groq.api.operations import TASK_PARAMETER, Operation, Payload
from catalyst_groq.groq.models.catalog import Feature, Model, ModelCatalog

OUTPUT_LIMIT_PARAMETERS = ("max_tokens", "max_completion_tokens")
COMMON_FORMATS = ("text", "json_object")
"""Response formats that every model supports."""

Change = tuple[str, Any, str]
"""A parameter, its new value (None: left out), and the description of the change."""


@dataclass(frozen=True, slots=True)
class AdaptedRequest:
    """A payload that the model supports, as far as is known, and what was changed."""

    payload: Payload
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IncompatibleModel:
    """Why a model cannot do what is requested."""

    reason: str


def adapt_request(
    payload: Payload, operation: Operation, model_id: str, catalog: ModelCatalog
) -> AdaptedRequest | IncompatibleModel:
    """Adapt a payload to another model than the one it names; about an unknown model nothing is assumed."""
    model = catalog.find(model_id)
    if model is None or model_id == payload["model"]:
        return AdaptedRequest(payload)
    if reason := next(_find_incompatibilities(payload, operation, model), None):
        return IncompatibleModel(reason)
    changes = [change for rule in RULES for change in rule(payload, model)]
    adapted = {**payload, **{name: value for name, value, _ in changes}}
    omitted = {name for name, value, _ in changes if value is None}
    descriptions = tuple(dict.fromkeys(description for _, _, description in changes))
    return AdaptedRequest({name: value for name, value in adapted.items() if name not in omitted}, descriptions)


def _find_incompatibilities(payload: Payload, operation: Operation, model: Model) -> Iterator[str]:
    if model.kind != operation.model_kind:
        yield f"no model for {operation.model_kind}"
    if payload.get(TASK_PARAMETER) == "translate" and Feature.TRANSLATION not in model.features:
        yield "does not translate"
    images = sum(1 for part in _parts(payload) if part.get("type") == "image_url")
    if images and Feature.VISION not in model.features:
        yield "does not support images"
    elif images > model.max_images:
        yield f"takes {model.max_images} images"
    kinds = {str(tool.get("type")) for tool in _list_of(payload, "tools") if isinstance(tool, dict)}
    if "function" in kinds and Feature.TOOLS not in model.features:
        yield "does not support tools"
    if kinds - {"function"} and Feature.BUILT_IN_TOOLS not in model.features:
        yield "has no built-in tools"
    if _response_format(payload) not in COMMON_FORMATS and Feature.JSON_SCHEMA not in model.features:
        yield "does not support a JSON schema"


def _adapt_reasoning_effort(payload: Payload, model: Model) -> Iterator[Change]:
    effort = payload.get("reasoning_effort")
    if effort is None or (model.reasoning and effort in model.reasoning.efforts):
        return
    if model.reasoning and effort == "none":
        lowest = model.reasoning.efforts[0]
        yield "reasoning_effort", lowest, f"reasoning_effort: none became {lowest}"
    else:
        yield "reasoning_effort", None, f"reasoning_effort: {effort} left out"


def _adapt_reasoning_format(payload: Payload, model: Model) -> Iterator[Change]:
    shown = payload.get("reasoning_format")
    if shown is not None and not (model.reasoning and shown in model.reasoning.formats):
        if model.reasoning and shown == "hidden":
            description = "reasoning_format: hidden became include_reasoning: false"
            yield "include_reasoning", False, description
            yield "reasoning_format", None, description
        else:
            yield "reasoning_format", None, f"reasoning_format: {shown} left out"
    if payload.get("include_reasoning") is not None and not model.reasoning:
        yield "include_reasoning", None, "include_reasoning left out"


def _adapt_strict_schema(payload: Payload, model: Model) -> Iterator[Change]:
    if _response_format(payload) != "json_schema" or Feature.STRICT_JSON_SCHEMA in model.features:
        return
    response_format = payload["response_format"]
    if isinstance(schema := response_format.get("json_schema"), dict) and schema.get("strict"):
        relaxed = {**response_format, "json_schema": {**schema, "strict": False}}
        yield "response_format", relaxed, "json_schema: strict left out"


def _adapt_output_limit(payload: Payload, model: Model) -> Iterator[Change]:
    maximum = model.max_completion_tokens
    for name in OUTPUT_LIMIT_PARAMETERS:
        if maximum and isinstance(requested := payload.get(name), int) and requested > maximum:
            yield name, maximum, f"{name}: {requested} became {maximum}"


RULES: tuple[Callable[[Payload, Model], Iterator[Change]], ...] = (
    _adapt_reasoning_effort,
    _adapt_reasoning_format,
    _adapt_strict_schema,
    _adapt_output_limit,
)


def _response_format(payload: Payload) -> str:
    response_format = payload.get("response_format")
    return str(response_format.get("type")) if isinstance(response_format, dict) else "text"


def _list_of(payload: Payload, name: str) -> list[Any]:
    value = payload.get(name)
    return value if isinstance(value, list) else []


def _parts(payload: Payload) -> Iterator[dict[str, Any]]:
    for message in _list_of(payload, "messages"):
        content = message.get("content") if isinstance(message, dict) else None
        yield from (part for part in (content if isinstance(content, list) else ()) if isinstance(part, dict))
