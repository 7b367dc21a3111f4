"""Groq's answers that the engine has not acknowledged yet: kept, so that no task is ever paid for twice."""

from worker.journal.broken import Required, Tolerant, try_out
from worker.journal.entries import Entry, Journal, NoJournal, request_key
from worker.journal.once import ask_once
from worker.journal.sealing import Seal, sealed_with
from worker.journal.sqlite import SqliteJournal

__all__ = [
    "Entry",
    "Journal",
    "NoJournal",
    "Required",
    "Seal",
    "SqliteJournal",
    "Tolerant",
    "ask_once",
    "request_key",
    "sealed_with",
    "try_out",
]
