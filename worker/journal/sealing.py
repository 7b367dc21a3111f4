"""Encryption of what is kept, for those who want it."""

from typing import Protocol

from worker.errors import JournalError, SettingsError
from worker.extras import needing


class Seal(Protocol):
    """Turns a text into bytes and back."""

    def close(self, text: str) -> bytes:
        """Make bytes of a text."""

    def open(self, sealed: bytes) -> str:
        """Make the text of the bytes. Raises `JournalError`."""


class Plain:
    """No encryption."""

    def close(self, text: str) -> bytes:
        """Encode."""
        return text.encode("utf-8", "surrogatepass")

    def open(self, sealed: bytes) -> str:
        """Decode."""
        return sealed.decode("utf-8", "surrogatepass")


def sealed_with(key: str | None) -> Seal:
    """Return encryption with a Fernet key, or none. Raises `SettingsError` for a key that is none.

    `python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"` makes a key.
    """
    if not key:
        return Plain()
    with needing("encryption", "CATALYST_JOURNAL_KEY"):
        from cryptography.fernet import Fernet, InvalidToken  # noqa: PLC0415 -- an extra

    class Encrypted:
        def __init__(self, fernet: Fernet) -> None:
            self._fernet = fernet

        def close(self, text: str) -> bytes:
            return self._fernet.encrypt(Plain().close(text))

        def open(self, sealed: bytes) -> str:
            try:
                return Plain().open(self._fernet.decrypt(sealed))
            except InvalidToken as error:
                raise JournalError("An entry was sealed with another CATALYST_JOURNAL_KEY") from error

    try:
        return Encrypted(Fernet(key))
    except ValueError as error:
        raise SettingsError(f"CATALYST_JOURNAL_KEY is no Fernet key: {error}") from error
