"""Idempotency of paid calls: stores Groq's responses until the engine has acknowledged the task's outcome."""

from catalyst_groq.journal.availability import BestEffortJournal, RequiredJournal, check_available, check_writable
from catalyst_groq.journal.base import Journal, JournalKey, JournalStatus, NullJournal, request_key
from catalyst_groq.journal.encryption import Cipher, make_cipher, split_keys
from catalyst_groq.journal.factory import open_administration, open_journal
from catalyst_groq.journal.ledger import Ledger, MemoryLedger, SqliteLedger, WriteBehindLedger
from catalyst_groq.journal.replay import TaskResponses
from catalyst_groq.journal.sqlite_file import SqliteFile
from catalyst_groq.journal.sqlite_store import SqliteJournal

__all__ = [
    "BestEffortJournal",
    "Cipher",
    "Journal",
    "JournalKey",
    "JournalStatus",
    "Ledger",
    "MemoryLedger",
    "NullJournal",
    "RequiredJournal",
    "SqliteFile",
    "SqliteJournal",
    "SqliteLedger",
    "TaskResponses",
    "WriteBehindLedger",
    "check_available",
    "check_writable",
    "make_cipher",
    "open_administration",
    "open_journal",
    "request_key",
    "split_keys",
]
