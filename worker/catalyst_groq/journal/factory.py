"""Where things are kept: in a file, in Redis, or nowhere."""

from datetime import timedelta
from pathlib import Path

from catalyst_groq.common.optional_dependencies import require_extra
from catalyst_groq.journal.availability import BestEffortJournal, RequiredJournal
from catalyst_groq.journal.base import Journal, NullJournal
from catalyst_groq.journal.encryption import Cipher
from catalyst_groq.journal.ledger import Ledger, MemoryLedger, SqliteLedger, WriteBehindLedger
from catalyst_groq.journal.sqlite_file import SqliteFile
from catalyst_groq.journal.sqlite_store import SqliteJournal


def open_journal(
    where: str, *, cipher: Cipher, max_age: timedelta, max_bytes: int, required: bool
) -> tuple[Journal, Ledger]:
    """Return what keeps answers and what counts their cost, in one place: a file's path, `redis://…`, or `off`.

    `longest` and `largest` (bytes) bound what is kept of answers that the engine never acknowledged.
    """
    if where == "off":
        return NullJournal(), MemoryLedger()
    journal: Journal
    ledger: Ledger
    if where.startswith(("redis://", "rediss://")):
        with require_extra("redis", "CATALYST_JOURNAL=redis://…"):
            from catalyst_groq.journal.redis_store import RedisJournal, RedisLedger  # noqa: PLC0415 -- an extra
        journal, ledger = RedisJournal(where, cipher=cipher, max_age=max_age), RedisLedger(where)
    else:
        file = SqliteFile(Path(where).expanduser())
        journal, ledger = SqliteJournal(file, cipher=cipher, max_age=max_age, max_bytes=max_bytes), SqliteLedger(file)
    return RequiredJournal(journal) if required else BestEffortJournal(journal), WriteBehindLedger(
        ledger, required=required
    )
