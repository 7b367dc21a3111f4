"""Groq's models in a table: what is known of them, what a key may use, and which processes name a dead one."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from worker.camunda.engine import Engine
from worker.connector.named_models import NamedModel, named_models
from worker.errors import EngineError
from worker.groq.accounts import Account
from worker.groq.answers import Answer
from worker.groq.client import Groq
from worker.groq.endpoints import Endpoint
from worker.groq.errors import refusal
from worker.groq.models import Model, ModelTable

TIMEOUT = 10.0
"""Seconds for Groq's answer."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found out; a text says why something was not."""

    table: ModelTable
    offered: frozenset[str] | str
    """The models that the key may use."""
    in_use: Sequence[NamedModel] | str
    """The models that deployed processes name."""
    endpoints: Sequence[tuple[Endpoint, frozenset[str] | str]] = ()
    """The operator's endpoints, and what each offers."""

    @property
    def for_tasks(self) -> frozenset[str] | str:
        """The models that tasks get, by the names that they use: at the endpoints, where there are any."""
        if not self.endpoints:
            return self.offered
        return frozenset().union(*(_usable(endpoint, offered) for endpoint, offered in self.endpoints))


async def offered_models(groq: Groq, account: Account) -> frozenset[str] | str:
    """Ask Groq which models a key may use."""
    answer = await groq.models(account, TIMEOUT)
    listed = answer.body.get("data") if isinstance(answer, Answer) and isinstance(answer.body, dict) else None
    if not isinstance(listed, list):
        why = refusal(answer)
        return f"No list of the models that the key may use: {why.message if why else 'an odd answer'}"
    return frozenset(str(entry["id"]) for entry in listed if entry.get("active", True))


async def models_in_use(engine: Engine, topics: Collection[str]) -> list[NamedModel] | str:
    """Ask the engine which models the newest versions of its processes name."""
    try:
        ids = await engine.latest_definitions()
        return [named for id_ in ids for named in named_models(await engine.definition_xml(id_), topics)]
    except EngineError as error:
        return f"Processes were not looked at: {error}"


def show_models(console: Console, survey: Survey) -> None:
    """Print the table of living models, and below it what needs somebody's attention."""
    table = Table("model", "status", "context", "output", "$/M in", "$/M out", "can", "your key")
    for model in survey.table.living():
        table.add_row(*_row(model, survey.offered))
    console.print(table, f"As known on {survey.table.dated}.", sep="\n")
    if isinstance(survey.offered, str):
        console.print(survey.offered, markup=False)
    elif unknown := sorted(survey.offered - {model.id for model in survey.table.models}):
        console.print(f"Groq also offers: {', '.join(unknown)}", markup=False)
    if survey.endpoints:
        console.print(_endpoints(survey.endpoints))
    if isinstance(survey.in_use, str):
        console.print(survey.in_use, markup=False)
        return
    dead = [line for named in survey.in_use if (line := _dead(named, survey))]
    for line in dead or ["No deployed process names a dead model."]:
        console.print(line, markup=False)


def _row(model: Model, offered: frozenset[str] | str) -> list[str]:
    allowed = "" if isinstance(offered, str) else "yes" if model.id in offered else "no"
    figures = (model.context_window, model.max_completion_tokens, model.price.input, model.price.output)
    shown = ("" if figure is None else f"{figure:,}" for figure in figures)
    can = ", ".join(sorted(feature.replace("_", " ") for feature in model.features)) or model.kind
    return [model.id, model.status, *shown, can, allowed]


def _usable(endpoint: Endpoint, offered: frozenset[str] | str) -> frozenset[str]:
    """Return the models of an endpoint by the names that tasks use; what it does not say is believed."""
    if endpoint.models is None:
        return offered if isinstance(offered, frozenset) else frozenset()
    return frozenset(name for name, own in endpoint.models.items() if isinstance(offered, str) or own in offered)


def _endpoints(found: Sequence[tuple[Endpoint, frozenset[str] | str]]) -> Table:
    table = Table("endpoint", "URL", "priority", "models", "not there")
    for endpoint, offered in found:
        usable = _usable(endpoint, offered)
        missing = sorted(set(endpoint.models or ()) - usable)
        listed = ", ".join(sorted(usable)) if endpoint.models is not None else f"all it has: {len(usable)}"
        models = offered if isinstance(offered, str) else listed
        table.add_row(
            *map(escape, (endpoint.name, endpoint.account.url, str(endpoint.priority), models, ", ".join(missing)))
        )
    return table


def _dead(named: NamedModel, survey: Survey) -> str | None:
    """Say that a process names a model which the key may not use, or which is retired where that is not known."""
    known = survey.table.get(named.model)
    gone = (
        (known is not None and not known.living)
        if isinstance(survey.for_tasks, str)
        else named.model not in survey.for_tasks
    )
    if not gone:
        return None
    retired = f", retired {known.retired}" if known and known.retired else ""
    instead = f"; {known.replacement} takes its place" if known and known.replacement else ""
    return f"{named.process}/{named.activity} names {named.model}{retired}{instead}."
