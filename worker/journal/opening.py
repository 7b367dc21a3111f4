"""Where things are kept: in a file, in Redis, or nowhere."""

from datetime import timedelta
from pathlib import Path

from worker.extras import needing
from worker.journal.broken import Required, Tolerant
from worker.journal.entries import Journal, NoJournal
from worker.journal.file import SqliteFile
from worker.journal.ledger import Faithful, Ledger, MemoryLedger, SqliteLedger
from worker.journal.sealing import Seal
from worker.journal.sqlite import SqliteJournal


def opened(where: str, *, seal: Seal, longest: timedelta, largest: int, required: bool) -> tuple[Journal, Ledger]:
    """Return what keeps answers and what counts their cost, in one place: a file's path, `redis://…`, or `off`.

    `longest` and `largest` (bytes) bound what is kept of answers that the engine never acknowledged.
    """
    if where == "off":
        return NoJournal(), MemoryLedger()
    journal: Journal
    ledger: Ledger
    if where.startswith(("redis://", "rediss://")):
        with needing("redis", "CATALYST_JOURNAL=redis://…"):
            from worker.journal.redis import RedisJournal, RedisLedger  # noqa: PLC0415 -- an extra
        journal, ledger = RedisJournal(where, seal=seal, longest=longest), RedisLedger(where)
    else:
        file = SqliteFile(Path(where).expanduser())
        journal, ledger = SqliteJournal(file, seal=seal, longest=longest, largest=largest), SqliteLedger(file)
    return Required(journal) if required else Tolerant(journal), Faithful(ledger, required=required)
