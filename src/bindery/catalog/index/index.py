"""The index: an own pair of files for each dataset, which follow the record and answer queries.

Columns for conditions, order and figures (DuckDB), and the words of texts for FuzzyQuery (SQLite). Neither
holds documents. All of it is derived: what is damaged is built anew from the record, each dataset by itself.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from bindery.catalog.index.building import build_beside
from bindery.catalog.index.changes import ChangeSource
from bindery.catalog.index.dataset_files import BUILDING, View
from bindery.catalog.index.dataset_index import DatasetIndex
from bindery.catalog.index.follower import Follower
from bindery.catalog.index.fuzzy import FuzzySearch
from bindery.catalog.index.geo_tiles import geo_tiles
from bindery.catalog.index.instance import Instance
from bindery.catalog.index.layout import date_histogram, query_pages
from bindery.catalog.index.pages import Found, fetch, rows_by_uri, rows_of
from bindery.catalog.index.projection import Projection
from bindery.catalog.index.sql import SqlProcesses
from bindery.catalog.index.statements import (
    PageRequest,
    figure_statement,
    group_statement,
    tag_names_statement,
)
from bindery.catalog.index.time_limit import Bounds
from bindery.catalog.index.tokens import Elsewhere, nowhere
from bindery.catalog.interface.queries import (
    AggregationResult,
    DateHistogram,
    GeoTiles,
    Group,
    IndexProgress,
    Interval,
    Page,
    QueryPages,
    SqlRows,
)
from bindery.catalog.query.compile import compile_query, uri_part, uri_prefix
from bindery.catalog.query.condition import Condition
from bindery.catalog.query.fields import Field, Kind, find_field
from bindery.catalog.query.syntax import Aggregation, Node, SortField
from bindery.catalog.query.tags import number_text
from bindery.catalog.query.token import Position, fingerprint, read_token, write_token
from bindery.catalog.query.values import fuzzy_text
from bindery.catalog.records import CatalogUnusable, IndexUnavailable
from bindery.clock import DEFAULT_ZONE, format_time

_QUERY_SECONDS = 60
_PAGE_BYTES = 16 * 1024 * 1024
"""Of documents in a page, which ends behind the one that passes it: one file may have 16 MiB of tags."""
_POLL_SECONDS = 0.02
_TRIES = 3
_MOST_OPEN = 32
"""Datasets whose files are open at a time; each costs some 6 MB."""


class Index:
    """Searches and aggregates; safe for any number of threads. A dataset that is gone raises NotFound."""

    def __init__(self, folder: Path, source: ChangeSource, zone: tzinfo = DEFAULT_ZONE) -> None:
        self._source = source
        self._zone = zone
        self._folder = folder
        self._projection = Projection()
        self._newest_at_start = source.newest_numbers()
        self._instance = Instance(folder)
        self._sql = SqlProcesses(folder / "sql")
        _remove_earlier_form(folder.parent)
        _remove_strangers(folder, set(self._newest_at_start))
        self._datasets: dict[int, DatasetIndex] = {}
        self._building: dict[int, DatasetIndex] = {}
        """Those that are made anew beside the one that answers."""
        self._guard = threading.Lock()
        self._worker: Elsewhere = nowhere
        self._follower = Follower(source, self._of)

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
        """One page of files. Raises QueryError; Interrupted when ``stop`` is set meanwhile."""
        request = PageRequest(
            compile_query(query),
            fingerprint(dataset_id, query, tuple(sort)),
            tuple(sort),
            limit,
            token,
            total,
            uri_part(query),
        )
        bounds = Bounds(_QUERY_SECONDS, stop)
        prefix = None if request.sort else uri_prefix(query)

        def read(view: View, after: Position | None) -> Found:
            if prefix is None:
                return rows_of(view, request, after, bounds)
            # The record has an index of URIs; to find the next ones DuckDB reads all of them.
            listed = partial(self._source.uris, dataset_id, prefix)
            return rows_by_uri(view, request, after, listed, bounds)

        return self._page(dataset_id, request, bounds, read)

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
        """Files that hold ``text`` in any field people read, in any case. Raises QueryError, Interrupted."""
        request = PageRequest(
            Condition("true"), fingerprint(dataset_id, text, tuple(sort)), tuple(sort), limit, token, True
        )
        bounds = Bounds(_QUERY_SECONDS, stop)
        wanted = fuzzy_text(text.strip())

        def text_of(uri: str) -> str | None:
            change = self._source.searched(dataset_id, uri)
            return None if change is None else self._projection.searched_text(change)

        def read(view: View, after: Position | None) -> Found:
            return FuzzySearch(view, text_of, wanted, bounds).page(request, after)

        return self._page(dataset_id, request, bounds, read)

    def _page(
        self,
        dataset_id: int,
        request: PageRequest,
        bounds: Bounds,
        read: Callable[[View, Position | None], Found],
    ) -> Page:
        after = read_token(request.token, request.fingerprint, request.sort) if request.token else None
        nothing = Found([], 0 if request.total else None, None)
        found = self._asked(dataset_id).ask(lambda view: read(view, after), nothing, bounds)
        uris = [row[0] for row in found.rows]
        documents, shown = self._source.documents(dataset_id, uris, _PAGE_BYTES)
        last = found.last if shown == len(uris) else found.rows[shown - 1]
        next_token = ""
        if last is not None:
            next_token = write_token(Position(request.fingerprint, tuple(last[1:]), last[0]))
        return Page(documents=tuple(documents), next_token=next_token, total_hits=found.total)

    def aggregate(
        self,
        dataset_id: int,
        query: Node | None,
        aggregations: Sequence[Aggregation],
        *,
        groups: int = 100,
        stop: threading.Event | None = None,
    ) -> list[AggregationResult]:
        """One result per aggregation, in order. Raises QueryError, Interrupted."""
        condition, bounds = compile_query(query), Bounds(_QUERY_SECONDS, stop)
        mark = fingerprint(dataset_id, query, ())

        def result(view: View, entry: Aggregation) -> AggregationResult:
            question = f"{mark} {groups:d} {entry.operation} {entry.field}"
            found = view.totals.find_figure(question)
            if found is None:
                found = self._result(view, condition, entry, groups, bounds)
                view.totals.keep_figure(question, found)
            return found

        def read(view: View) -> list[AggregationResult]:
            return [result(view, entry) for entry in aggregations]

        return self._asked(dataset_id).ask(read, [_empty_result(entry) for entry in aggregations], bounds)

    def _result(
        self, view: View, condition: Condition, aggregation: Aggregation, groups: int, bounds: Bounds
    ) -> AggregationResult:
        field, _ = find_field(aggregation.field)
        if aggregation.operation == "group":
            rows = fetch(view, group_statement(view.table, condition, aggregation, groups), bounds)
            found = tuple(Group(self._group_name(field, value), count) for value, count in rows)
            return AggregationResult(field=aggregation.field, operation="group", groups=found)
        value = fetch(view, figure_statement(view.table, condition, aggregation), bounds)[0][0]
        figure = None if value is None else float(value)
        return AggregationResult(field=aggregation.field, operation=aggregation.operation, value=figure)

    def _group_name(self, field: Field, value: Any) -> str:
        if field.tag and field.numeric:
            return number_text(value)
        return format_time(value, self._zone) if field.kind is Kind.TIME else str(value)

    def date_histogram(
        self,
        dataset_id: int,
        query: Node | None,
        field: str,
        interval: Interval,
        *,
        stop: threading.Event | None = None,
    ) -> DateHistogram:
        """Files by intervals in the zone of the server. Raises QueryError, Interrupted."""
        condition, bounds = compile_query(query), Bounds(_QUERY_SECONDS, stop)

        def read(view: View) -> DateHistogram:
            return date_histogram(view, condition, field, interval, self._zone, bounds)

        return self._asked(dataset_id).ask(read, DateHistogram(), bounds)

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
        """Where pages begin. Raises QueryError, Interrupted."""
        mark, order = fingerprint(dataset_id, query, tuple(sort)), tuple(sort)
        request = PageRequest(compile_query(query), mark, order, limit * size, token, False)
        after = read_token(token, mark, order) if token else None
        bounds = Bounds(_QUERY_SECONDS, stop)

        def token_of(row: tuple[Any, ...]) -> str:
            return write_token(Position(mark, row[1:], row[0]))

        def read(view: View) -> QueryPages:
            return query_pages(view, request, size, after, token_of, bounds)

        return self._asked(dataset_id).ask(read, QueryPages(), bounds)

    def geo_tiles(
        self,
        dataset_id: int,
        query: Node | None,
        zoom: int,
        *,
        limit: int = 100,
        stop: threading.Event | None = None,
    ) -> GeoTiles:
        """Files by tiles of a map. Raises QueryError, Interrupted."""
        condition, bounds = compile_query(query), Bounds(_QUERY_SECONDS, stop)

        def read(view: View) -> GeoTiles:
            return geo_tiles(view, condition, zoom, limit, bounds)

        return self._asked(dataset_id).ask(read, GeoTiles(), bounds)

    def tag_names(
        self, dataset_id: int, contains: str = "", *, limit: int = 100, stop: threading.Event | None = None
    ) -> tuple[str, ...]:
        """Full names of raw tags. Raises Interrupted."""
        bounds = Bounds(_QUERY_SECONDS, stop)

        def read(view: View) -> tuple[str, ...]:
            statement = tag_names_statement(view.tag_names, contains, limit)
            return tuple(name for (name,) in fetch(view, statement, bounds))

        return self._asked(dataset_id).ask(read, (), bounds)

    def select(
        self,
        dataset_id: int,
        statement: str,
        *,
        seconds: float = 10.0,
        limit: int = 1_000,
        stop: threading.Event | None = None,
    ) -> SqlRows:
        """The answer to a statement of SQL that reads. Raises QueryError, Interrupted."""
        with self._sql.turn():
            for _ in range(_TRIES):
                columns = self._asked(dataset_id).checkpointed(Bounds(_QUERY_SECONDS, stop))
                with contextlib.suppress(FileNotFoundError):  # it was replaced meanwhile
                    return self._sql.ask(columns, statement, seconds, limit, stop)
        raise IndexUnavailable("the index of the dataset is being built anew; ask again in some seconds")

    # the indexes of all datasets

    def _of(self, dataset_id: int) -> DatasetIndex:
        with self._guard:
            index = self._datasets.get(dataset_id)
            if index is None:
                index = self._datasets[dataset_id] = self._new(dataset_id)
            return index

    def _new(self, dataset_id: int, *, is_building: bool = False) -> DatasetIndex:
        return DatasetIndex(
            self._instance,
            self._source,
            self._projection,
            self._folder,
            dataset_id,
            newest_at_start=self._newest_at_start.get(dataset_id, 0),
            elsewhere=self._elsewhere,
            is_building=is_building,
        )

    def _asked(self, dataset_id: int) -> DatasetIndex:
        """An index that is about to be used; those that were not asked for long give their files free."""
        index = self._of(dataset_id)
        with self._guard:
            index.asked = time.monotonic()
            held = [other for other in self._datasets.values() if other.is_open and other is not index]
        held.sort(key=lambda other: other.asked)
        for other in held[: max(0, len(held) - _MOST_OPEN)]:
            other.release()
        return index

    def wake(self) -> None:
        """Tell the index that the record has grown."""
        self._follower.wake()

    def work_elsewhere(self, elsewhere: Elsewhere) -> None:
        """Have long computations done in another process from now on."""
        self._worker = elsewhere

    def _elsewhere(self, function: str, body: bytes) -> bytes | None:
        return self._worker(function, body)

    def drop_dataset(self, dataset_id: int) -> None:
        """Forget a dataset. When that fails, its files go with the next start."""
        index = self._of(dataset_id)
        with contextlib.suppress(duckdb.Error, OSError, CatalogUnusable):
            index.remove()
        with self._guard:
            self._datasets.pop(dataset_id, None)

    def rebuild(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Throw the files away and build them from the record, one dataset after the other; others answer."""
        held = {dataset_id: self._source.count(dataset_id) for dataset_id in self._source.newest_numbers()}
        done, total = 0, sum(held.values())

        def advance(changes: int) -> None:
            nonlocal done
            done = min(total, done + changes)
            if progress is not None:
                progress(done, total)

        for dataset_id in sorted(held):
            self._of(dataset_id).rebuild(advance)
        if progress is not None:
            progress(total, total)

    def rebuild_dataset(
        self,
        dataset_id: int,
        progress: Callable[[int, int], None] | None = None,
        *,
        stop: threading.Event | None = None,
    ) -> None:
        """Build the index of one dataset anew beside the one that answers, and exchange them. Raises NotFound,
        Interrupted, CatalogUnusable, IndexUnavailable; then the present one goes on answering."""
        self._source.check_dataset(dataset_id)
        current, building = self._of(dataset_id), self._new(dataset_id, is_building=True)
        total = self._source.count(dataset_id)
        with self._guard:
            if dataset_id in self._building:
                raise IndexUnavailable("the index of the dataset is being built anew already")
            self._building[dataset_id] = building
        try:
            build_beside(current, building, total, progress, stop)
        finally:
            with contextlib.suppress(duckdb.Error, OSError, CatalogUnusable):
                building.remove()
            with self._guard:
                del self._building[dataset_id]

    def progress(self) -> list[IndexProgress]:
        """The datasets whose index is being built or fails; all others answer."""
        with self._guard:
            indexes = list(self._datasets.values())
        return [found for index in indexes if (found := index.progress()) is not None]

    def texts_waiting(self, dataset_id: int) -> int:
        """Texts of a dataset whose words are not taken yet: FuzzyQuery reads each of them."""
        return self._of(dataset_id).texts_waiting

    @property
    def ready(self) -> bool:
        """Whether no index is being built from nothing; one that fails holds up no other."""
        return all(found.state != "Building" for found in self.progress())

    def stop(self) -> None:
        """Begin nothing more, and interrupt what runs."""
        self._follower.stop()
        self._sql.stop()
        self._instance.stop()
        for index in self._all():
            index.stop()

    def _all(self) -> list[DatasetIndex]:
        with self._guard:
            return [*self._datasets.values(), *self._building.values()]

    def close(self, seconds: float) -> bool:
        """Stop following, interrupt the queries and close the files; whether they are closed.

        May be called twice.
        """
        deadline = time.monotonic() + seconds
        while True:
            self.stop()
            if self._follower.join(_POLL_SECONDS) and self._close(deadline):
                return True
            if time.monotonic() >= deadline:
                return False  # somebody still uses them

    def _close(self, deadline: float) -> bool:
        closed = [index.close(_POLL_SECONDS) for index in self._all()]
        return all(closed) and self._instance.close(max(0.0, deadline - time.monotonic()))


def _remove_earlier_form(folder: Path) -> None:
    """The one file that earlier versions kept for all datasets."""
    for name in ("index.duckdb", "index.duckdb.wal"):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / "index.spill", ignore_errors=True)


def _remove_strangers(folder: Path, dataset_ids: set[int]) -> None:
    """The files of datasets that are gone, and of what was being built beside others when the server ended."""
    for path in folder.glob(f"{BUILDING}*"):
        path.unlink(missing_ok=True)
    for path in folder.glob("*-*"):
        number = path.name.partition("-")[0]
        if number.isdigit() and int(number) not in dataset_ids:
            path.unlink(missing_ok=True)


def _empty_result(aggregation: Aggregation) -> AggregationResult:
    if aggregation.operation == "group":
        return AggregationResult(field=aggregation.field, operation="group", groups=())
    value = 0.0 if aggregation.operation in ("sum", "count", "distinct") else None
    return AggregationResult(field=aggregation.field, operation=aggregation.operation, value=value)
