"""What operators see and delete of a journal and its ledger, while workers use them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple, Protocol

from catalyst_groq.errors import UnreadableEntry
from catalyst_groq.groq.api.responses import Response
from catalyst_groq.journal.base import decode_response
from catalyst_groq.journal.encryption import Cipher


class StoredEntry(NamedTuple):
    """An entry without its content; `stored_at` is when it was stored or set aside."""

    task_id: str
    request_key: str
    stored_at: datetime
    size_bytes: int
    is_set_aside: bool


class EntryState(StrEnum):
    """What a worker would do with an entry."""

    STORED = "stored"
    UNREADABLE = "unreadable"
    """It is set aside when its task is processed again."""
    SET_ASIDE = "set aside"
    READABLE_AGAIN = "set aside, readable again"


@dataclass(frozen=True, slots=True)
class EntryReading:
    """What can be read of an entry; `problem` says why nothing can."""

    state: EntryState
    response: Response | None = None
    problem: str = ""

    @property
    def model(self) -> str:
        """The model that answered; empty where that is unknown, as for most transcriptions."""
        body = self.response.body if self.response else None
        model = body.get("model") if isinstance(body, dict) else None
        return model if isinstance(model, str) else ""


class AccountSum(NamedTuple):
    """What was spent on one account of the ledger, in USD."""

    account: str
    spent: Decimal


class JournalAdministration(Protocol):
    """The stores of one location. All methods raise `JournalError`."""

    async def entries(self, task_ids: Sequence[str]) -> list[StoredEntry]:
        """Return the entries of these tasks, or of all if there are none, the newest first."""

    async def load(self, entries: Sequence[StoredEntry]) -> list[bytes | None]:
        """Return the contents of entries as they are stored, at once; None for one that was deleted meanwhile."""

    async def forget(self, task_id: str) -> int:
        """Delete the entries of a task, also those that are set aside; return how many there were."""

    async def accounts(self, limit: int) -> list[AccountSum]:
        """Return the accounts of days and definitions, and of the instances that have spent the most."""

    async def spent(self, account: str) -> Decimal | None:
        """Return what was spent on one account; None if nothing was ever booked to it."""

    async def reset(self, account: str) -> None:
        """Set what was spent on an account to nothing."""

    async def aclose(self) -> None:
        """Close connections."""


def read_entry(content: bytes, cipher: Cipher, *, is_set_aside: bool) -> EntryReading:
    """Decrypt and decode the content of an entry."""
    try:
        response = decode_response(cipher.decrypt(content))
    except UnreadableEntry as error:
        return EntryReading(EntryState.SET_ASIDE if is_set_aside else EntryState.UNREADABLE, problem=str(error))
    return EntryReading(EntryState.READABLE_AGAIN if is_set_aside else EntryState.STORED, response)
