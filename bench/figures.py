"""From moments to figures. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import comb
from statistics import median

BEYOND = 0.025
"""How likely a true figure may be beyond either end of what is said of it."""

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
class Middle:
    """A median, and two figures that the true one lies between in 95 of 100 cases, however the values are spread."""

    value: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Middle":
        """Take the median and the values at equal ranks from either end. Few values tell only that it is among them."""
        ranked = sorted(values)
        beyond = _ranks_beyond(len(ranked))
        return cls(median(ranked), ranked[beyond], ranked[-1 - beyond])


def _ranks_beyond(count: int) -> int:
    """Return how many of so many values may be left out at either end: each is as likely above the median as below."""
    chances = accumulate(comb(count, below) / 2**count for below in range(count))
    return max(sum(1 for chance in chances if chance <= BEYOND) - 1, 0)


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
