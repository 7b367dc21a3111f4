"""Statistics: rates, percentiles, ranges and confidence intervals. Pure functions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import comb
from statistics import median

TAIL_PROBABILITY = 0.025
"""Probability that the true median lies beyond one end of its interval (two ends: 95 % confidence)."""

WARM_UP_DIVISOR = 4
"""With fewer than two full rounds of tasks, the first quarter is left out as warm-up."""


def rate(ends: Sequence[float], concurrency: int) -> float:
    """Return completed tasks per second, from sorted end times in seconds. NaN if all ended at the same time.

    The first `concurrency` tasks count as the start: tasks that begin together end together, and the time before the
    first end belongs to none of them.
    """
    first = concurrency if len(ends) >= 2 * concurrency else max(1, len(ends) // WARM_UP_DIVISOR)
    seconds = ends[-1] - ends[first - 1]
    return (len(ends) - first) / seconds if seconds > 0 else math.nan


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that `share` of all values do not exceed (nearest rank)."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)]


@dataclass(frozen=True, slots=True)
class Range:
    """The median of several rounds, and their minimum and maximum."""

    median: float
    low: float
    high: float

    @classmethod
    def from_values(cls, values: Sequence[float]) -> "Range":
        """Summarize the rounds."""
        return cls(median(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class MedianInterval:
    """A median and its 95 % confidence interval, for any distribution (sign test)."""

    value: float
    low: float
    high: float

    @classmethod
    def from_values(cls, values: Sequence[float]) -> "MedianInterval":
        """Take the median and the values at equal ranks from both ends. Few values give their full range."""
        ranked = sorted(values)
        beyond = _ranks_outside(len(ranked))
        return cls(median(ranked), ranked[beyond], ranked[-1 - beyond])


def _ranks_outside(count: int) -> int:
    """Return how many of `count` values to leave out at each end: each is as likely above the median as below."""
    chances = accumulate(comb(count, below) / 2**count for below in range(count))
    return max(sum(1 for chance in chances if chance <= TAIL_PROBABILITY) - 1, 0)


@dataclass(frozen=True, slots=True)
class Measurement:
    """The figures of one client in one round, at 50 concurrent tasks."""

    instant_rate: float
    """Tasks per second when the stub answers immediately."""
    instant_cpu: float
    """CPU milliseconds per task, when the stub answers immediately."""
    slow_rate: float
    """Tasks per second when the stub takes half a second."""
    slow_cpu: float
    durations: tuple[float, ...]
    """Durations of single instances in milliseconds, one at a time; the stub answers immediately."""
    peak_memory: float
    """Peak resident memory in MB."""


@dataclass(frozen=True, slots=True)
class Load:
    """The figures of one batch."""

    rate: float
    """Tasks per second."""
    cpu: float
    """Milliseconds of CPU per task."""
    peak_concurrency: int
    """Largest number of concurrent calls at the stub."""
    ramp_up_seconds: float
    """Seconds from the release of the tasks until `concurrency` calls had reached the stub."""
