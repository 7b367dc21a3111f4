"""Runs pure functions on large data beside the event loop."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from catalyst_groq.common.structures import is_larger

T = TypeVar("T")

MAX_INLINE_CHARS = 50_000
"""Estimating the tokens of a text of that length takes some 20 ms."""


async def run_beside_loop_if_large(data: Any, function: Callable[..., T], *args: Any, **options: Any) -> T:
    """Return `function(*args, **options)`, which takes time in proportion to the size of `data`.

    For large data it runs in a thread: the interpreter switches between threads every few milliseconds, so the tasks of
    the event loop go on meanwhile.
    """
    if is_larger(data, MAX_INLINE_CHARS):
        return await asyncio.to_thread(function, *args, **options)
    return function(*args, **options)
