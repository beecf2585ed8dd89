"""Figures for Prometheus: requests by operation and code, and the bindings' books at the time of asking."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from math import isfinite

import prometheus_client
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from bindery.api.context import Context
from bindery.api.gateway.budget import Budget
from bindery.api.gateway.work import WorkPool
from bindery.api.inspection import Figure, Sample
from bindery.catalog.records import Binding, BindingState
from bindery.clock import now_ns

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_COUNTS = ("listed", "indexed", "unchanged", "excluded", "failed", "pending", "deleted")
_LABELS = ["project", "dataset", "bucket"]
_UNSHOWN = ("_bucket", "_created")
_MAX_BINDINGS = 1_000
"""Bindings with series of their own; beyond, ``bindery_bindings`` alone counts them."""


class Metrics:
    """One registry a gateway, so that several can live in one process."""

    def __init__(
        self, context: Context, pools: Sequence[WorkPool] = (), budgets: Mapping[str, Budget] | None = None
    ) -> None:
        self._registry = CollectorRegistry()
        self._requests = _RequestCollector()
        self._registry.register(self._requests)
        self._events = prometheus_client.Counter(
            "bindery_events",
            "Keys that events have named (taken, ignored), and requests refused, by their code.",
            ["outcome"],
            registry=self._registry,
        )
        self._registry.register(_LoadCollector(pools, budgets or {}))
        self._told = {named: CollectorRegistry() for named in (False, True)}
        for named, registry in self._told.items():
            registry.register(_BindingCollector(context, named=named))
            registry.register(_NotificationCollector(context, named=named))
        self._registry.register(_ExtractionCollector(context))
        self._registry.register(_IndexCollector(context))
        self._registry.register(_WatchCollector(context))

    def count(self, product: str, action: str, code: str, seconds: float) -> None:
        """Enter one request; ``product``, ``action`` and ``code`` come from closed lists. For the event loop alone."""
        self._requests.count(product, action, code, seconds)

    def count_events(self, outcome: str, number: int) -> None:
        """Enter keys that were taken or ignored, or a request that was refused with a code."""
        self._events.labels(outcome).inc(number)

    def figures(self) -> Iterator[Figure]:
        """Everything, for people: of single bindings and destinations too, but not how times are distributed."""
        for registry in (self._registry, self._told[True]):
            for family in registry.collect():
                samples = tuple(
                    Sample(sample.name, dict(sample.labels), float(sample.value))
                    for sample in family.samples
                    if not sample.name.endswith(_UNSHOWN) and isfinite(sample.value)
                )
                yield Figure(family.name, family.type, family.documentation, samples)

    def text(self, *, named: bool) -> bytes:
        """The page for Prometheus; only with ``named`` does it tell of single bindings and destinations."""
        return generate_latest(self._registry) + generate_latest(self._told[named])


class _RequestCollector(Collector):
    """Counts every call, so without the locks of the library's own counters: one thread counts, others read copies,
    which are made in one step of the interpreter, as a list of items is not."""

    def __init__(self) -> None:
        self._codes: Counter[tuple[str, str, str]] = Counter()
        self._times: defaultdict[tuple[str, str], _Times] = defaultdict(_Times)

    def count(self, product: str, action: str, code: str, seconds: float) -> None:
        self._codes[product, action, code] += 1
        self._times[product, action].add(seconds)

    def collect(self) -> Iterator[Metric]:
        """Requests by operation and code, and the times of all that an operation has answered."""
        requests = CounterMetricFamily(
            "bindery_requests", "Requests by operation and code.", labels=["product", "action", "code"]
        )
        for labels, number in dict.copy(self._codes).items():
            requests.add_metric(labels, number)
        seconds = HistogramMetricFamily(
            "bindery_request_seconds", "Time to answer.", labels=["product", "action"]
        )
        for operation, times in dict.copy(self._times).items():
            seconds.add_metric(operation, times.buckets(), times.total)
        yield from (requests, seconds)


class _Times:
    """A histogram in ``_BUCKETS``."""

    __slots__ = ("_counts", "total")

    def __init__(self) -> None:
        self._counts = [0] * (len(_BUCKETS) + 1)
        self.total = 0.0
        """Seconds."""

    def add(self, seconds: float) -> None:
        self._counts[bisect_left(_BUCKETS, seconds)] += 1
        self.total += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """The bound of each, and how many lie below it."""
        bounds = [*map(floatToGoString, _BUCKETS), "+Inf"]
        return list(zip(bounds, accumulate(self._counts), strict=True))


class _LoadCollector(Collector):
    def __init__(self, pools: Sequence[WorkPool], budgets: Mapping[str, Budget]) -> None:
        self._pools, self._budgets = pools, budgets

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """What calls wait for, and what requests hold in memory."""
        calls = GaugeMetricFamily(
            "bindery_calls", "Calls in the pools of threads, by state.", labels=["pool", "state"]
        )
        for pool in self._pools:
            calls.add_metric([pool.name, "running"], pool.running)
            calls.add_metric([pool.name, "waiting"], pool.waiting)
        held = GaugeMetricFamily(
            "bindery_request_bytes",
            "Bytes of requests held in memory, by whose they are.",
            labels=["holder"],
        )
        for name, budget in self._budgets.items():
            held.add_metric([name], budget.held)
        yield from (calls, held)


class _BindingCollector(Collector):
    def __init__(self, context: Context, *, named: bool) -> None:
        self._context, self._named = context, named

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every state's number of bindings, then with ``named`` the books of the first thousand by name."""
        live = self._context.engine.live
        bindings = [live(binding) for binding in self._context.catalog.bindings.list()]
        states = GaugeMetricFamily("bindery_bindings", "Bindings by state.", labels=["state"])
        held = Counter(binding.state for binding in bindings)
        for known in BindingState:
            states.add_metric([known.value], held[known])
        yield states
        if self._named:
            yield from self._books(bindings[:_MAX_BINDINGS])

    def _books(self, bindings: list[Binding]) -> Iterator[GaugeMetricFamily]:
        state = GaugeMetricFamily(
            "bindery_binding_state", "1 for the present state.", labels=[*_LABELS, "state"]
        )
        objects = GaugeMetricFamily(
            "bindery_binding_objects", "Objects by class.", labels=[*_LABELS, "class"]
        )
        listing = GaugeMetricFamily(
            "bindery_binding_last_complete_listing_seconds",
            "Age of the last complete listing.",
            labels=_LABELS,
        )
        oldest = GaugeMetricFamily(
            "bindery_binding_oldest_pending_change_seconds",
            "Age of the oldest pending change.",
            labels=_LABELS,
        )
        now = now_ns()
        for binding in bindings:
            labels = [binding.project_name, binding.dataset_name, binding.bucket]
            progress = self._context.engine.progress(binding)
            state.add_metric([*labels, binding.state.value], 1)
            for name in _COUNTS:
                objects.add_metric([*labels, name], getattr(progress, name))
            if progress.last_complete_listing is not None:
                listing.add_metric(labels, (now - progress.last_complete_listing) / 1e9)
            waiting = progress.oldest_pending_change
            oldest.add_metric(labels, 0 if waiting is None else (now - waiting) / 1e9)
        yield from (state, objects, listing, oldest)


