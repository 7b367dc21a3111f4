"""A request made to fit a model that takes another's place. Pure.

What only shapes how a model works is left out or mapped to its next of kin; where the answer would be another one, the
model is not fit. Source: `models.yaml`, and the refusals seen of Groq (reference, 1.4, 1.5, 1.8).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalyst_groq.groq.api.operations import TASK_PARAMETER
from catalyst_groq.groq.models.catalog import Feature, Model, known_models

OUTPUT_LIMIT_PARAMETERS = ("max_tokens", "max_completion_tokens")
COMMON_FORMATS = ("text", "json_object")
"""Formats of an answer that every model takes."""

Change = tuple[str, Any, str]
"""A parameter, its new value (None: left out), and what is said of it."""


@dataclass(frozen=True, slots=True)
class AdaptedRequest:
    """A request that the model takes, as far as is known, and what was changed."""

    payload: Mapping[str, Any]
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IncompatibleModel:
    """Why a model cannot do what is asked."""

    reason: str


def adapt_request(payload: Mapping[str, Any], model_id: str) -> AdaptedRequest | IncompatibleModel:
    """Make a request fit another model than the one it names; of a model that is not known nothing is presumed."""
    model = known_models().get(model_id)
    if model is None or model_id == payload["model"]:
        return AdaptedRequest(payload)
    if reason := next(_find_incompatibilities(payload, model), None):
        return IncompatibleModel(reason)
    changes = [change for rule in RULES for change in rule(payload, model)]
    new = {**payload, **{name: value for name, value, _ in changes}}
    left_out = {name for name, value, _ in changes if value is None}
    said = tuple(dict.fromkeys(said for _, _, said in changes))
    return AdaptedRequest({name: value for name, value in new.items() if name not in left_out}, said)


def _find_incompatibilities(payload: Mapping[str, Any], model: Model) -> Iterator[str]:
    kind = "chat" if "messages" in payload else "transcription"
    if model.kind != kind:
        yield f"no model for {kind}"
    if payload.get(TASK_PARAMETER) == "translate" and Feature.TRANSLATION not in model.features:
        yield "cannot translate"
    images = sum(1 for part in _parts(payload) if part.get("type") == "image_url")
    if images and Feature.VISION not in model.features:
        yield "cannot see images"
    elif images > model.max_images:
        yield f"takes {model.max_images} images"
    kinds = {tool.get("type") for tool in payload.get("tools") or () if isinstance(tool, dict)}
    if "function" in kinds and Feature.TOOLS not in model.features:
        yield "calls no tools"
    if kinds - {"function"} and Feature.BUILT_IN_TOOLS not in model.features:
        yield "has no built-in tools"
    if _format(payload) not in COMMON_FORMATS and Feature.JSON_SCHEMA not in model.features:
        yield "keeps to no JSON schema"


def _effort(payload: Mapping[str, Any], model: Model) -> Iterator[Change]:
    effort = payload.get("reasoning_effort")
    if effort is None or (model.reasoning and effort in model.reasoning.efforts):
        return
    if model.reasoning and effort == "none":
        least = model.reasoning.efforts[0]
        yield "reasoning_effort", least, f"reasoning_effort: none became {least}"
    else:
        yield "reasoning_effort", None, f"reasoning_effort: {effort} left out"


def _thoughts(payload: Mapping[str, Any], model: Model) -> Iterator[Change]:
    shown = payload.get("reasoning_format")
    if shown is not None and not (model.reasoning and shown in model.reasoning.formats):
        if model.reasoning and shown == "hidden":
            said = "reasoning_format: hidden became include_reasoning: false"
            yield "include_reasoning", False, said
            yield "reasoning_format", None, said
        else:
            yield "reasoning_format", None, f"reasoning_format: {shown} left out"
    if payload.get("include_reasoning") is not None and not model.reasoning:
        yield "include_reasoning", None, "include_reasoning left out"


def _strictness(payload: Mapping[str, Any], model: Model) -> Iterator[Change]:
    if _format(payload) != "json_schema" or Feature.STRICT_JSON_SCHEMA in model.features:
        return
    wanted = payload["response_format"]
    if isinstance(schema := wanted.get("json_schema"), dict) and schema.get("strict"):
        yield "response_format", {**wanted, "json_schema": {**schema, "strict": False}}, "json_schema: strict left out"


def _budget(payload: Mapping[str, Any], model: Model) -> Iterator[Change]:
    most = model.max_completion_tokens
    for name in OUTPUT_LIMIT_PARAMETERS:
        if most and isinstance(wanted := payload.get(name), int) and wanted > most:
            yield name, most, f"{name}: {wanted} became {most}"


RULES: tuple[Callable[[Mapping[str, Any], Model], Iterator[Change]], ...] = (_effort, _thoughts, _strictness, _budget)


def _format(payload: Mapping[str, Any]) -> str:
    wanted = payload.get("response_format")
    return str(wanted.get("type")) if isinstance(wanted, dict) else "text"


def _parts(payload: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for message in payload.get("messages") or ():
        content = message.get("content") if isinstance(message, dict) else None
        yield from (part for part in (content if isinstance(content, list) else ()) if isinstance(part, dict))
