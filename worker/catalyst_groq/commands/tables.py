"""Tables and texts of commands: texts of servers and diagrams are shown as they are, without control characters."""

from collections.abc import Mapping, Sequence

from rich.box import HEAVY_HEAD
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from catalyst_groq.common.control_characters import escape_control_characters
from catalyst_groq.common.texts import shorten

UNLIMITED_WIDTH = 10_000
"""Columns of a table that nothing is cut off from."""

PIPE_WIDTH = 120
"""Columns of a text for people in a pipe, unless COLUMNS is set: logs and most windows show as many."""

MIN_FOLDED_CHARS = 25
"""Of a text that is folded: in a narrower column nobody would read it."""

CUT_NOTE = "What ends with … is cut: --json shows all of it."
"""The line below a table in which a text was cut."""


def print_rows(
    console: Console,
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    folds_last: bool = False,
    max_last_chars: int | None = None,
) -> None:
    """Print a table; where the console is too narrow for it, a paragraph for each row, so that names stay whole.

    A pipe gets the columns without lines and blanks around them, and each row in one line, however long that is. With
    `folds_last` the last column, a text for people, takes several lines where that makes the table fit. Its texts are
    cut to `max_last_chars`, and a line says so: for commands with `--json`.
    """
    if max_last_chars is None:
        _print_rows(console, headers, rows, folds_last=folds_last)
        return
    _print_rows(
        console, headers, [[*row[:-1], shorten(row[-1], max_last_chars)] for row in rows], folds_last=folds_last
    )
    if any(len(row[-1]) > max_last_chars for row in rows):
        print_text(console, CUT_NOTE)


def _print_rows(console: Console, headers: Sequence[str], rows: Sequence[Sequence[str]], *, folds_last: bool) -> None:
    needed = [[*row[:-1], row[-1][:MIN_FOLDED_CHARS]] for row in rows] if folds_last else rows
    fits = _measure(console, _make_table(console, headers, needed)) <= console.width
    if not console.is_terminal:
        _print_lines(console, _make_table(console, headers, rows), None if folds_last and fits else UNLIMITED_WIDTH)
        return
    if fits:
        console.print(_make_table(console, headers, rows))
        return
    for first, *others in rows:
        print_text(console, first)
        described = [f"{header} {cell}" for header, cell in zip(headers[1:], others, strict=True) if cell]
        console.print(Padding(Text(escape_control_characters(", ".join(described))), (0, 0, 0, 2)))


def _make_table(console: Console, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(box=HEAVY_HEAD) if console.is_terminal else Table(box=None, pad_edge=False)
    for number, header in enumerate(headers, 1):
        table.add_column(header, no_wrap=number < len(headers), overflow="fold")
    for row in rows:
        table.add_row(*map(_escape_cell, row))
    return table


def _print_lines(console: Console, table: Table, width: int | None) -> None:
    """Print a table without the blanks that make all lines as long as the longest one.

    `width`: None for the console's.
    """
    options = console.options if width is None else console.options.update(max_width=width)
    for line in console.render_lines(table, options, pad=False):
        console.print(Text("".join(segment.text for segment in line).rstrip()), soft_wrap=True)


def _measure(console: Console, table: Table) -> int:
    return console.measure(table, options=console.options.update(max_width=UNLIMITED_WIDTH)).maximum


def print_text(console: Console, text: str) -> None:
    """Print a text without control characters and markup. A terminal gets it folded at words."""
    is_folded = console.is_terminal
    console.print(escape_control_characters(text), markup=False, highlight=False, soft_wrap=not is_folded)


def print_pairs(console: Console, pairs: Mapping[str, str]) -> None:
    """Print names with their texts, one pair in each line, however long that is."""
    width = max(map(len, pairs), default=0)
    for name, text in pairs.items():
        line = f"{name:<{width}}  {escape_control_characters(text)}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def count(number: int, noun: str, plural: str = "") -> str:
    """Return `1 task` or `2 tasks`."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def _escape_cell(text: str) -> str:
    return escape(escape_control_characters(text))
