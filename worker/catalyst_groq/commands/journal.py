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

MAX_COUNTED_ENTRIES = 1000
"""Of one task: it has one to three, and a few more each time its payload is changed."""


class ListedEntry(NamedTuple):
    """An entry that is shown. `contents` is the response, None unless it was asked for and can be read."""

    stored: StoredEntry
    state: EntryState
    model: str
    problem: str
    contents: str | None


class JournalReport(NamedTuple):
    """Some entries of a journal, and the number and size of all."""

    entries: Sequence[ListedEntry]
    entry_count: int
    size_bytes: int

    @property
    def has_faults(self) -> bool:
        """Whether an entry cannot be read."""
        return any(entry.problem for entry in self.entries)


async def list_entries(
    journal: JournalAdministration, cipher: Cipher, task_ids: Sequence[str], limit: int, *, contents: bool
) -> JournalReport:
    """Return the newest entries, of these tasks or of all. Reads one after the other. Raises `JournalError`."""
    listed = [
        _to_listed(entry, read_entry(content, cipher, is_set_aside=entry.is_set_aside), contents)
        for entry in await journal.entries(task_ids, limit)
        if (content := await journal.load(entry)) is not None
    ]
    size = await journal.size()
    return JournalReport(listed, size.entries, size.size_bytes)


def _to_listed(entry: StoredEntry, reading: EntryReading, contents: bool) -> ListedEntry:  # noqa: FBT001 -- one of two
    text = reading.response.text if contents and reading.response else None
    return ListedEntry(entry, reading.state, reading.model, reading.problem, text)


async def count_entries(journal: JournalAdministration, task_ids: Sequence[str]) -> dict[str, int]:
    """Return how many entries each task has. Raises `JournalError`."""
    return {task_id: len(await journal.entries([task_id], MAX_COUNTED_ENTRIES)) for task_id in task_ids}


async def forget_tasks(journal: JournalAdministration, task_ids: Sequence[str]) -> dict[str, int]:
    """Delete the entries of tasks; return how many each had. Raises `JournalError`."""
    return {task_id: await journal.forget(task_id) for task_id in task_ids}
