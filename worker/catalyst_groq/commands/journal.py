"""`catalyst-groq journal`: the stored responses, and deleting them."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import NamedTuple, Protocol

from catalyst_groq.errors import EngineError
from catalyst_groq.journal.administration import (
    EntryReading,
    EntryState,
    JournalAdministration,
    StoredEntry,
    read_entry,
)
from catalyst_groq.journal.encryption import Cipher

PAGE_ENTRIES = 200
PAGE_BYTES = 20_000_000
"""Entries that are loaded together: no more of them, and no more bytes unless it is one."""


class TaskQueries(Protocol):
    """Where it is asked which tasks there are: `EngineQueries`, for example."""

    async def existing_tasks(self, task_ids: Sequence[str], /) -> set[str]:
        """Return which of these external tasks the engine has. Raises `EngineError`."""


class ListedEntry(NamedTuple):
    """An entry that is shown. `contents` is the response, None unless it was asked for and can be read."""

    stored: StoredEntry
    state: EntryState
    model: str
    problem: str
    contents: str | None = None
    engine_has_task: bool | None = None
    """Whether the engine shows its task to the worker's user; None if that is not known."""


class JournalReport(NamedTuple):
    """Some entries of a journal, and the number and size of all that were asked for, also of those that are not shown.

    `names_tasks`: whether single tasks were asked for; otherwise it is about all.
    """

    entries: Sequence[ListedEntry]
    names_tasks: bool
    unreadable_count: int
    entry_count: int
    size_bytes: int
    engine_problem: str = ""
    """Why it is not known which tasks the engine has."""


async def list_entries(
    journal: JournalAdministration, cipher: Cipher, task_ids: Sequence[str], limit: int, *, contents: bool
) -> JournalReport:
    """Return the entries of these tasks, or of all: those that cannot be read, then the others, each the newest first.

    It reads all of them, in pages, and returns no more than `limit`; it loads `contents` of those only. Raises
    `JournalError`.
    """
    listed = [
        ListedEntry(entry, reading.state, reading.model, reading.problem)
        async for entry, reading in _read(journal, cipher, await journal.entries(task_ids))
    ]
    unreadable = [entry for entry in listed if entry.problem]
    readable = [entry for entry in listed if not entry.problem]
    size_bytes = sum(entry.stored.size_bytes for entry in listed)
    shown = [*unreadable, *readable][:limit]
    if contents:
        shown = await _add_contents(journal, cipher, shown)
    return JournalReport(shown, bool(task_ids), len(unreadable), len(listed), size_bytes)


async def _add_contents(
    journal: JournalAdministration, cipher: Cipher, listed: Sequence[ListedEntry]
) -> list[ListedEntry]:
    stored = [entry.stored for entry in listed]
    texts = {
        entry: reading.response.text async for entry, reading in _read(journal, cipher, stored) if reading.response
    }
    return [entry._replace(contents=texts.get(entry.stored)) for entry in listed]


async def _read(
    journal: JournalAdministration, cipher: Cipher, entries: Sequence[StoredEntry]
) -> AsyncIterator[tuple[StoredEntry, EntryReading]]:
    """Yield the entries with what can be read of them, without those that were deleted meanwhile."""
    for page in _to_pages(entries):
        for entry, content in zip(page, await journal.load(page), strict=True):
            if content is not None:
                yield entry, read_entry(content, cipher, is_set_aside=entry.is_set_aside)


def _to_pages(entries: Sequence[StoredEntry]) -> Iterator[list[StoredEntry]]:
    page: list[StoredEntry] = []
    size_bytes = 0
    for entry in entries:
        if page and (len(page) == PAGE_ENTRIES or size_bytes + entry.size_bytes > PAGE_BYTES):
            yield page
            page, size_bytes = [], 0
        page.append(entry)
        size_bytes += entry.size_bytes
    if page:
        yield page


async def look_up_tasks(report: JournalReport, engine: TaskQueries) -> JournalReport:
    """Return the report with which of its entries belong to tasks that the engine has, or why that is not known."""
    try:
        missing = await _find_missing([entry.stored for entry in report.entries], engine)
    except EngineError as error:
        return report._replace(engine_problem=str(error))
    marked = [entry._replace(engine_has_task=entry.stored.task_id not in missing) for entry in report.entries]
    return report._replace(entries=marked)


async def count_missing_tasks(journal: JournalAdministration, engine: TaskQueries) -> dict[str, int]:
    """Return how many entries each task has that is not in the engine. Raises `JournalError`, `EngineError`."""
    entries = await journal.entries([])
    counts, missing = Counter(entry.task_id for entry in entries), await _find_missing(entries, engine)
    return {task_id: counts[task_id] for task_id in sorted(missing)}


async def _find_missing(entries: Sequence[StoredEntry], engine: TaskQueries) -> set[str]:
    task_ids = list(dict.fromkeys(entry.task_id for entry in entries))
    return set(task_ids) - await engine.existing_tasks(task_ids)


async def count_entries(journal: JournalAdministration, task_ids: Sequence[str]) -> dict[str, int]:
    """Return how many entries each task has. Raises `JournalError`."""
    counts = Counter(entry.task_id for entry in await journal.entries(task_ids))
    return {task_id: counts[task_id] for task_id in task_ids}


async def forget_tasks(journal: JournalAdministration, task_ids: Sequence[str]) -> dict[str, int]:
    """Delete the entries of tasks; return how many each had. Raises `JournalError`."""
    return {task_id: await journal.forget(task_id) for task_id in task_ids}
