"""Checks whether a model supports a well-formed request: existence, size, reasoning, images, JSON, tools."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from catalyst_groq.groq.models.catalog import Feature, Model, ModelCatalog
from catalyst_groq.groq.models.token_estimate import estimate_prompt
from catalyst_groq.sandbox.emulator.error_responses import (
    ErrorResponse,
    bad_request,
    body_too_large,
    context_length_exceeded,
    model_decommissioned,
    model_not_found,
    output_cap_exceeded,
)
from catalyst_groq.sandbox.emulator.schemas import (
    find_parameters_problem,
    find_rejected_keyword,
    find_schema_problem,
    find_strictness_problem,
)

DEFAULT_OUTPUT_TOKENS = 1024
"""Output tokens reserved for a request without a maximum. An assumption: Groq's figure is unknown."""

_DECOMMISSIONED_BEFORE = date(2026, 1, 1)
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MAX_TOOLS = 128
_MAX_IMAGE_BYTES = 4_000_000
_BUILT_IN_TOOLS = ("browser_search", "code_interpreter")

Body = Mapping[str, Any]


def validate_model(model_id: str, models: ModelCatalog, kind: str = "chat") -> ErrorResponse | None:
    """Return an error for a model that does not exist, is retired, or is of another kind.

    Models retired before 2026 give 400 `model_decommissioned`, later ones 404 `model_not_found`, as observed at Groq.
    """
    model = models.get(model_id)
    if model and model.retired and model.retired < _DECOMMISSIONED_BEFORE:
        return model_decommissioned(model_id)
    if model is None or not model.is_available:
        return model_not_found(model_id)
    if model.kind != kind:
        purpose = {"chat": "chat completions", "transcription": "transcriptions", "speech": "speech"}[kind]
        return bad_request(f"The model `{model_id}` does not support {purpose}")
    return None


def validate_capabilities(body: Body, model: Model) -> ErrorResponse | None:
    """Return an error for a request that the model does not support."""
    return next((error for check in _CHECKS for error in check(body, model)), None)


def max_output_tokens(body: Body) -> int | None:
    """Return the request's maximum of output tokens, or None."""
    return body.get("max_completion_tokens") or body.get("max_tokens")


def image_urls(body: Body) -> list[str]:
    """Return the URLs of all images in the messages."""
    return [
        part["image_url"]["url"]
        for message in body["messages"]
        if isinstance(message.get("content"), list)
        for part in message["content"]
        if part["type"] == "image_url"
    ]


def _check_size(body: Body, model: Model) -> Iterator[ErrorResponse]:
    for name in ("max_completion_tokens", "max_tokens"):
        if model.max_completion_tokens and (body.get(name) or 0) > model.max_completion_tokens:
            yield output_cap_exceeded(name, model.max_completion_tokens)
    required_tokens = estimate_prompt(body, model) + (max_output_tokens(body) or 1)
    if model.context_window and required_tokens > model.context_window:
        yield context_length_exceeded()


def _check_reasoning(body: Body, model: Model) -> Iterator[ErrorResponse]:
    effort, shown = body.get("reasoning_effort"), body.get("reasoning_format")
    if shown and body.get("include_reasoning") is not None:
        yield bad_request("cannot specify both `reasoning_format` and `include_reasoning`")
    if effort and not model.reasoning:
        yield bad_request("`reasoning_effort` is not supported with this model", param="reasoning_effort")
    if effort and model.reasoning and effort not in model.reasoning.efforts:
        yield bad_request(f"`reasoning_effort` must be one of {_join_alternatives(model.reasoning.efforts)}")
    if shown and not (model.reasoning and shown in model.reasoning.formats):
        yield bad_request("`reasoning_format` is not supported with this model", param="reasoning_format")
    if shown == "raw" and (body.get("tools") or _format_type(body) != "text"):
        yield bad_request("`reasoning_format` `raw` cannot be used with JSON mode or tools", param="reasoning_format")


def _join_alternatives(values: tuple[str, ...]) -> str:
    quoted = [f"`{value}`" for value in values]
    if len(quoted) < 3:  # noqa: PLR2004 - two need no comma
        return " or ".join(quoted)
    return f"{', '.join(quoted[:-1])}, or {quoted[-1]}"


def _check_images(body: Body, model: Model) -> Iterator[ErrorResponse]:
    urls = image_urls(body)
    if urls and Feature.VISION not in model.features:
        number = next(n for n, message in enumerate(body["messages"]) if isinstance(message.get("content"), list))
        yield bad_request(f"messages[{number}].content must be a string")
    if len(urls) > model.max_images:
        yield bad_request(f"Too many images provided. This model supports up to {model.max_images} images")
    for url in urls:
        yield from _check_image(url)


