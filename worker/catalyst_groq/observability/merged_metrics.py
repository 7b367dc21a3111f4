"""The metrics of several worker processes as one page, as if one worker did the work of all. Pure."""

from collections.abc import Callable, Iterator, Sequence

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from catalyst_groq.observability.state_metrics import (
    BUDGET_LIMIT,
    BUDGET_SPENT,
    BUILD,
    ENGINE_OUTAGE,
    JOURNAL_BROKEN,
    JOURNAL_BYTES,
    JOURNAL_ENTRIES,
    LIMITS_SHARED,
    UNRESPONSIVE,
)

Merge = Callable[[float, float], float]

MERGED_BY: dict[str, Merge] = {
    "catalyst_ready": min,
    "catalyst_groq_limit": max,
    "catalyst_groq_limit_remaining": min,
    "catalyst_groq_limit_wait_seconds": max,
    ENGINE_OUTAGE.name: max,
    LIMITS_SHARED.name: min,
    # A response to one process is a response.
    UNRESPONSIVE.name: min,
    BUILD.name: max,
    # The processes share these.
    JOURNAL_BROKEN.name: max,
    JOURNAL_ENTRIES.name: max,
    JOURNAL_BYTES.name: max,
    BUDGET_SPENT.name: max,
    BUDGET_LIMIT.name: max,
}
"""How the figures of processes become one, if not by their sum."""

CREATED_SUFFIX = "_created"
"""Of the time since when a counter counts."""


class _Merged(Collector):
    """Collects the sums of pages in Prometheus's text format."""

    def __init__(self, pages: Sequence[str]) -> None:
        self._pages = pages

    def collect(self) -> Iterator[Metric]:
        """Yield each metric once, with the figures of all pages."""
        merged: dict[str, tuple[Metric, dict[tuple[str, tuple[tuple[str, str], ...]], float]]] = {}
        for page in self._pages:
            for family in text_string_to_metric_families(page):
                metric = Metric(family.name, family.documentation, family.type)
                _, figures = merged.setdefault(family.name, (metric, {}))
                merge = _merge_of(family.name)
                for sample in family.samples:
                    key = sample.name, tuple(sample.labels.items())
                    figures[key] = merge(figures[key], sample.value) if key in figures else sample.value
        for metric, figures in merged.values():
            for (name, labels), figure in figures.items():
                metric.add_sample(name, dict(labels), figure)
            yield metric


def merge_metrics(pages: Sequence[str]) -> bytes:
    """Return one page in Prometheus's text format with the figures of all pages."""
    registry = CollectorRegistry()
    registry.register(_Merged(pages))
    return generate_latest(registry)


def _merge_of(name: str) -> Merge:
    return min if name.endswith(CREATED_SUFFIX) else MERGED_BY.get(name, lambda one, other: one + other)
