"""`catalyst-groq journal`: the stored responses, and deleting them."""

from collections.abc import Sequence
from typing import NamedTuple

from catalyst_groq.journal.administration import (
    EntryReading,
    EntryState,
    JournalAdministration,
    StoredEntry,
    read_entry,
)
from catalyst_groq.journal.encryption import Cipher


class ListedEntry(NamedTuple):
    """An entry that is shown. `contents` is the response, None unless it was asked for and can be read."""

    stored: StoredEntry
    state: EntryState
    model: str
    problem: str
    contents: str | None


class JournalReport(NamedTuple):
    """Some entries of a journal, and the number and size of all.

    `unreadable_count` is that of all entries of the tasks that were asked for, also of those that are not shown.
    """

    entries: Sequence[ListedEntry]
    unreadable_count: int
    entry_count: int
    size_bytes: int


async def list_entries(
    journal: JournalAdministration, cipher: Cipher, task_ids: Sequence[str], limit: int, *, contents: bool
) -> JournalReport:
    """Return the entries of these tasks, or of all: those that cannot be read, then the others, each the newest first.

    It reads all of them, one after the other, and returns no more than `limit`. Raises `JournalError`.
    """
    listed = [
        _to_listed(entry, read_entry(content, cipher, is_set_aside=entry.is_set_aside), contents)
        for entry in await journal.entries(task_ids)
        if (content := await journal.load(entry)) is not None
    ]
    unreadable = [entry for entry in listed if entry.problem]
    readable = [entry for entry in listed if not entry.problem]
    size = await journal.size()
    return JournalReport([*unreadable, *readable][:limit], len(unreadable), size.entries, size.size_bytes)


def _to_listed(entry: StoredEntry, reading: EntryReading, contents: bool) -> ListedEntry:  # noqa: FBT001 -- one of two
    text = reading.response.text if contents and reading.response else None
    return ListedEntry(entry, reading.state, reading.model, reading.problem, text)


async def count_entries(journal: JournalAdministration, task_ids: Sequence[str]) -> dict[str, int]:
    """Return how many entries each task has. Raises `JournalError`."""
    return {task_id: len(await journal.entries([task_id])) for task_id in task_ids}


async def forget_tasks(journal: JournalAdministration, task_ids: Sequence[str]) -> dict[str, int]:
    """Delete the entries of tasks; return how many each had. Raises `JournalError`."""
    return {task_id: await journal.forget(task_id) for task_id in task_ids}
