"""Encryption of what is kept, for those who want it."""

from typing import Protocol

from catalyst_groq.common.optional_dependencies import require_extra
from catalyst_groq.errors import JournalError, SettingsError


class Cipher(Protocol):
    """Turns a text into bytes and back."""

    def encrypt(self, text: str) -> bytes:
        """Make bytes of a text."""

    def decrypt(self, sealed: bytes) -> str:
        """Make the text of the bytes. Raises `JournalError`."""


class NoCipher:
    """No encryption."""

    def encrypt(self, text: str) -> bytes:
        """Encode."""
        return text.encode("utf-8", "surrogatepass")

    def decrypt(self, sealed: bytes) -> str:
        """Decode."""
        return sealed.decode("utf-8", "surrogatepass")


def make_cipher(key: str | None) -> Cipher:
    """Return encryption with a Fernet key, or none. Raises `SettingsError` for a key that is none.

    `python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"` makes a key.
    """
    if not key:
        return NoCipher()
    with require_extra("encryption", "CATALYST_JOURNAL_KEY"):
        from cryptography.fernet import Fernet, InvalidToken  # noqa: PLC0415 -- an extra

    class FernetCipher:
        def __init__(self, fernet: Fernet) -> None:
            self._fernet = fernet

        def encrypt(self, text: str) -> bytes:
            return self._fernet.encrypt(NoCipher().encrypt(text))

        def decrypt(self, sealed: bytes) -> str:
            try:
                return NoCipher().decrypt(self._fernet.decrypt(sealed))
            except InvalidToken as error:
                raise JournalError("An entry was sealed with another CATALYST_JOURNAL_KEY") from error

    try:
        return FernetCipher(Fernet(key))
    except ValueError as error:
        raise SettingsError(f"CATALYST_JOURNAL_KEY is no Fernet key: {error}") from error
