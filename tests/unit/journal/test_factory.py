"""The journal and ledger that `CATALYST_JOURNAL` chooses."""

import sys
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import pytest

from catalyst_groq.errors import SettingsError
from catalyst_groq.journal import JournalKey, make_cipher, open_journal
from support.factories import make_response
from support.ledger import CENT

pytestmark = pytest.mark.anyio

OPTIONS: dict[str, Any] = {"cipher": make_cipher(None), "max_age": timedelta(days=1), "max_bytes": 10**6}


@pytest.mark.parametrize(("kind", "is_stored"), [("off", False), ("file", True), ("redis", True)])
async def test_journal_and_ledger_share_one_location(kind, is_stored, tmp_path, request):
    location = {"off": "off", "file": str(tmp_path / "j.sqlite")}.get(kind) or request.getfixturevalue("redis")
    key = JournalKey("task-1", tmp_path.name)
    journal, ledger = open_journal(location, **OPTIONS, required=False)
    async with aclosing(journal), aclosing(ledger):
        await journal.store(key, make_response())
        await ledger.book({tmp_path.name: CENT})

    journal, ledger = open_journal(location, **OPTIONS, required=True)
    async with aclosing(journal), aclosing(ledger):
        assert await journal.load(key) == (make_response() if is_stored else None)
        assert await ledger.spent([tmp_path.name]) == [CENT if is_stored else 0]


def test_redis_without_its_extra_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    monkeypatch.delitem(sys.modules, "catalyst_groq.journal.redis_store", raising=False)
    with pytest.raises(SettingsError, match=r"CATALYST_JOURNAL=redis://… needs: pip install '.*\[redis\]'"):
        open_journal("redis://localhost", **OPTIONS, required=False)
