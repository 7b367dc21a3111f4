"""Prints the stored responses: never their contents unless these were asked for."""

import json
from collections.abc import Callable
from datetime import datetime

from rich.console import Console

from catalyst_groq.commands.journal import JournalReport, ListedEntry
from catalyst_groq.commands.tables import count, print_rows, print_text
from catalyst_groq.common.durations import format_duration
from catalyst_groq.common.texts import end_sentence

HEADERS = ("task", "request", "age", "bytes", "model", "state")
SHOWN_KEY_CHARS = 8
"""Of the key of a request: enough to tell those of one task apart."""

Mask = Callable[[str], str]


def show_entries(console: Console, report: JournalReport, now: datetime, mask: Mask) -> None:
    """Print entries as a table, then why some cannot be read, and the contents that were asked for."""
    if report.entries:
        print_rows(console, HEADERS, [_to_row(entry, now) for entry in report.entries])
    for entry in report.entries:
        if entry.problem:
            print_text(console, f"{_name(entry)}: {entry.problem}.")
    for entry in report.entries:
        if entry.contents is not None:
            print_text(console, f"{_name(entry)}:\n{mask(entry.contents)}")
    if report.engine_problem:
        print_text(console, end_sentence(f"Whether the engine has their tasks is not known: {report.engine_problem}"))
    scope = " of the named tasks" if report.names_tasks else ""
    shown = f", {len(report.entries):,} shown" if len(report.entries) < report.entry_count else ""
    unreadable = f", {report.unreadable_count:,} cannot be read" if report.unreadable_count else ""
    entries = count(report.entry_count, "entry", "entries")
    print_text(console, f"{entries}{scope}{shown}{unreadable}, {report.size_bytes:,} bytes.")


def to_json(report: JournalReport, now: datetime, mask: Mask) -> str:
    """Return entries, and totals of their scope, as a JSON object."""
    entries = [
        {
            "task": entry.stored.task_id,
            "request": entry.stored.request_key,
            "storedAt": entry.stored.stored_at.isoformat(timespec="seconds"),
            "ageSeconds": round(_age_seconds(entry, now)),
            "bytes": entry.stored.size_bytes,
            "model": entry.model or None,
            "state": entry.state.value,
            "engineHasTask": entry.engine_has_task,
            "problem": entry.problem or None,
            **({} if entry.contents is None else {"contents": mask(entry.contents)}),
        }
        for entry in report.entries
    ]
    content = {
        "entries": entries,
        "scope": "named tasks" if report.names_tasks else "all tasks",
        "count": report.entry_count,
        "unreadable": report.unreadable_count,
        "bytes": report.size_bytes,
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def _to_row(entry: ListedEntry, now: datetime) -> tuple[str, ...]:
    stored = entry.stored
    age = format_duration(round(_age_seconds(entry, now)))
    key = stored.request_key[:SHOWN_KEY_CHARS]
    state = f"{entry.state.value}, not in this engine" if entry.engine_has_task is False else entry.state.value
    return stored.task_id, key, age, f"{stored.size_bytes:,}", entry.model, state


def _age_seconds(entry: ListedEntry, now: datetime) -> float:
    return (now - entry.stored.stored_at).total_seconds()


def _name(entry: ListedEntry) -> str:
    return f"{entry.stored.task_id} {entry.stored.request_key[:SHOWN_KEY_CHARS]}"
