"""Shows a `ModelReport`: the models, the endpoints, and references to unavailable models; as tables or as JSON."""

import json
from typing import Any

from rich.console import Console

from catalyst_groq.commands.model_references import ModelReference
from catalyst_groq.commands.models import ModelReport, OfferedModels, select_usable_models
from catalyst_groq.commands.tables import print_rows, print_text
from catalyst_groq.common.texts import end_sentence
from catalyst_groq.groq.models.catalog import Model
from catalyst_groq.groq.routing.endpoints import Endpoint

MODEL_HEADERS = ("model", "status", "context", "output", "$/M in", "$/M out", "your key", "features")
ENDPOINT_HEADERS = ("endpoint", "URL", "priority", "models", "missing")


def show_models(console: Console, report: ModelReport) -> None:
    """Print the available models and the endpoints, and below them what an operator or modeller must change."""
    rows = [_model_row(model, report.offered) for model in report.catalog.available()]
    print_rows(console, MODEL_HEADERS, rows, folds_last=True)
    console.print(f"Model catalog of {report.catalog.dated}.")
    if isinstance(report.offered, str):
        print_text(console, f"{end_sentence(report.offered)} So the column 'your key' is empty.")
    elif unknown := _unknown_models(report):
        print_text(console, f"Groq also offers: {', '.join(unknown)}")
    if report.endpoints:
        print_rows(console, ENDPOINT_HEADERS, [_endpoint_row(*entry) for entry in report.endpoints])
    if isinstance(report.references, str):
        print_text(console, report.references)
        return
    for text in _describe_problems(report) or ["No deployed process uses an unavailable model."]:
        print_text(console, text)


def models_as_json(report: ModelReport) -> str:
    """Return the report as a JSON object. What is unknown is null, with the reason beside it."""
    references = () if isinstance(report.references, str) else report.references
    content = {
        "catalogDated": report.catalog.dated.isoformat(),
        "models": [_model_as_json(model, report.offered) for model in report.catalog.models],
        "notInCatalog": _unknown_models(report),
        "offeredUnknown": _reason(report.offered),
        "endpoints": [_endpoint_as_json(endpoint, offered) for endpoint, offered in report.endpoints],
        "uses": [use._asdict() for use in references if isinstance(use, ModelReference)],
        "unreadableDiagrams": [problem for problem in references if isinstance(problem, str)],
        "usesUnknown": _reason(report.references),
        "problems": _describe_problems(report),
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def _model_as_json(model: Model, offered: OfferedModels) -> dict[str, Any]:
    fields = model.model_dump(mode="json", exclude={"limits"})
    prices = {name: None if price is None else float(price) for name, price in fields["price"].items()}
    is_offered = None if isinstance(offered, str) else model.id in offered
    return {**fields, "features": sorted(fields["features"]), "price": prices, "offered": is_offered}


def _endpoint_as_json(endpoint: Endpoint, offered: OfferedModels) -> dict[str, Any]:
    usable = select_usable_models(endpoint, offered)
    return {
        "name": endpoint.name,
        "url": endpoint.account.url,
        "priority": endpoint.priority,
        "models": sorted(usable),
        "missing": sorted(set(endpoint.models or ()) - usable),
        "offeredUnknown": _reason(offered),
    }


def _reason(found: object) -> str | None:
    return found if isinstance(found, str) else None


def _unknown_models(report: ModelReport) -> list[str]:
    return (
        []
        if isinstance(report.offered, str)
        else sorted(report.offered - {model.id for model in report.catalog.models})
    )


def _describe_problems(report: ModelReport) -> list[str]:
    if isinstance(report.references, str):
        return []
    return [text for reference in report.references if (text := _describe_unavailable(reference, report))]


def _model_row(model: Model, offered: OfferedModels) -> list[str]:
    allowed = "" if isinstance(offered, str) else "yes" if model.id in offered else "no"
    figures = (model.context_window, model.max_completion_tokens, model.price.input, model.price.output)
    cells = ("" if figure is None else f"{figure:,}" for figure in figures)
    return [model.id, model.status, *cells, allowed, _describe_features(model)]


def _describe_features(model: Model) -> str:
    """Return what a model is for and what it supports, with the price of one that is not paid by tokens."""
    kinds = [] if model.kind == "chat" and model.features else [model.kind]
    features = sorted(feature.replace("_", " ") for feature in model.features)
    prices = [f"{model.price.audio_hour} USD per hour of audio"] if model.price.audio_hour is not None else []
    return ", ".join(dict.fromkeys([*kinds, *features, *prices]))


def _endpoint_row(endpoint: Endpoint, offered: OfferedModels) -> list[str]:
    usable = select_usable_models(endpoint, offered)
    missing = sorted(set(endpoint.models or ()) - usable)
    listed = ", ".join(sorted(usable)) if endpoint.models is not None else f"all: {len(usable)}"
    models = offered if isinstance(offered, str) else listed
    return [endpoint.name, endpoint.account.url, str(endpoint.priority), models, ", ".join(missing)]


def _describe_unavailable(reference: ModelReference | str, report: ModelReport) -> str | None:
    """Return a message if a process uses a model that tasks cannot use, or a retired one where that is unknown."""
    if isinstance(reference, str):
        return reference
    model = report.catalog.get(reference.model)
    if isinstance(report.usable_by_tasks, str):
        is_unavailable = model is not None and not model.is_available
    else:
        is_unavailable = reference.model not in report.usable_by_tasks
    if not is_unavailable:
        return None
    state = f"retired {model.retired}" if model and model.retired else "unavailable"
    fix = f" Use {model.replacement} instead." if model and model.replacement else ""
    return f"{reference.process}/{reference.activity} uses {reference.model}, {state}.{fix}"
