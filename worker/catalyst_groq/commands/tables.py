"""Tables and texts of commands: texts of servers and diagrams are shown as they are, without control characters."""

from collections.abc import Sequence

from rich.box import HEAVY_HEAD
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from catalyst_groq.common.control_characters import escape_control_characters

UNLIMITED_WIDTH = 10_000
"""Columns of a table that nothing is cut off from."""


def print_rows(console: Console, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; where the console is too narrow for it, a paragraph for each row, so that names stay whole.

    A pipe gets the columns without lines around them.
    """
    table = Table(*headers, box=HEAVY_HEAD if console.is_terminal else None)
    for row in rows:
        table.add_row(*map(_escape_cell, row))
    if console.measure(table, options=console.options.update(max_width=UNLIMITED_WIDTH)).maximum <= console.width:
        console.print(table)
        return
    for first, *others in rows:
        print_text(console, first)
        described = [f"{header} {cell}" for header, cell in zip(headers[1:], others, strict=True) if cell]
        console.print(Padding(Text(escape_control_characters(", ".join(described))), (0, 0, 0, 2)))


def print_text(console: Console, text: str) -> None:
    """Print a text of a server or a diagram as it is: no control characters, no markup."""
    console.print(escape_control_characters(text), markup=False, highlight=False, soft_wrap=True)


def count(number: int, noun: str, plural: str = "") -> str:
    """Return `1 task` or `2 tasks`."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def _escape_cell(text: str) -> str:
    return escape(escape_control_characters(text))
