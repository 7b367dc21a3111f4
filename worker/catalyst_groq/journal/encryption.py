"""Optional encryption of the journal's entries, with several keys so that one can be replaced."""

import re
from typing import Protocol

from catalyst_groq.common.optional_dependencies import require_extra
from catalyst_groq.errors import SettingsError, UnreadableEntry
from catalyst_groq.journal.base import RESTORE_REMEDY

FERNET_KEY = re.compile(r"[A-Za-z0-9+/_-]{43}=")
"""32 bytes in base64, with either alphabet: `openssl` has one of them, and Fernet's own tool the other."""

TO_FERNET_ALPHABET = str.maketrans("+/", "-_")

FERNET_START = b"gAAAA"
"""How each encrypted entry begins: the version of the format and the first bytes of a time, in base64."""

ENTRY_START = b"{"
"""How each entry begins that is not encrypted: it is a JSON object."""


class Cipher(Protocol):
    """Encrypts and decrypts entries."""

    def encrypt(self, text: str) -> bytes:
        """Return the encrypted text."""

    def decrypt(self, encrypted: bytes) -> str:
        """Return the decrypted text. Raises `UnreadableEntry` when it was encrypted with another key, or is damaged."""


class NoCipher:
    """Encodes entries without encryption."""

    def encrypt(self, text: str) -> bytes:
        """Return the text in UTF-8."""
        return text.encode("utf-8", "surrogatepass")

    def decrypt(self, encrypted: bytes) -> str:
        """Return the text of UTF-8 bytes. Raises `UnreadableEntry` for other ones, and for encrypted ones."""
        if encrypted.startswith(FERNET_START):
            raise UnreadableEntry(
                "it is encrypted, and CATALYST_JOURNAL_KEY is not set", "Set its key on all workers of the journal"
            )
        try:
            return encrypted.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError as error:
            raise UnreadableEntry("it is damaged (it is no text)", RESTORE_REMEDY) from error


def split_keys(keys: str) -> list[str]:
    """Return the single keys of CATALYST_JOURNAL_KEY, which separates them by commas."""
    return [key.strip() for key in keys.split(",") if key.strip()]


def check_keys(keys: str) -> None:
    """Check the form of the keys. Raises `ValueError` that names the first one that is invalid by its number."""
    single = split_keys(keys)
    invalid = next((number for number, key in enumerate(single, 1) if not FERNET_KEY.fullmatch(key)), None)
    if invalid or not single:
        problem = f"key {invalid} is not a valid Fernet key" if invalid else "there is no key"
        raise ValueError(f"{problem} (32 bytes in base64). Make a key: openssl rand -base64 32")


def make_cipher(keys: str | None) -> Cipher:
    """Return a Fernet cipher, `NoCipher` without a key. Raises `SettingsError` when a key is invalid.

    `keys` are separated by commas: the first one encrypts, all of them decrypt.
    """
    if not keys:
        return NoCipher()
    try:
        check_keys(keys)
    except ValueError as error:
        raise SettingsError(f"CATALYST_JOURNAL_KEY: {error}") from error
    with require_extra("encryption", "CATALYST_JOURNAL_KEY"):
        from cryptography.fernet import Fernet, InvalidToken, MultiFernet  # noqa: PLC0415 -- an extra

    class FernetCipher:
        def __init__(self, fernet: MultiFernet) -> None:
            self._fernet = fernet

        def encrypt(self, text: str) -> bytes:
            return self._fernet.encrypt(NoCipher().encrypt(text))

        def decrypt(self, encrypted: bytes) -> str:
            try:
                return NoCipher().decrypt(self._fernet.decrypt(encrypted))
            except InvalidToken as error:
                if encrypted.startswith(ENTRY_START):
                    problem = "it is not encrypted, and CATALYST_JOURNAL_KEY is set"
                    raise UnreadableEntry(
                        problem, "Start all workers of the journal without CATALYST_JOURNAL_KEY"
                    ) from error
                raise UnreadableEntry(
                    "it was encrypted with another CATALYST_JOURNAL_KEY, or is damaged",
                    "Add its key behind the present one (CATALYST_JOURNAL_KEY=present,other) on all its workers",
                ) from error

    return FernetCipher(MultiFernet([Fernet(key.translate(TO_FERNET_ALPHABET)) for key in split_keys(keys)]))
