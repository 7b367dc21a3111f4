"""Counters and histograms without locks, for figures that one thread counts and shows: the event loop's.

Those of prometheus-client lock for each figure, which took a twentieth of a task's CPU time.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

Labels = tuple[str, ...]
"""The values of the labels, in the order of their names."""


class FastCounter(Collector):
    """A counter; without labels it begins at 0."""

    def __init__(self, registry: CollectorRegistry, name: str, help_text: str, labels: Sequence[str] = ()) -> None:
        self._name, self._help, self._names = name, help_text, tuple(labels)
        self._figures: dict[Labels, float] = {} if labels else {(): 0.0}
        registry.register(self)

    def add(self, labels: Labels = (), amount: float = 1.0) -> None:
        """Add an amount."""
        self._figures[labels] = self._figures.get(labels, 0.0) + amount

    def collect(self) -> Iterator[Metric]:
        """Yield the figures."""
        metric = Metric(self._name, self._help, "counter")
        for labels, figure in self._figures.items():
            metric.add_sample(f"{self._name}_total", dict(zip(self._names, labels, strict=True)), figure)
        yield metric


class FastHistogram(Collector):
    """A histogram; `bounds` are the upper bounds of its buckets, and a last bucket has no bound."""

    def __init__(
        self, registry: CollectorRegistry, name: str, help_text: str, labels: Sequence[str], bounds: Sequence[float]
    ) -> None:
        self._name, self._help, self._names, self._bounds = name, help_text, tuple(labels), tuple(bounds)
        self._bound_names = [*map(floatToGoString, self._bounds), "+Inf"]
        self._figures: dict[Labels, list[float]] = {}
        """By labels: the sum, and the count of each bucket."""
        registry.register(self)

    def observe(self, labels: Labels, value: float) -> None:
        """Count a value."""
        figures = self._figures.get(labels)
        if figures is None:
            figures = self._figures[labels] = [0.0] * (len(self._bounds) + 2)
        figures[0] += value
        figures[bisect_left(self._bounds, value) + 1] += 1

    def collect(self) -> Iterator[Metric]:
        """Yield the figures; the count of a bucket includes those of all smaller ones."""
        metric = Metric(self._name, self._help, "histogram")
        for labels, (total, *counts) in self._figures.items():
            named, count = dict(zip(self._names, labels, strict=True)), 0.0
            for bound, in_bucket in zip(self._bound_names, counts, strict=True):
                count += in_bucket
                metric.add_sample(f"{self._name}_bucket", {**named, "le": bound}, count)
            metric.add_sample(f"{self._name}_count", named, count)
            metric.add_sample(f"{self._name}_sum", named, total)
        yield metric
