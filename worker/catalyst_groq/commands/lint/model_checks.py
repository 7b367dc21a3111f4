"""Models: whether they exist, and whether they can do what is requested."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from catalyst_groq.commands.lint.checks import TaskCheck
from catalyst_groq.commands.lint.fields import is_transcription
from catalyst_groq.commands.lint.findings import Finding
from catalyst_groq.commands.lint.samples import is_constant
from catalyst_groq.common.texts import closest, shorten
from catalyst_groq.connector.expressions.placeholders import OPENING_MARKS
from catalyst_groq.connector.fields.names import FALLBACK_MODELS, MODEL, PAYLOAD, WHEN_TOO_LONG
from catalyst_groq.errors import FieldError
from catalyst_groq.groq.api.error_kinds import ErrorKind
from catalyst_groq.groq.api.operations import CHAT_COMPLETION
from catalyst_groq.groq.api.remedies import remedy_for
from catalyst_groq.groq.models.catalog import Model, ModelCatalog
from catalyst_groq.groq.models.token_estimate import estimate_prompt, max_output_tokens
from catalyst_groq.groq.routing.request_adapter import AdaptedRequest, IncompatibleModel, adapt_request
from catalyst_groq.sandbox.emulator.capabilities import validate_capabilities
from catalyst_groq.sandbox.emulator.error_responses import ErrorResponse
from catalyst_groq.sandbox.emulator.request_schema import validate_schema

MAX_QUOTED_CHARS = 300
OTHER_MODEL = ""
"""In the place of a request's model: whether it suits a model is asked as if that took another one's place."""


def check_models(check: TaskCheck) -> Iterator[Finding]:
    """Check the model and the fallback models."""
    request, payload = check.checked.request, check.checked.payload
    if request is None:
        return
    names = [(FALLBACK_MODELS, name) for name in request.fallback_models]
    if own_name := _own_name(check):
        names.insert(0, own_name)
    for field, name in names:
        yield from _check_name(check, field, name)
    if payload is None:
        return
    if not is_transcription(check.checked) and (refusal := validate_schema(payload)):
        # What Groq refuses whatever the model is; other servers may accept it, but nothing more can be said of it.
        yield from [_refused(check, refusal)] if check.is_groq else []
        return
    names_model = bool(names) and names[0][0] != FALLBACK_MODELS
    own = list(_check_own_model(check, payload)) if names_model else []
    yield from own or _check_capabilities(check, payload)
    for field, name in names:
        if field == FALLBACK_MODELS:
            yield from _check_fallback_model(check, payload, name)


def _check_fallback_model(check: TaskCheck, payload: Mapping[str, Any], name: str) -> Iterator[Finding]:
    request, model = check.checked.request, _available(check, name)
    if request is None or model is None:
        return
    adapted = adapt_request({**payload, "model": OTHER_MODEL}, request.builder.operation, model.id, _catalog(check))
    if isinstance(adapted, IncompatibleModel):
        problem = f"{FALLBACK_MODELS}: {name}: {adapted.reason}"
        yield check.finding("fallback-model-cannot", problem, "Choose another model, or remove it", FALLBACK_MODELS)


def _own_name(check: TaskCheck) -> tuple[str, str] | None:
    """Return the field that names the task's model, and the name."""
    field, payload = _field_of_model(check), check.checked.payload
    if field is None:
        return None
    name = str(check.checked.raw.fields[MODEL]).strip() or (check.checked.structure(PAYLOAD) or {}).get("model")
    if name is None or OPENING_MARKS.search(str(name)):  # the catalog's default, or a constant expression
        name = payload and payload["model"]
    return (field, name) if isinstance(name, str) and name else None


def _field_of_model(check: TaskCheck) -> str | None:
    """Return the field that names the model; None where a variable does, or nothing."""
    if str(check.checked.raw.fields[MODEL]).strip():
        return MODEL if is_constant(check.checked.raw.fields[MODEL]) else None
    template = {} if is_transcription(check.checked) else check.checked.structure(PAYLOAD) or {}
    return PAYLOAD if is_constant(template.get("model")) else None


