"""Queries over the entries of a dataset. They raise QueryError of ``query.syntax``."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Literal, Protocol

import msgspec

from bindery.catalog.query.syntax import Aggregation, Node, SortField


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a query. ``documents`` are JSON of File, whole; fewer than asked for when they are large."""

    documents: tuple[bytes, ...]
    next_token: str
    """Empty on the last page."""
    total_hits: int | None


class Group(msgspec.Struct, frozen=True):
    """A value and the number of files that hold it."""

    value: str
    count: int


class AggregationResult(msgspec.Struct, frozen=True, kw_only=True):
    """One aggregation's answer; ``value`` is None for groups, and for min, max, average of nothing."""

    field: str
    operation: str
    value: float | None = None
    groups: tuple[Group, ...] | None = None


Interval = Literal["year", "month", "day"]


class DateBucket(msgspec.Struct, frozen=True, kw_only=True):
    """The files of an interval of time, which is empty text for files without one. Times are RFC 3339."""

    value: str = ""
    start: str = ""
    end: str = ""
    count: int = 0
    aspect_ratio_sum: float = 0.0
    """Of width by height of each, at least 0.4 and at most 3.5; 1 where there is no shape."""


class DateHistogram(msgspec.Struct, frozen=True):
    """Intervals that have files, ascending, and the files without a time."""

    buckets: tuple[DateBucket, ...] = ()
    undated: DateBucket = DateBucket()


class QueryPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a query; ``token`` begins it, and is empty for the first."""

    count: int
    aspect_ratio_sum: float
    token: str


class QueryPages(msgspec.Struct, frozen=True):
    """Pages one behind the other; the token that goes on behind them is empty at the end of the query."""

    pages: tuple[QueryPage, ...] = ()
    next_token: str = ""


class GeoTile(msgspec.Struct, frozen=True, kw_only=True):
    """The files of one tile of a map, in degrees: the middle of their places, and how far these reach."""

    count: int
    latitude: float
    longitude: float
    north: float
    south: float
    east: float
    west: float
    uri: str
    """One of them."""
    city: str = ""
    country: str = ""
    """Where most of them are."""


class GeoTiles(msgspec.Struct, frozen=True):
    """The tiles with most files, most first; ``total`` counts the files with a place, shown or not."""

    tiles: tuple[GeoTile, ...] = ()
    total: int = 0


class SqlRows(msgspec.Struct, frozen=True):
    """Rows of a statement, each a JSON array in the order of the names. ``is_cut``: there are more."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    """As DuckDB calls them."""
    rows: tuple[str, ...]
    is_cut: bool


class IndexProgress(msgspec.Struct, frozen=True, kw_only=True):
    """A dataset whose queries are not answered at the moment."""

    dataset_id: int
    state: str
    """``Building``, or ``Failed`` when it is tried again by itself."""
    done: int
    total: int = 0
    """Of how many; 0 when that is not known."""
    reason: str = ""


class Queries(Protocol):
    """Answers see everything that was committed before the question.

    While the index of a dataset is being built or fails, its queries raise IndexUnavailable; those of others are
    answered. Whoever sets ``stop`` ends the query at once, wherever it is: it raises ``stopping.Interrupted``.
    """

    def search(
        self,
        dataset_id: int,
        query: Node | None,
        *,
        sort: Sequence[SortField] = (),
        limit: int = 100,
        token: str = "",
        total: bool = True,
        stop: threading.Event | None = None,
    ) -> Page:
        """One page of files; ``total`` asks for the exact number of all. Raises QueryError."""

    def fuzzy_search(
        self,
        dataset_id: int,
        text: str,
        *,
        sort: Sequence[SortField] = (),
        limit: int = 100,
        token: str = "",
        stop: threading.Event | None = None,
    ) -> Page:
        """Files that hold ``text`` in any field people read, in any case. Raises QueryError.

        The total is exact unless more than ten thousand documents would have to be read for it.
        """

    def aggregate(
        self,
        dataset_id: int,
        query: Node | None,
        aggregations: Sequence[Aggregation],
        *,
        groups: int = 100,
        stop: threading.Event | None = None,
    ) -> list[AggregationResult]:
        """One result for each aggregation, with up to ``groups`` groups. Raises QueryError."""

    def date_histogram(
        self,
        dataset_id: int,
        query: Node | None,
        field: str,
        interval: Interval,
        *,
        stop: threading.Event | None = None,
    ) -> DateHistogram:
        """How many files there are in each interval of a field that is a time. Raises QueryError."""

    def list_pages(
        self,
        dataset_id: int,
        query: Node | None,
        *,
        sort: Sequence[SortField] = (),
        size: int = 100,
        limit: int = 100,
        token: str = "",
        stop: threading.Event | None = None,
    ) -> QueryPages:
        """Where each of the next ``limit`` pages of ``size`` files begins, for ``search``. Raises QueryError."""

    def geo_tiles(
        self,
        dataset_id: int,
        query: Node | None,
        zoom: int,
        *,
        limit: int = 100,
        stop: threading.Event | None = None,
    ) -> GeoTiles:
        """How many files there are in each tile of the Web Mercator map of a zoom. Raises QueryError."""

    def work_elsewhere(self, elsewhere: Callable[[str, bytes], bytes | None]) -> None:
        """Have long computations done in another process from now on: ``elsewhere`` calls a function from bytes to
        bytes by its name, ``package.module:name``, and answers None when it cannot.
        """

    def tag_names(
        self, dataset_id: int, contains: str = "", *, limit: int = 100, stop: threading.Event | None = None
    ) -> tuple[str, ...]:
        """Full names of raw tags, and of keys of maps, that entries have or had, ascending: those that hold a text, in
        any case."""

    def select(
        self,
        dataset_id: int,
        statement: str,
        *,
        seconds: float = 10.0,
        limit: int = 1_000,
        stop: threading.Event | None = None,
    ) -> SqlRows:
        """The answer to one SELECT of DuckDB's SQL over the tables ``files`` and ``tag_names``: up to ``limit`` rows,
        and 4 MiB, in so many seconds. Reads nothing else and changes nothing. Raises QueryError."""

    def rebuild(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Throw the index away and build it from the record; ``progress(done, total)``."""

    def rebuild_dataset(
        self,
        dataset_id: int,
        progress: Callable[[int, int], None] | None = None,
        *,
        stop: threading.Event | None = None,
    ) -> None:
        """The same for one dataset, whose queries are answered by the present index until the new one takes its
        place. Raises NotFound; CatalogUnusable when it cannot be built, and then the present one stays."""

    def progress(self) -> list[IndexProgress]:
        """The datasets whose queries are not answered at the moment."""

    @property
    def ready(self) -> bool:
        """Whether no index is being built from nothing, as after an upgrade."""
