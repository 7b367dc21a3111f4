"""Encryption of journal entries."""

import base64
import sys
from itertools import pairwise

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from catalyst_groq.errors import SettingsError, UnreadableEntry
from catalyst_groq.journal import JournalKey, make_cipher
from support.factories import make_response

pytestmark = pytest.mark.anyio
KEY = JournalKey("task-1", "request-1")
OLD, NEW = (base64.urlsafe_b64encode(byte * 32).decode() for byte in (b"o", b"n"))


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
    with pytest.raises(UnreadableEntry, match="encrypted with another CATALYST_JOURNAL_KEY"):
        await make_journal(key=Fernet.generate_key().decode()).load(KEY)


@pytest.mark.parametrize(("keys", "number"), [("secret", 1), (f"{OLD}, secret", 2), (f"{OLD}!", 1), ("ö" * 44, 1)])
def test_encryption_refuses_invalid_key(keys, number):
    with pytest.raises(SettingsError, match=f"CATALYST_JOURNAL_KEY: key {number} is not a valid Fernet key"):
        make_cipher(keys)


def test_encryption_refuses_commas_without_a_key():
    with pytest.raises(SettingsError, match=r"CATALYST_JOURNAL_KEY: there is no key .+ Make a key: openssl rand"):
        make_cipher(" , ")


@given(st.binary(min_size=32, max_size=32))
def test_encryption_reads_a_key_in_either_alphabet(key):
    by_openssl, by_fernet = (
        make_cipher(encode(key).decode()) for encode in (base64.b64encode, base64.urlsafe_b64encode)
    )

    assert by_fernet.decrypt(by_openssl.encrypt("text")) == "text"


def test_encryption_uses_the_first_of_several_keys():
    before, between, after = make_cipher(OLD), make_cipher(f"{NEW}, {OLD}"), make_cipher(NEW)

    assert between.decrypt(before.encrypt("text")) == "text"
    assert after.decrypt(between.encrypt("text")) == "text"


ROTATION = (OLD, f"{OLD},{NEW}", f"{NEW},{OLD}", NEW)
"""The keys before the rotation and after each of its steps (docs/upgrades.md#encrypted-journals)."""


@pytest.mark.parametrize(("before", "after"), list(pairwise(ROTATION)))
def test_rotation_of_two_workers_leaves_nothing_unreadable(before, after):
    """While one worker has restarted with the keys of the next step, and the other has not."""
    workers = make_cipher(before), make_cipher(after)

    assert {reader.decrypt(writer.encrypt("text")) for reader in workers for writer in workers} == {"text"}


def test_rotation_keeps_all_entries_until_its_last_step():
    written = [make_cipher(keys).encrypt("text") for keys in ROTATION[:3]]

    assert {make_cipher(ROTATION[2]).decrypt(entry) for entry in written} == {"text"}


def test_rotation_of_two_workers_needs_its_first_step():
    with pytest.raises(UnreadableEntry):
        make_cipher(OLD).decrypt(make_cipher(f"{NEW},{OLD}").encrypt("text"))


@pytest.mark.parametrize(
    ("written_with", "read_with", "change", "problem"),
    [
        (
            OLD,
            NEW,
            lambda entry: entry,
            "it was encrypted with another CATALYST_JOURNAL_KEY, or is damaged. Add its key",
        ),
        (OLD, OLD, lambda entry: entry[:50], "it was encrypted with another CATALYST_JOURNAL_KEY, or is damaged"),
        (OLD, OLD, lambda _: b"gAAAA\xff", "it was encrypted with another CATALYST_JOURNAL_KEY, or is damaged"),
        (OLD, None, lambda entry: entry, "it is encrypted, and CATALYST_JOURNAL_KEY is not set. Set its key"),
        (None, OLD, lambda entry: entry, "it is not encrypted, and CATALYST_JOURNAL_KEY is set. Start all workers"),
        (None, None, lambda _: b"\xff\xff", "it is damaged"),
    ],
)
def test_entry_that_cannot_be_decrypted_says_why(written_with, read_with, change, problem):
    entry = change(make_cipher(written_with).encrypt('{"version": 1}'))

    with pytest.raises(UnreadableEntry) as unreadable:
        make_cipher(read_with).decrypt(entry)

    assert str(unreadable.value).startswith(problem)


def test_encryption_without_its_extra_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography.fernet", None)
    with pytest.raises(SettingsError, match=r"CATALYST_JOURNAL_KEY needs: pip install '.*\[encryption\]'"):
        make_cipher(OLD)
