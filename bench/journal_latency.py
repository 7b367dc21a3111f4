"""The time until the journal has stored a response: `python -m bench.journal_latency`.

Until then only the worker's memory holds a response that Groq charges for. SECURITY.md cites the figures.
"""

import asyncio
import statistics
import tempfile
import time
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path

from rich.console import Console

from catalyst_groq.groq.api.responses import Response
from catalyst_groq.journal import JournalKey, make_cipher, open_journal

ANSWERS = 2000
CHARACTERS = 4000


async def measure(at_once: int) -> list[float]:
    """Return the milliseconds that each of many answers waits to be in an SQLite journal, so many at a time."""
    took: list[float] = []
    with tempfile.TemporaryDirectory(prefix="catalyst-bench-") as folder:
        journal, _ = open_journal(
            str(Path(folder) / "journal.sqlite"),
            cipher=make_cipher(None),
            max_age=timedelta(days=1),
            max_bytes=10**9,
            required=True,
        )

        async def store_one(number: int) -> None:
            arrived = time.perf_counter()
            await journal.store(JournalKey(str(number), "request"), Response(200, {}, b"x" * CHARACTERS))
            took.append((time.perf_counter() - arrived) * 1000)

        async with aclosing(journal):
            for first in range(0, ANSWERS, at_once):
                await asyncio.gather(*(store_one(first + number) for number in range(at_once)))
    return took


async def main() -> None:
    """Print median and 99th percentile."""
    console = Console()
    for at_once in (1, 50):
        percentiles = statistics.quantiles(await measure(at_once), n=100)
        median, slowest = percentiles[49], percentiles[98]
        console.print(f"{at_once:2d} at a time: {median:.2f} ms at the median, {slowest:.2f} ms at the 99th percentile")


if __name__ == "__main__":
    asyncio.run(main())
