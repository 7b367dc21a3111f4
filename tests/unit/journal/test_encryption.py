"""Encryption of journal entries."""

import sys

import pytest
from cryptography.fernet import Fernet

from catalyst_groq.errors import JournalError, SettingsError
from catalyst_groq.journal import JournalKey, make_cipher
from support.factories import make_response

pytestmark = pytest.mark.anyio
KEY = JournalKey("task-1", "request-1")


@pytest.mark.parametrize("key", [None, Fernet.generate_key().decode()], ids=["none", "fernet"])
@pytest.mark.parametrize("text", ["", "größer 😀", "half a pair: \ud83d"])
def test_cipher_restores_text(key, text):
    cipher = make_cipher(key)

    assert cipher.decrypt(cipher.encrypt(text)) == text


async def test_encrypted_file_needs_its_key(make_journal, tmp_path):
    key = Fernet.generate_key().decode()
    await make_journal(key=key).store(KEY, make_response())

    assert b"Hello" not in b"".join(file.read_bytes() for file in (tmp_path / "state").iterdir())
    assert await make_journal(key=key).load(KEY) == make_response()
    with pytest.raises(JournalError, match="encrypted with another CATALYST_JOURNAL_KEY"):
        await make_journal(key=Fernet.generate_key().decode()).load(KEY)


def test_encryption_refuses_invalid_key():
    with pytest.raises(SettingsError, match="CATALYST_JOURNAL_KEY is not a valid Fernet key"):
        make_cipher("secret")


def test_encryption_without_its_extra_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography.fernet", None)
    with pytest.raises(SettingsError, match=r"CATALYST_JOURNAL_KEY needs: pip install '.*\[encryption\]'"):
        make_cipher("a key")
