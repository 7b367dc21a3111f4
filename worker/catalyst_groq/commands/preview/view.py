"""Prints a preview: tables and sections in a terminal, the same without colours in a pipe."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import starmap

from rich.console import Console
from rich.text import Text

from catalyst_groq.commands.preview.as_json import as_shown_json
from catalyst_groq.commands.preview.estimate import Estimate
from catalyst_groq.commands.preview.preview import Piece, Preview, PreviewedRequest
from catalyst_groq.commands.tables import print_rows
from catalyst_groq.common.control_characters import TAB_AND_LINE_FEED, escape_control_characters
from catalyst_groq.common.json_codec import to_text
from catalyst_groq.domain.extension_elements import FIELD_PREFIX
from catalyst_groq.domain.outcomes import BpmnError, Completion, Failure, Outcome
from catalyst_groq.domain.variables import TypedValueDto

MAX_VALUE_CHARS = 200
"""Of a field or a variable in a table. The request shows the payload as a whole, JSON all of them."""


def show_preview(console: Console, preview: Preview) -> None:
    """Print a preview."""
    task = preview.task.written
    named = f"{task.name} ({task.id})" if task.name else task.id
    _print(console, Text(_one_line(f"{named} in {preview.task.source}"), "bold"))
    _print_table(console, ("field", "from", "value"), map(_field_row, filter(_is_shown, preview.fields)))
    _print_table(console, ("variable", "from", "type", "value"), map(_variable_row, preview.variables))
    for number, request in enumerate(preview.requests):
        _show_request(console, request, is_first=number == 0)
    for skipped in preview.skipped:
        _print(console, Text(_one_line(f"Not asked: {skipped}"), "dim"))
    if preview.response:
        _section(console, "Response")
        _print(console, Text(_lines(preview.response)))
    if preview.outcome is not None:
        _show_outcome(console, preview.outcome, preview.encoded)
    for note in preview.notes:
        _print(console, Text(_one_line(f"Note: {note.rstrip('.')}."), "yellow"))


def _show_request(console: Console, request: PreviewedRequest, *, is_first: bool) -> None:
    """Print a request. The body of a later one is that of the first, adapted to another model."""
    title = f"{'Request' if is_first else 'Then'}: {request.model} at {request.endpoint}"
    _section(console, f"{title}{f': {request.result}' if request.result else ''}")
    for reason in request.reasons:
        _print(console, Text(_one_line(f"{reason}.")))
    _print(console, Text(_describe(request.estimate)))
    if request.estimate.problem:
        _print(console, Text(_one_line(f"It does not fit: {request.estimate.problem}."), "bold red"))
    if not is_first:
        return
    console.print()
    _print(console, Text(_one_line(f"{request.method} {request.url}"), "cyan"))
    for name, text in request.headers.items():
        _print(console, Text(_one_line(f"{name}: {text}"), "cyan"))
    console.print()
    _print(console, Text(_lines(as_shown_json(request.payload))))


def _describe(estimate: Estimate) -> str:
    """Return the estimate as a sentence."""
    if estimate.prompt_tokens is None or estimate.output_tokens is None:
        price = estimate.hour_price
        return "Cost: unknown." if price is None else f"Cost: {price} USD per hour of audio."
    output = f"up to {estimate.output_tokens:,} tokens of output"
    if not estimate.is_output_limited:
        output = f"no limit on the output: {estimate.output_tokens:,} tokens are assumed"
    bound = "up to" if estimate.is_output_limited else "about"
    cost = "unknown" if estimate.max_cost is None else f"{bound} {estimate.max_cost:.6f} USD"
    return f"Estimate: about {estimate.prompt_tokens:,} tokens of prompt, {output}; cost {cost}."


def _show_outcome(console: Console, outcome: Outcome, encoded: Mapping[str, TypedValueDto]) -> None:
    match outcome:
        case Completion(collected=collected):
            title, style, text = "Outcome: the task is completed", "bold green", ""
            if collected:
                what = f"The error is collected ({collected.error})" if collected.error else "The result is collected"
                text = f"{what} in {collected.variable} under the key {collected.key}."
        case BpmnError(code, message):
            title, style, text = f"Outcome: the BPMN error {code}", "bold yellow", message
        case Failure(message, retries=0):
            title, style, text = "Outcome: an incident", "bold red", message
        case Failure(message, is_wait=True):
            title, style, text = "Outcome: the task waits in the engine, retries unchanged", "bold yellow", message
        case Failure(message, retries=retries):
            title, style, text = f"Outcome: a failure, {retries} retries left", "bold red", message
        case _:
            title, style, text = "Outcome: the task is unlocked", "bold", ""
    blame = (outcome.variables.get("catalyst_meta") or {}).get("blame")
    _section(console, f"{title} (blame: {blame})" if blame else title, style)
    if text:
        _print(console, Text(_one_line(text)))
    mapped = {name: typed for name, typed in encoded.items() if not name.startswith(FIELD_PREFIX)}
    for variables in (mapped, {name: typed for name, typed in encoded.items() if name not in mapped}):
        _print_table(console, ("variable", "type", "value"), starmap(_typed_row, variables.items()))


def _typed_row(name: str, typed: TypedValueDto) -> list[str]:
    kind = str(typed["type"])
    if info := typed.get("valueInfo"):
        kind += f" ({info.get('objectTypeName') or info.get('mimeType')})"
    return [name, kind, _cell(typed["value"])]


def _is_shown(field: Piece) -> bool:
    """Whether a field is worth a row: most fields that are left blank mean nothing."""
    return bool(field.value != "")


def _field_row(piece: Piece) -> list[str]:
    return [piece.name, piece.source, _cell(piece.value)]


def _variable_row(piece: Piece) -> list[str]:
    return [piece.name, piece.source, piece.type, _cell(piece.value)]


def _cell(value: object) -> str:
    text = value if isinstance(value, str) else to_text(value, str)
    return " ".join(text.split())


def _print_table(console: Console, headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table, unless it is empty."""
    if written := list(rows):
        console.print()
        print_rows(console, headers, written, folds_last=True, max_last_chars=MAX_VALUE_CHARS)


def _section(console: Console, title: str, style: str = "bold") -> None:
    console.print()
    _print(console, Text(_one_line(title), style))


def _print(console: Console, text: Text) -> None:
    console.print(text, soft_wrap=True)


def _one_line(text: str) -> str:
    return escape_control_characters(" ".join(text.split("\n")))


def _lines(text: str) -> str:
    return escape_control_characters(text, keep=TAB_AND_LINE_FEED)