def _check_image(url: str) -> Iterator[ErrorResponse]:
    if url.startswith("https://"):
        return
    head, _, data = url.partition(",")
    if not re.fullmatch(r"data:image/[a-z+.-]+;base64", head):
        yield bad_request("invalid image url: must be an https URL or a base64 data URL")
        return
    if len(data) > _MAX_IMAGE_BYTES:
        yield body_too_large()
    try:
        base64.b64decode(data, validate=True)
    except binascii.Error:
        yield bad_request("invalid image url: the data is not base64")


def _format_type(body: Body) -> str:
    return str((body.get("response_format") or {}).get("type", "text"))


def _check_response_format(body: Body, model: Model) -> Iterator[ErrorResponse]:
    match _format_type(body):
        case "text":
            return
        case "json_object":
            if "json" not in json.dumps(body["messages"]).lower():
                yield bad_request(
                    "'messages' must contain the word 'json' in some form, to use 'response_format' of type "
                    "'json_object'."
                )
        case "json_schema":
            yield from _check_json_schema(body, model)
        case _:
            allowed = " OR ".join(
                f"('response_format.type' : value is not one of the allowed values ['{kind}'])"
                for kind in ("text", "json_object", "json_schema")
            )
            yield bad_request(f"'response_format' : one of the following must be satisfied[{allowed}]")


def _check_json_schema(body: Body, model: Model) -> Iterator[ErrorResponse]:
    json_schema = body["response_format"].get("json_schema")
    if not isinstance(json_schema, dict) or not _NAME.fullmatch(str(json_schema.get("name", ""))):
        yield bad_request("'response_format.json_schema' : property 'name' is missing or not [A-Za-z0-9_-]{1,64}")
        return
    name, schema = json_schema["name"], json_schema.get("schema") or {}
    feature = Feature.STRICT_JSON_SCHEMA if json_schema.get("strict") else Feature.JSON_SCHEMA
    if feature not in model.features:
        yield bad_request("This model does not support response format `json_schema`.", param="response_format")
    for other in ("stream", "tools"):
        if body.get(other):
            yield bad_request(f"response format `json_schema` cannot be combined with `{other}`")
    if problem := find_schema_problem(schema):
        yield bad_request(f"invalid JSON schema for response_format: '{name}': {problem}")
    if keyword := find_rejected_keyword(schema):
        yield bad_request(
            f"invalid schema for response format: response_format/json_schema/{name}: {keyword} is not supported"
        )
    if json_schema.get("strict") and (problem := find_strictness_problem(schema)):
        yield bad_request(f"invalid JSON schema for response_format: '{name}': {problem}")


def _check_tools(body: Body, model: Model) -> Iterator[ErrorResponse]:
    tools = body.get("tools") or []
    if tools and Feature.TOOLS not in model.features:
        yield bad_request("`tool calling` is not supported with this model")
    if len(tools) > _MAX_TOOLS:
        yield bad_request(f"'tools' : maximum number of items is {_MAX_TOOLS}")
    for number, tool in enumerate(tools):
        yield from _check_tool(number, tool, model, _format_type(body))
    names = [tool["function"]["name"] for tool in tools if tool["type"] == "function"]
    choice = body.get("tool_choice")
    if isinstance(choice, str) and choice not in {"none", "auto", "required"}:
        yield bad_request("'tool_choice' : value is not one of the allowed values ['none', 'auto', 'required']")
    if isinstance(choice, dict) and _chosen_function(choice) not in names:
        yield bad_request("tool_choice: the chosen function is not in request.tools", param="tool_choice")


def _chosen_function(choice: Body) -> object:
    function = choice.get("function")
    return function.get("name") if isinstance(function, dict) else None


def _check_tool(number: int, tool: Any, model: Model, response_format: str) -> Iterator[ErrorResponse]:
    kind = tool.get("type") if isinstance(tool, dict) else None
    if kind in _BUILT_IN_TOOLS:
        if Feature.BUILT_IN_TOOLS not in model.features:
            yield bad_request(f"tool type `{kind}` is not supported with this model", param=f"tools[{number}]")
        if response_format == "json_schema":
            yield bad_request(f"tool type `{kind}` cannot be combined with structured outputs")
        return
    function = tool.get("function") if kind == "function" else None
    if not isinstance(function, dict) or not _NAME.fullmatch(str(function.get("name", ""))):
        yield bad_request(f"'tools.{number}' : a type, and for functions a name of [A-Za-z0-9_-]{{1,64}}, is needed")
        return
    if problem := find_parameters_problem(function.get("parameters") or {}):
        path = f"tool {function['name']}, tools[{number}].function.parameters"
        yield bad_request(f"invalid JSON schema for {path}: {problem}", param=path)


_CHECKS: tuple[Callable[[Body, Model], Iterator[ErrorResponse]], ...] = (
    _check_reasoning,
    _check_images,
    _check_tools,
    _check_response_format,
    _check_size,
)
