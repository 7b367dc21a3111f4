"""The emulator's clock. It can run faster than the wall clock and can be advanced."""

import asyncio
import time


class Clock:
    """Seconds since the start, multiplied by `scale`, plus the seconds advanced."""

    def __init__(self, scale: float = 1) -> None:
        self._scale = scale
        self._seconds = 0.0
        self._since = time.monotonic()

    def now(self) -> float:
        """Return the emulator's time in seconds."""
        return self._seconds + (time.monotonic() - self._since) * self._scale

    def advance(self, seconds: float) -> None:
        """Advance the clock, so that limits refill as after such a wait."""
        self._seconds += seconds

    def set_scale(self, scale: float) -> None:
        """Change the speed of the clock from now on."""
        self._seconds, self._since = self.now(), time.monotonic()
        self._scale = scale

    async def sleep(self, seconds: float) -> None:
        """Sleep for `seconds` of the emulator's time."""
        if seconds > 0:
            await asyncio.sleep(seconds / self._scale)
