"""Optional encryption of the journal's entries."""

from typing import Protocol

from catalyst_groq.common.optional_dependencies import require_extra
from catalyst_groq.errors import JournalError, SettingsError


class Cipher(Protocol):
    """Encrypts and decrypts entries."""

    def encrypt(self, text: str) -> bytes:
        """Return the encrypted text."""

    def decrypt(self, encrypted: bytes) -> str:
        """Return the decrypted text. Raises `JournalError` when it was encrypted with another key."""


class NoCipher:
    """Encodes entries without encryption."""

    def encrypt(self, text: str) -> bytes:
        """Return the text in UTF-8."""
        return text.encode("utf-8", "surrogatepass")

    def decrypt(self, encrypted: bytes) -> str:
        """Return the text of UTF-8 bytes."""
        return encrypted.decode("utf-8", "surrogatepass")


def make_cipher(key: str | None) -> Cipher:
    """Return a Fernet cipher for a key, `NoCipher` for none. Raises `SettingsError` when the key is invalid.

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

        def decrypt(self, encrypted: bytes) -> str:
            try:
                return NoCipher().decrypt(self._fernet.decrypt(encrypted))
            except InvalidToken as error:
                raise JournalError("An entry was encrypted with another CATALYST_JOURNAL_KEY") from error

    try:
        return FernetCipher(Fernet(key))
    except ValueError as error:
        raise SettingsError(f"CATALYST_JOURNAL_KEY is not a valid Fernet key: {error}") from error
