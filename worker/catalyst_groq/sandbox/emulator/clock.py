"""The emulator's own time, which may run faster than the wall clock and may be set forward."""

import asyncio
import time


class Clock:
    """Seconds since the start, times `scale`, plus what was skipped."""

    def __init__(self, scale: float = 1) -> None:
        self._scale = scale
        self._seconds = 0.0
        self._since = time.monotonic()

    def now(self) -> float:
        """Return the emulator's seconds."""
        return self._seconds + (time.monotonic() - self._since) * self._scale

    def advance(self, seconds: float) -> None:
        """Set the clock forward, so that limits refill as after such a wait."""
        self._seconds += seconds

    def set_scale(self, scale: float) -> None:
        """Let the emulator's time run at another speed from now on."""
        self._seconds, self._since = self.now(), time.monotonic()
        self._scale = scale

    async def sleep(self, seconds: float) -> None:
        """Wait so many of the emulator's seconds."""
        if seconds > 0:
            await asyncio.sleep(seconds / self._scale)
