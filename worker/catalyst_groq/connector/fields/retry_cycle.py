"""The Retries field: how many attempts a task has, and how long the engine waits in between."""

import re
from dataclasses import dataclass
from datetime import timedelta

from pydantic import TypeAdapter, ValidationError

from catalyst_groq.domain.outcomes import Retry
from catalyst_groq.errors import FieldError

REPEATED_CYCLE = re.compile(r"R(?P<times>\d+)/(?P<interval>P.+)")
_DURATION_ADAPTER = TypeAdapter(timedelta)
MAX_ATTEMPTS = 1000


def parse_duration(text: str) -> timedelta:
    """Parse an ISO 8601 duration such as `PT30S`. Raises `ValueError`."""
    try:
        duration = _DURATION_ADAPTER.validate_python(text.strip()) if text.strip().startswith("P") else None
    except ValidationError:
        duration = None
    if duration is None or duration < timedelta():
        raise ValueError(f"'{text}' is not an ISO 8601 duration such as PT30S or PT15M")
    return duration


@dataclass(frozen=True, slots=True)
class RetryCycle:
    """Waits between attempts, as in `camunda:failedJobRetryTimeCycle`: `R3/PT10S` means three attempts, 10 s apart."""

    max_attempts: int
    intervals: tuple[timedelta, ...]
    """The wait after each failure; the last one repeats."""

    @classmethod
    def parse(cls, field: str, text: str) -> "RetryCycle":
        """Parse `R3/PT10S`, or a list of waits such as `PT10S,PT1M`. Raises `FieldError`."""
        try:
            if repeated := REPEATED_CYCLE.fullmatch(text.strip()):
                times = min(max(int(repeated["times"]), 1), MAX_ATTEMPTS)
                return cls(times, (parse_duration(repeated["interval"]),))
            intervals = tuple(parse_duration(part) for part in text.split(","))
        except ValueError as error:
            raise FieldError(field, str(error), "Write R3/PT10S (three attempts, 10 s apart) or PT10S,PT1M") from error
        return cls(len(intervals) + 1, intervals)

    def retries_left(self, retries: int | None) -> int:
        """Return the attempts left, this one included. The engine's `retries` are None until the first failure."""
        return self.max_attempts if retries is None else retries

    def after_failure(self, retries: int | None) -> Retry:
        """Return the attempts left after one more failure, and the wait before the next."""
        left = max(self.retries_left(retries) - 1, 0)
        failures = max(self.max_attempts - left - 1, 0)
        return Retry(left, self.intervals[min(failures, len(self.intervals) - 1)])
