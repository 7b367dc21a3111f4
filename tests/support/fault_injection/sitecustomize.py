"""Python imports this module at start where its folder is on PYTHONPATH: a wrong clock, a full disk, a loop probe."""

import asyncio
import gc
import os
import resource
import time
from pathlib import Path

if offset := os.environ.get("CLOCK_OFFSET_SECONDS"):
    right_time, seconds = time.time, float(offset)
    time.time = lambda: right_time() + seconds

if limit := os.environ.get("MAX_FILE_BYTES"):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))

if probe := os.environ.get("LOOP_PROBE_FILE"):
    INTERVAL_SECONDS = 0.005

    class LoopProbe:
        """Writes the longest CPU time that the event loop's thread took between two steps of the probe.

        CPU time does not grow on a machine that is busy with something else.
        """

        def __init__(self, path: Path) -> None:
            self._path = path
            self._longest = 0.0
            self._last = time.thread_time()

        def step(self) -> None:
            now = time.thread_time()
            has_started = gc.get_freeze_count() > 0  # the worker freezes its objects before its first poll
            if has_started and now - self._last > self._longest:
                self._longest = now - self._last
                self._path.write_text(str(self._longest))
            self._last = time.thread_time()
            asyncio.get_running_loop().call_later(INTERVAL_SECONDS, self.step)

    class ProbedRunner(asyncio.Runner):  # type: ignore[misc]
        def run(self, coroutine, **options):  # type: ignore[override]
            self.get_loop().call_soon(lambda: LoopProbe(Path(probe)).step())
            return super().run(coroutine, **options)

    asyncio.Runner = ProbedRunner  # type: ignore[misc]
