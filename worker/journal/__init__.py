"""Groq's answers that the engine has not acknowledged yet: kept, so that no task is ever paid for twice."""

from worker.journal.broken import Required, Tolerant, try_out
from worker.journal.entries import Entry, Journal, NoJournal, request_key
from worker.journal.file import SqliteFile
from worker.journal.ledger import Faithful, Ledger, MemoryLedger, SqliteLedger
from worker.journal.once import ask_once
from worker.journal.opening import opened
from worker.journal.sealing import Seal, sealed_with
from worker.journal.sqlite import SqliteJournal

__all__ = [
    "Entry",
    "Faithful",
    "Journal",
    "Ledger",
    "MemoryLedger",
    "NoJournal",
    "Required",
    "Seal",
    "SqliteFile",
    "SqliteJournal",
    "SqliteLedger",
    "Tolerant",
    "ask_once",
    "opened",
    "request_key",
    "sealed_with",
    "try_out",
]
