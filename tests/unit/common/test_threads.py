"""Work on large data runs beside the event loop, on small data in it."""

import threading

import pytest

from catalyst_groq.common.threads import MAX_INLINE_CHARS, run_beside_loop_if_large

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("data", "is_beside"),
    [
        ("", False),
        ("x" * (MAX_INLINE_CHARS - 1), False),
        ("x" * MAX_INLINE_CHARS, True),
        ({"messages": [{"content": "x" * (MAX_INLINE_CHARS + 1)}]}, True),
        ([0] * (MAX_INLINE_CHARS + 1), True),
        ({"x" * (MAX_INLINE_CHARS + 1): 1}, True),
    ],
)
async def test_large_data_is_processed_in_another_thread(data, is_beside):
    thread, options = await run_beside_loop_if_large(
        data, lambda *_, **options: (threading.get_ident(), options), more=1
    )

    assert (thread != threading.get_ident()) is is_beside
    assert options == {"more": 1}


async def test_error_in_a_thread_is_raised():
    with pytest.raises(ZeroDivisionError):
        await run_beside_loop_if_large("x" * (MAX_INLINE_CHARS + 1), lambda: 1 // 0)
