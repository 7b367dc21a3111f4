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

RESPONSES = 2000
RESPONSE_CHARS = 4000


async def measure(concurrency: int) -> list[float]:
    """Return the milliseconds until an SQLite journal has stored each response, with `concurrency` parallel writes."""
    durations: list[float] = []
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
            await journal.store(JournalKey(str(number), "request"), Response(200, {}, b"x" * RESPONSE_CHARS))
            durations.append((time.perf_counter() - arrived) * 1000)

        async with aclosing(journal):
            for first in range(0, RESPONSES, concurrency):
                await asyncio.gather(*(store_one(first + number) for number in range(concurrency)))
    return durations


async def main() -> None:
    """Print the median and the 99th percentile."""
    console = Console()
    for concurrency in (1, 50):
        percentiles = statistics.quantiles(await measure(concurrency), n=100)
        median, slowest = percentiles[49], percentiles[98]
        console.print(f"{concurrency:2d} parallel writes: median {median:.2f} ms, 99th percentile {slowest:.2f} ms")


if __name__ == "__main__":
    asyncio.run(main())
