"""Concurrent callers share one call."""

import asyncio

import pytest

from catalyst_groq.common.shared_calls import SharedCalls

pytestmark = pytest.mark.anyio


async def test_concurrent_callers_share_one_call_and_its_error():
    calls: SharedCalls[None] = SharedCalls()
    made = []

    async def fail():
        made.append(1)
        await asyncio.sleep(0)
        raise OSError("away")

    errors = await asyncio.gather(*(calls.get("a", fail) for _ in range(3)), return_exceptions=True)
    assert [str(error) for error in errors] == ["away"] * 3
    assert len(made) == 1
    with pytest.raises(OSError, match="away"):
        await calls.get("a", fail)
    assert len(made) == 2
