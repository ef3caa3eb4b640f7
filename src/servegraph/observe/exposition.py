"""The page that Prometheus reads: the metrics of one or several predictors, a family of each name.

The registry is private: what others in this process register elsewhere is not on the page.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Protocol

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from servegraph.observe.custom import CustomMetrics
from servegraph.observe.processes import Processes


class Source(Protocol):
    """What one predictor has to say."""

    custom: CustomMetrics

    def families(self) -> Iterator[Metric]:
        """Its own families, made anew for each scrape."""


class Exposition:
    """The page; sources may share a store of custom metrics.

    Args:
        processes: those that serve together, where there are several; see `Processes`. What the garbage
            collector of each does is not shown then.
    """

    def __init__(self, sources: Sequence[Source], processes: Callable[[], Sequence[int]] | None = None) -> None:
        self._sources = sources
        self._registry = CollectorRegistry()
        self._registry.register(self)
        PlatformCollector(registry=self._registry)
        if processes is None:
            ProcessCollector(registry=self._registry)
            GCCollector(registry=self._registry)
        else:
            self._registry.register(Processes(processes))

    def render(self) -> tuple[str, bytes]:
        """The content type and the body for one scrape; may run in another thread."""
        return CONTENT_TYPE_PLAIN_0_0_4, generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """The registry's way in."""
        own = _merged(chain.from_iterable(source.families() for source in self._sources))
        yield from own.values()
        stores = {id(source.custom): source.custom for source in self._sources}
        for store in stores.values():
            yield from (family for family in store.collect() if family.name not in own)


def _merged(families: Iterator[Metric]) -> dict[str, Metric]:
    """The families by name; those of one name become one with the samples of all."""
    found: dict[str, Metric] = {}
    for family in families:
        known = found.setdefault(family.name, family)
        if known is not family:
            known.samples.extend(family.samples)
    return found