class _ExtractionCollector(Collector):
    def __init__(self, context: Context) -> None:
        self._context = context

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """What waits for a worker process, and whether any can be started."""
        engine = self._context.engine
        waiting = GaugeMetricFamily(
            "bindery_extraction_waiting", "Files that wait to be extracted, by class.", labels=["class"]
        )
        for urgency, count in engine.extraction_waiting().items():
            waiting.add_metric([urgency.name.lower()], count)
        stopped = GaugeMetricFamily(
            "bindery_extraction_stopped", "1 while no worker process can be started; the log says why."
        )
        stopped.add_metric([], bool(engine.extraction_trouble()))
        yield from (waiting, stopped)


class _NotificationCollector(Collector):
    def __init__(self, context: Context, *, named: bool) -> None:
        self._context, self._named = context, named
        self._labels = ["destination"] if named else []

    def collect(self) -> Iterator[Metric]:
        """What became of the tries and what waits: with ``named`` for each destination, else for all together."""
        yield self._tries()
        yield from self._backlog()

    def _tries(self) -> Metric:
        tries = CounterMetricFamily(
            "bindery_notifications",
            "Tries to deliver a notification (delivered, failed), and those given up (expired).",
            labels=[*self._labels, "outcome"],
        )
        counts: Counter[tuple[str, ...]] = Counter()
        for (destination, outcome), count in self._context.delivery.tries().items():
            counts[(*self._shown(destination), outcome)] += count
        for labels, count in counts.items():
            tries.add_metric(labels, count)
        return tries

    def _backlog(self) -> Iterator[Metric]:
        waiting = GaugeMetricFamily(
            "bindery_notifications_pending", "Notifications not delivered yet.", labels=self._labels
        )
        oldest = GaugeMetricFamily(
            "bindery_notifications_oldest_seconds",
            "Age of the oldest notification that is not delivered.",
            labels=self._labels,
        )
        now = now_ns()
        counts: Counter[tuple[str, ...]] = Counter()
        began: dict[tuple[str, ...], int] = {}
        for destination, backlog in self._context.catalog.outbox.backlog().items():
            labels = self._shown(destination)
            counts[labels] += backlog.count
            began[labels] = min(backlog.oldest, began.get(labels, now))
        for labels, count in counts.items():
            waiting.add_metric(labels, count)
            oldest.add_metric(labels, (now - began[labels]) / 1e9)
        yield from (waiting, oldest)

    def _shown(self, destination: str) -> tuple[str, ...]:
        return (destination,) if self._named else ()


class _IndexCollector(Collector):
    def __init__(self, context: Context) -> None:
        self._context = context

    def collect(self) -> Iterator[Metric]:
        """Datasets whose queries are not answered at the moment."""
        indexes = GaugeMetricFamily(
            "bindery_indexes_unavailable",
            "Datasets whose index is being built or fails, so that their queries answer 503.",
            labels=["state"],
        )
        states = Counter(found.state for found in self._context.catalog.queries.progress())
        for state in ("Building", "Failed"):
            indexes.add_metric([state], states[state])
        yield indexes


class _WatchCollector(Collector):
    def __init__(self, context: Context) -> None:
        self._context = context

    def collect(self) -> Iterator[Metric]:
        """Folders that the kernel tells of."""
        watched = GaugeMetricFamily(
            "bindery_folders_watched", "Folders watched, each of which counts against max_user_watches."
        )
        watched.add_metric([], self._context.engine.watched_folders())
        yield watched