def _check_name(check: TaskCheck, field: str, name: str) -> Iterator[Finding]:
    model = _catalog(check).get(name)
    if model is None and check.is_groq and not check.context.endpoints:
        near = closest(name, [known.id for known in _catalog(check).available()])
        if near:
            yield check.describe("misspelt-model", field, field=field, name=shorten(name), near=near)
        elif name.replace("/", "").strip("[]\"'"):
            yield check.describe("unknown-model", field, field=field, name=shorten(name))
    elif model is not None and model.status == "retired" and check.is_groq:
        values = {"retired": model.retired, "replacement": model.replacement}
        yield check.describe("retired-model", field, field=field, name=name, **values)


def _check_own_model(check: TaskCheck, payload: Mapping[str, Any]) -> Iterator[Finding]:
    """Find what the model cannot do, in the worker's words where it refuses the request itself."""
    request, model = check.checked.request, _available(check, str(payload["model"]))
    if request is None or model is None:
        return
    try:
        if not is_transcription(check.checked):
            request.builder.with_files(payload, {})
    except FieldError as error:
        yield check.finding("model-cannot", f"{error.field}: {error.problem}", error.fix, error.field)
        return
    match adapt_request({**payload, "model": OTHER_MODEL}, request.builder.operation, model.id, _catalog(check)):
        case IncompatibleModel(reason):
            problem = f"{PAYLOAD}: {model.id} cannot serve the request: {reason}"
            yield check.finding("model-cannot", problem, "Choose another model: see catalyst-groq models", PAYLOAD)
        case AdaptedRequest(_, changes):
            for change in changes if check.is_groq else ():
                problem = f"{PAYLOAD}: {model.id} refuses a parameter ({_wish(change)})"
                yield check.finding("parameter-refused", problem, _fix(change, model), PAYLOAD)
    yield from _check_context(check, payload, model)


def _check_context(check: TaskCheck, payload: Mapping[str, Any], model: Model) -> Iterator[Finding]:
    if is_transcription(check.checked) or not model.context_window:
        return
    prompt, output = estimate_prompt(payload, model), max_output_tokens(payload)
    if prompt + output > model.context_window and str(check.checked.samples[WHEN_TOO_LONG]) == "fail":
        problem = (
            f"{PAYLOAD}: the fixed texts have about {prompt:,} tokens and the answer up to {output:,}; the context of "
            f"{model.id} has {model.context_window:,}"
        )
        fix = "Lower max_tokens, shorten the texts, or choose a model with a larger context"
        yield check.finding("context-window", problem, fix, PAYLOAD)


def _check_capabilities(check: TaskCheck, payload: Mapping[str, Any]) -> Iterator[Finding]:
    """Find what Groq refuses for this model, by the emulator's rules."""
    model = _available(check, str(payload["model"]))
    if not check.is_groq or is_transcription(check.checked) or model is None or _field_of_model(check) is None:
        return
    if refusal := validate_capabilities(payload, model):
        yield _refused(check, refusal)


def _refused(check: TaskCheck, refusal: ErrorResponse) -> Finding:
    message = json.loads(refusal.body)["error"]["message"].rstrip(".")
    problem = f"{PAYLOAD}: Groq will answer {refusal.status}: {shorten(message, MAX_QUOTED_CHARS)}"
    fix = remedy_for(ErrorKind.BAD_REQUEST, CHAT_COMPLETION, is_groq=True).rstrip(".")
    return check.finding("groq-refuses", problem, fix, PAYLOAD)


def _available(check: TaskCheck, name: str) -> Model | None:
    model = _catalog(check).find(name)
    return model if model and model.is_available else None


def _catalog(check: TaskCheck) -> ModelCatalog:
    return check.context.catalog


def _wish(change: str) -> str:
    return change.removesuffix(" left out").partition(" became ")[0]


def _fix(change: str, model: Model) -> str:
    values = model.reasoning.efforts if model.reasoning else ()
    if change.startswith("reasoning_effort") and values:
        return f"Write one of {', '.join(values)}"
    _, became, value = change.partition(" became ")
    return f"Write {value}" if became else "Remove it"
