"""Prints a `ModelReport`: a table of the models, a table of the endpoints, and references to unavailable models."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from catalyst_groq.commands.model_references import ModelReference
from catalyst_groq.commands.models import ModelReport, OfferedModels, select_usable_models
from catalyst_groq.common.control_characters import escape_control_characters
from catalyst_groq.groq.models.catalog import Model
from catalyst_groq.groq.routing.endpoints import Endpoint


def show_models(console: Console, report: ModelReport) -> None:
    """Print the tables of available models and endpoints, and below them what an operator or modeller must change."""
    table = Table("model", "status", "context", "output", "$/M in", "$/M out", "features", "your key")
    for model in report.catalog.available():
        table.add_row(*_model_row(model, report.offered))
    console.print(table, f"Model catalog of {report.catalog.dated}.", sep="\n")
    if isinstance(report.offered, str):
        _print(console, report.offered)
    elif unknown := sorted(report.offered - {model.id for model in report.catalog.models}):
        _print(console, f"Groq also offers: {', '.join(unknown)}")
    if report.endpoints:
        console.print(_endpoint_table(report.endpoints))
    if isinstance(report.references, str):
        _print(console, report.references)
        return
    problems = [text for reference in report.references if (text := _describe_unavailable(reference, report))]
    for text in problems or ["No deployed process uses an unavailable model."]:
        _print(console, text)


def _print(console: Console, text: str) -> None:
    """Print a text of a server or a diagram as it is: no control characters, no markup."""
    console.print(escape_control_characters(text), markup=False)


def _escape_cell(text: str) -> str:
    return escape(escape_control_characters(text))


def _model_row(model: Model, offered: OfferedModels) -> list[str]:
    allowed = "" if isinstance(offered, str) else "yes" if model.id in offered else "no"
    figures = (model.context_window, model.max_completion_tokens, model.price.input, model.price.output)
    cells = ("" if figure is None else f"{figure:,}" for figure in figures)
    features = ", ".join(sorted(feature.replace("_", " ") for feature in model.features)) or model.kind
    return [_escape_cell(model.id), model.status, *cells, features, allowed]


def _endpoint_table(endpoints: Sequence[tuple[Endpoint, OfferedModels]]) -> Table:
    table = Table("endpoint", "URL", "priority", "models", "missing")
    for endpoint, offered in endpoints:
        usable = select_usable_models(endpoint, offered)
        missing = sorted(set(endpoint.models or ()) - usable)
        listed = ", ".join(sorted(usable)) if endpoint.models is not None else f"all: {len(usable)}"
        models = offered if isinstance(offered, str) else listed
        cells = (endpoint.name, endpoint.account.url, str(endpoint.priority), models, ", ".join(missing))
        table.add_row(*map(_escape_cell, cells))
    return table


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
