"""From moments to figures. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

WARM_SHARE = 4
"""Where there are too few tasks for a whole first round, the first quarter is left out."""


def rate(ends: Sequence[float], at_once: int) -> float:
    """Return ended tasks per second, from moments in order (seconds).

    The first `at_once` count as the start: tasks that begin together end together, and the time before the first
    ends belongs to none of them.
    """
    first = at_once if len(ends) >= 2 * at_once else max(1, len(ends) // WARM_SHARE)
    seconds = ends[-1] - ends[first - 1]
    return (len(ends) - first) / seconds if seconds > 0 else math.nan


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that `share` of all values do not exceed (nearest rank)."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)]


@dataclass(frozen=True, slots=True)
class Spread:
    """One figure over several rounds."""

    middle: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Sum up the rounds."""
        return cls(median(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class Measured:
    """What one contender did in one round, 50 tasks at once."""

    instant_rate: float
    """Tasks per second when the stub answers at once."""
    instant_cpu: float
    """Milliseconds of CPU per task then."""
    slow_rate: float
    """Tasks per second when the stub takes half a second."""
    slow_cpu: float
    added: tuple[float, ...]
    """Milliseconds from the start to the end of single instances, one at a time; the stub answers at once."""
    memory: float
    """The most resident memory seen, in MB."""


@dataclass(frozen=True, slots=True)
class Load:
    """What came of one batch."""

    rate: float
    """Tasks per second."""
    cpu: float
    """Milliseconds of CPU per task."""
    most_at_once: int
    """Calls under way at the same moment."""
    filled: float
    """Seconds from the moment the tasks were offered to the call that filled the last place."""
