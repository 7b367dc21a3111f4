"""Previews a task: lets the worker's own handler handle it, and describes what it did."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from catalyst_groq.commands.lint.diagram import LOOP_VARIABLES
from catalyst_groq.commands.preview.answers import RecordingClient
from catalyst_groq.commands.preview.loading import GIVEN, PreviewedTask, PreviewOptions
from catalyst_groq.commands.preview.preview import (
    Piece,
    Preview,
    RequestExplainer,
    describe_fields,
    match_attempts,
    variables_of,
)
from catalyst_groq.connector.fields.names import LOOP_COUNTER
from catalyst_groq.connector.fields.raw import RawFields
from catalyst_groq.connector.handler import Handler
from catalyst_groq.domain.outcomes import Failure, Unlocked
from catalyst_groq.domain.variables import Encoder, FileVariable, OpaqueValue
from catalyst_groq.groq.api.responses import NoResponse, Response
from catalyst_groq.groq.models.catalog import ModelCatalog
from catalyst_groq.groq.routing.endpoints import Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Previewer:
    """Previews tasks."""

    handler: Handler
    client: RecordingClient
    catalog: ModelCatalog
    endpoints: Sequence[Endpoint]
    encoder: Encoder
    missing_keys: Sequence[str]
    """Why keys that the preview does without are not found."""

    async def preview(self, previewed: PreviewedTask, options: PreviewOptions) -> Preview:
        """Handle the task, and return what became of it."""
        outcome = await self.handler.handle(previewed.task)
        if isinstance(outcome, Failure) and options.instance is None:
            outcome = replace(outcome, message=outcome.message_without_instance)
        notes = [*previewed.notes, *(f"Shown with a sample key: {problem}" for problem in self.missing_keys)]
        try:
            definition = await self.handler.data.definition_of(previewed.task.process_definition_id)
            fields = self.handler.reader.read_fields(previewed.task, definition)
        except ValueError:  # of the extension elements; the outcome is the incident
            return Preview(task=previewed.selected, outcome=outcome, notes=notes)
        redactor = await self.handler.redactor_for(previewed.task, fields)
        explainer = RequestExplainer(
            fields,
            self.handler.reader.find_sources(previewed.task, definition),
            {endpoint.name: endpoint for endpoint in self.endpoints},
            self.catalog,
            redactor,
        )
        exchanges, skipped = match_attempts(outcome, self.client.exchanges)
        asked = "" if isinstance(outcome, Unlocked) or outcome.call is None else outcome.call.model_asked
        is_shown = options.is_answered or not exchanges
        pieces = describe_fields(fields, explainer.sources, previewed.selected.written.inputs)
        last = exchanges[-1].response if exchanges and options.is_answered else None
        notes += [*_missing_loop_variables(previewed, fields), *_unused_variables(previewed, fields)]
        return Preview(
            task=previewed.selected,
            fields=_mask(pieces, redactor.mask_all),
            variables=_mask(_used_variables(previewed, fields), redactor.mask_all),
            requests=[explainer.explain(entry, asked, is_answered=options.is_answered) for entry in exchanges],
            skipped=skipped,
            outcome=outcome if is_shown else None,
            encoded=self.encoder.encode_all(variables_of(outcome)) if is_shown else {},
            response=redactor.mask(last.text) if isinstance(last, Response) else "",
            notes=[*notes, *_describe_answer(last)],
        )


def _mask(pieces: Iterable[Piece], mask: Callable[[Any], Any]) -> list[Piece]:
    return [piece._replace(value=mask(piece.value)) for piece in pieces]


def _used_variables(previewed: PreviewedTask, fields: RawFields) -> Iterator[Piece]:
    used = fields.required_variables
    for name, typed in previewed.typed.items():
        if used is None or name in used:
            yield Piece(name, previewed.sources[name], str(typed.get("type")), _shown(previewed.task.variables[name]))


def _missing_loop_variables(previewed: PreviewedTask, fields: RawFields) -> Iterator[str]:
    used = fields.required_variables
    for name in sorted(previewed.selected.loop_variables - previewed.typed.keys()):
        if used is not None and name in used:
            value = "=TEXT" if name not in LOOP_VARIABLES else ":=0" if name == LOOP_COUNTER else ":=1"
            yield f"The multi-instance sets '{name}' for each item: give its value with --var {name}{value}"


def _unused_variables(previewed: PreviewedTask, fields: RawFields) -> Iterator[str]:
    used = fields.required_variables
    for name, source in previewed.sources.items():
        if used is not None and source == GIVEN and name not in used:
            yield f"--var {name} is not used by any field"


def _describe_answer(response: Response | NoResponse | None) -> Iterator[str]:
    if isinstance(response, Response) and response.is_success and not response.ok:
        yield "The answer has no result: the body of a response of Groq has choices or text"


def _shown(value: Any) -> Any:
    match value:
        case FileVariable():
            return " ".join(filter(None, (value.filename, value.mimetype)))
        case OpaqueValue():
            return value.type
        case _:
            return value
