"""Opens the journal and the ledger that the settings choose: an SQLite file, Redis, or none."""

from datetime import timedelta
from pathlib import Path

from catalyst_groq.common.optional_dependencies import require_extra
from catalyst_groq.errors import JournalError
from catalyst_groq.journal.administration import JournalAdministration
from catalyst_groq.journal.availability import BestEffortJournal, RequiredJournal
from catalyst_groq.journal.base import Journal, NullJournal
from catalyst_groq.journal.encryption import Cipher
from catalyst_groq.journal.ledger import Ledger, MemoryLedger, SqliteLedger, WriteBehindLedger
from catalyst_groq.journal.sqlite_administration import SqliteAdministration
from catalyst_groq.journal.sqlite_file import SqliteFile
from catalyst_groq.journal.sqlite_store import SqliteJournal

REDIS_SCHEMES = ("redis://", "rediss://")


def open_administration(location: str, *, max_age: timedelta) -> JournalAdministration:
    """Return the administration of the journal and the ledger at a location. Raises `JournalError` for `off`."""
    if location == "off":
        raise JournalError("CATALYST_JOURNAL is off: neither responses nor budgets are stored.")
    if location.startswith(REDIS_SCHEMES):
        with require_extra("redis", "CATALYST_JOURNAL=redis://…"):
            from catalyst_groq.journal.redis_administration import RedisAdministration  # noqa: PLC0415 -- an extra
        return RedisAdministration(location, max_age=max_age)
    return SqliteAdministration(Path(location).expanduser())


def open_journal(
    location: str, *, cipher: Cipher, max_age: timedelta, max_bytes: int, required: bool
) -> tuple[Journal, Ledger]:
    """Return the journal and the ledger at one location: a file's path, `redis://…`, or `off`.

    `max_age` and `max_bytes` bound the responses that the engine never acknowledged; Redis uses only `max_age`.
    With `required`, both raise `JournalError` while they fail; otherwise work continues without them.
    """
    if location == "off":
        return NullJournal(), MemoryLedger()
    journal: Journal
    ledger: Ledger
    if location.startswith(REDIS_SCHEMES):
        with require_extra("redis", "CATALYST_JOURNAL=redis://…"):
            from catalyst_groq.journal.redis_store import RedisJournal, RedisLedger  # noqa: PLC0415 -- an extra
        journal, ledger = RedisJournal(location, cipher=cipher, max_age=max_age), RedisLedger(location)
    else:
        file = SqliteFile(Path(location).expanduser())
        journal, ledger = SqliteJournal(file, cipher=cipher, max_age=max_age, max_bytes=max_bytes), SqliteLedger(file)
    return RequiredJournal(journal) if required else BestEffortJournal(journal), WriteBehindLedger(
        ledger, required=required
    )
