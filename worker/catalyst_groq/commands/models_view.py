"""Groq's models in a table: what is known of them, what a key may use, and which processes name a dead one."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from catalyst_groq.commands.model_references import ModelReference
from catalyst_groq.commands.models import ModelReport, usable
from catalyst_groq.groq.models.catalog import Model
from catalyst_groq.groq.routing.endpoints import Endpoint


def show_models(console: Console, survey: ModelReport) -> None:
    """Print the table of living models, and below it what needs somebody's attention."""
    table = Table("model", "status", "context", "output", "$/M in", "$/M out", "can", "your key")
    for model in survey.catalog.available():
        table.add_row(*_row(model, survey.offered))
    console.print(table, f"As known on {survey.catalog.dated}.", sep="\n")
    if isinstance(survey.offered, str):
        console.print(survey.offered, markup=False)
    elif unknown := sorted(survey.offered - {model.id for model in survey.catalog.models}):
        console.print(f"Groq also offers: {', '.join(unknown)}", markup=False)
    if survey.endpoints:
        console.print(_endpoints(survey.endpoints))
    if isinstance(survey.in_use, str):
        console.print(survey.in_use, markup=False)
        return
    dead = [line for named in survey.in_use if (line := _retired_reference(named, survey))]
    for line in dead or ["No deployed process names a dead model."]:
        console.print(line, markup=False)


def _row(model: Model, offered: frozenset[str] | str) -> list[str]:
    allowed = "" if isinstance(offered, str) else "yes" if model.id in offered else "no"
    figures = (model.context_window, model.max_completion_tokens, model.price.input, model.price.output)
    shown = ("" if figure is None else f"{figure:,}" for figure in figures)
    can = ", ".join(sorted(feature.replace("_", " ") for feature in model.features)) or model.kind
    return [model.id, model.status, *shown, can, allowed]


def _endpoints(found: Sequence[tuple[Endpoint, frozenset[str] | str]]) -> Table:
    table = Table("endpoint", "URL", "priority", "models", "not there")
    for endpoint, offered in found:
        there = usable(endpoint, offered)
        missing = sorted(set(endpoint.models or ()) - there)
        listed = ", ".join(sorted(there)) if endpoint.models is not None else f"all it has: {len(there)}"
        models = offered if isinstance(offered, str) else listed
        table.add_row(
            *map(escape, (endpoint.name, endpoint.account.url, str(endpoint.priority), models, ", ".join(missing)))
        )
    return table


def _retired_reference(named: ModelReference, survey: ModelReport) -> str | None:
    """Say that a process names a model which the key may not use, or which is retired where that is not known."""
    known = survey.catalog.get(named.model)
    gone = (
        (known is not None and not known.is_available)
        if isinstance(survey.for_tasks, str)
        else named.model not in survey.for_tasks
    )
    if not gone:
        return None
    retired = f", retired {known.retired}" if known and known.retired else ""
    instead = f"; {known.replacement} takes its place" if known and known.replacement else ""
    return f"{named.process}/{named.activity} names {named.model}{retired}{instead}."
